/**
 * Finds out who asks: the session behind the hub's cookie, the token of a program, or whoever can open the control
 * socket. Pages take no token: what opens them is a browser's.
 */
import { headerToken } from "#src/session/authorization.ts";
import {
  HUB_COOKIE,
  SITE_COOKIE,
  XSRF_COOKIE,
  cookieValues,
  parseCookies,
} from "#src/session/cookies.ts";
import type { Csrf } from "#src/session/csrf.ts";
import type { Identity } from "#src/session/identity.ts";
import type { ServerTokens } from "#src/session/oauth/server-tokens.ts";
import type { RequestContexts } from "#src/session/request-context.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Visitor } from "#src/session/visits.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { HubContext, HubMiddleware } from "../context.ts";
import type { SessionCookies } from "../session-cookies.ts";

/** Servers send the browsers of their visitors there. */
function isPage(method: string, rest: string): boolean {
  return rest === "api/oauth2/authorize" && ["GET", "HEAD", "POST"].includes(method);
}

interface IdentifyParts {
  readonly contexts: RequestContexts;
  readonly sessions: Sessions;
  readonly accounts: Accounts;
  readonly cookies: SessionCookies;
  readonly csrf: Csrf;
  readonly tokens: Pick<Tokens, "authenticate">;
  readonly serverTokens: Pick<ServerTokens, "find">;
  readonly servers: Pick<Servers, "touchPerson">;
  readonly hubPath: string;
}

export function identify(parts: IdentifyParts): HubMiddleware {
  return async function identify(ctx, next) {
    const request = parts.contexts.of(ctx.req);
    ctx.state.request = request;
    const rest = ctx.path.startsWith(parts.hubPath) ? ctx.path.slice(parts.hubPath.length) : "";
    ctx.state.api = (rest === "api" || rest.startsWith("api/")) && !isPage(ctx.method, rest);
    // A server at its door is no browser.
    const header = request.via === "server" ? "" : ctx.get("cookie");
    const xsrf = parts.csrf.ownCookie(cookieValues(header, XSRF_COOKIE));
    if (xsrf !== undefined) ctx.state.xsrfCookie = xsrf;
    const takesToken = ctx.state.api || rest === "metrics" || rest.startsWith("user/");
    const byToken = takesToken ? findByToken(ctx, parts) : undefined;
    const visitor =
      request.via === "console" || byToken !== undefined ? undefined : findVisitor(header, parts);
    if (visitor?.session.visits !== undefined) ctx.state.parked = visitor;
    const identity = request.via === "console" ? consoleIdentity : (byToken ?? present(visitor));
    if (identity !== undefined) ctx.state.identity = identity;
    // Elsewhere a browser does not send the hub's cookie, which says nothing of its session.
    const isOfHub = ctx.path.startsWith(parts.hubPath);
    if (
      identity === undefined &&
      visitor === undefined &&
      isOfHub &&
      [HUB_COOKIE, SITE_COOKIE].some((name) => cookieValues(header, name).length > 0)
    ) {
      clearDeadCookies(ctx, parts.cookies);
    }
    await next();
  };
}

const consoleIdentity: Identity = { kind: "console" };

/** An unknown token is none, and no sign-in that failed: nobody can be guessed with it. */
function findByToken(
  ctx: HubContext,
  { tokens, serverTokens, servers }: IdentifyParts,
): Identity | undefined {
  const token = headerToken(ctx.get("authorization"));
  if (token === undefined) return undefined;
  const { server } = ctx.state.request;
  // What a server asks by itself is no sign of its person.
  if (server !== undefined) return serverTokens.find(token, server);
  const identity = tokens.authenticate(token);
  if (identity?.kind === "token") servers.touchPerson(identity.user.id);
  return identity;
}

function findVisitor(
  header: string,
  { sessions, accounts, servers }: IdentifyParts,
): Visitor | undefined {
  const secret = parseCookies(header).get(HUB_COOKIE);
  const session = secret === undefined ? undefined : sessions.byHubSecret(secret);
  const user = session === undefined ? undefined : accounts.activeById(session.userId);
  if (session === undefined || user === undefined) return undefined;
  sessions.touch(session.id);
  servers.touchPerson(user.id);
  return { user, session };
}

function present(visitor: Visitor | undefined): Identity | undefined {
  return visitor === undefined || visitor.session.visits !== undefined
    ? undefined
    : { kind: "user", ...visitor };
}

/** An ended session's cookies are taken back on pages, so that a browser does not carry them for ever. */
function clearDeadCookies(ctx: HubContext, cookies: SessionCookies): void {
  if (!ctx.state.api) cookies.clear(ctx);
}
