/** `{H}api/oauth2/authorize`, a page in all but its address, and `{H}api/oauth2/token` (contract.md 5). */
import { HubError } from "#src/errors.ts";
import type { Oauth } from "#src/session/oauth/oauth.ts";
import type { Visitor } from "#src/session/visits.ts";
import type { HubContext } from "../context.ts";
import { readForm } from "../middleware/body.ts";
import type { Paths } from "../paths.ts";
import type { GivenAccessModel, OauthProblemModel } from "./schemas/oauth.ts";

interface OauthParts {
  readonly oauth: Oauth;
  readonly paths: Paths;
}

export function oauthApi({ oauth, paths }: OauthParts) {
  /** Leads who visits a server there with a code, and to nowhere else. */
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
    const { owner, server } = asked.client;
    if (!oauth.mayOpen(asked, visitor)) {
      throw new HubError("oauth_no_access", { client: asked.client.label, name: owner.name });
    }
    // On one origin, somebody else's server gets a browser only with a word of its person to that.
    if (owner.id !== visitor.user.id && visitor.session.visits === undefined) {
      leadTo(ctx, paths.visit(owner.name, server.name, here));
      return;
    }
    ctx.redirect(oauth.grant(asked, visitor));
  }

  async function token(ctx: HubContext): Promise<void> {
    const given = await oauth.exchange(await readForm(ctx), ctx.state.request.server);
    ctx.set("pragma", "no-cache");
    if ("error" in given) {
      ctx.status = given.error === "invalid_client" ? 401 : 400;
      const body: OauthProblemModel = {
        error: given.error,
        ...(given.description === undefined ? {} : { error_description: given.description }),
      };
      ctx.body = body;
      return;
    }
    const body: GivenAccessModel = {
      access_token: given.token,
      token_type: "Bearer",
      expires_in: given.expiresInSeconds,
      scope: given.scope,
    };
    ctx.body = body;
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
