/** `{H}api/oauth2/authorize`, a page in all but its address, and `{H}api/oauth2/token`. */
import { HubError } from "#src/errors.ts";
import type { OauthProblem } from "#src/session/oauth/authorize-request.ts";
import type { Asked, Credentials, GivenAccess, Oauth } from "#src/session/oauth/oauth.ts";
import type { Visitor } from "#src/session/visits.ts";
import type { Views } from "#src/views/pages.ts";
import { scopeLines } from "#src/views/scope-lines.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import type { Paths } from "../paths.ts";
import type { GivenAccessModel, OauthProblemModel } from "./schemas/oauth.ts";

interface OauthParts {
  readonly oauth: Oauth;
  readonly paths: Paths;
  readonly views: Views;
  readonly frames: Frames;
}

export function oauthApi(parts: OauthParts) {
  const { oauth, paths } = parts;

  /** Leads who comes from a server or a service back there with a code, and to nowhere else. */
  function authorize(ctx: HubContext): void {
    const visitor = visitorIn(ctx);
    const here = ctx.path + ctx.search;
    if (visitor === undefined) {
      leadTo(ctx, paths.login(here));
      return;
    }
    if (visitor.session.mustChangePassword) {
      leadTo(ctx, paths.first(here));
      return;
    }
    const asked = oauth.read(new URLSearchParams(ctx.querystring));
    if (typeof asked === "string") {
      ctx.redirect(asked);
      return;
    }
    const { client } = asked;
    if (!oauth.mayOpen(asked, visitor)) {
      throw client.kind === "server"
        ? new HubError("oauth_no_access", { client: client.label, name: client.owner.name })
        : new HubError("oauth_no_service", { client: client.label, name: client.name });
    }
    if (client.kind === "service") {
      if (ctx.method === "POST") ctx.redirect(oauth.grant(asked, visitor));
      else confirm(ctx, asked, visitor, parts);
      return;
    }
    const { owner, server } = client;
    // On one origin, somebody else's server gets a browser only with a word of its person to that.
    if (owner.id !== visitor.user.id && visitor.session.visits === undefined) {
      leadTo(ctx, paths.visit(owner.name, server.name, here));
      return;
    }
    ctx.redirect(oauth.grant(asked, visitor));
  }

  async function token(ctx: HubContext): Promise<void> {
    const form = await readForm(ctx);
    const given = await oauth.exchange(form, credentialsIn(ctx, form), ctx.state.request);
    ctx.set("pragma", "no-cache");
    if ("error" in given) {
      ctx.status = given.error === "invalid_client" ? 401 : 400;
      ctx.body = problemModel(given);
    } else {
      ctx.body = accessModel(given);
    }
  }

  return { authorize, token };
}

/** Also one that is on a visit, which opens nothing else of the hub. */
function visitorIn({ state }: HubContext): Visitor | undefined {
  const { identity, parked } = state;
  if (identity?.kind === "user") return identity;
  return parked;
}

function leadTo(ctx: HubContext, path: string): void {
  if (ctx.method !== "GET" && ctx.method !== "HEAD") throw new HubError("sign_in_required");
  ctx.redirect(path);
}

/** In the form, as JupyterHub's clients send them, or by the scheme that RFC 6749 has all servers take. */
function credentialsIn(ctx: HubContext, form: URLSearchParams): Credentials {
  const [, encoded] = /^basic\s+([\w+/=-]+)$/i.exec(ctx.get("authorization")) ?? [];
  if (encoded === undefined) {
    return { id: field(form, "client_id"), secret: field(form, "client_secret") };
  }
  const text = Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  return { id: decoded(text.slice(0, colon)), secret: decoded(text.slice(colon + 1)) };
}

function decoded(text: string): string {
  return new URLSearchParams(`x=${text}`).get("x") ?? "";
}

/** A service learns who somebody is only with their word to it. */
function confirm(
  ctx: HubContext,
  asked: Asked,
  visitor: Visitor,
  { oauth, paths, views, frames }: OauthParts,
): void {
  const { client } = asked;
  if (client.kind !== "service") return;
  const { origin, host } = new URL(client.redirectUri);
  // Browsers hold the way on from a form against this, too.
  const policy = ctx.response.get("content-security-policy");
  const formAction = `form-action 'self' ${origin}`;
  ctx.set("content-security-policy", policy.replace("form-action 'self'", formAction));
  ctx.type = "html";
  ctx.body = views.page(
    "authorize",
    {
      action: ctx.path + ctx.search,
      service: client.name,
      host,
      scopes: scopeLines(oauth.powersOf(asked, visitor.user), visitor.user.name),
      homeUrl: paths.home,
    },
    frames.of(ctx),
  );
}

function problemModel({ error, description }: OauthProblem): OauthProblemModel {
  return { error, ...(description === undefined ? {} : { error_description: description }) };
}

function accessModel({ token, expiresInSeconds, scope }: GivenAccess): GivenAccessModel {
  return { access_token: token, token_type: "Bearer", expires_in: expiresInSeconds, scope };
}
