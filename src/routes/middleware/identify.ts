/**
 * Finds out who asks: the session behind the hub's cookie, the token of a program, or whoever can open the control
 * socket. Pages take no token: what opens them is a browser's.
 */
import { headerToken } from "#src/session/authorization.ts";
import { HUB_COOKIE, SITE_COOKIE, XSRF_COOKIE, parseCookies } from "#src/session/cookies.ts";
import type { Identity } from "#src/session/identity.ts";
import type { RequestContexts } from "#src/session/request-context.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { HubContext, HubMiddleware } from "../context.ts";
import type { SessionCookies } from "../session-cookies.ts";

interface IdentifyParts {
  readonly contexts: RequestContexts;
  readonly sessions: Sessions;
  readonly accounts: Accounts;
  readonly cookies: SessionCookies;
  readonly tokens: Pick<Tokens, "authenticate">;
  readonly hubPath: string;
}

export function identify(parts: IdentifyParts): HubMiddleware {
  return async function identify(ctx, next) {
    const request = parts.contexts.of(ctx.req);
    ctx.state.request = request;
    const rest = ctx.path.startsWith(parts.hubPath) ? ctx.path.slice(parts.hubPath.length) : "";
    ctx.state.api = rest === "api" || rest.startsWith("api/");
    const cookies = parseCookies(ctx.get("cookie"));
    const xsrf = cookies.get(XSRF_COOKIE);
    if (xsrf !== undefined) ctx.state.xsrfCookie = xsrf;
    const takesToken = ctx.state.api || rest === "metrics" || rest.startsWith("user/");
    const byToken = takesToken ? findByToken(ctx, parts) : undefined;
    const identity =
      request.via === "console" ? consoleIdentity : (byToken ?? findVisitor(cookies, parts));
    if (identity !== undefined) ctx.state.identity = identity;
    // Elsewhere a browser does not send the hub's cookie, which says nothing of its session.
    const isOfHub = ctx.path.startsWith(parts.hubPath);
    if (
      identity === undefined &&
      isOfHub &&
      (cookies.has(HUB_COOKIE) || cookies.has(SITE_COOKIE))
    ) {
      clearDeadCookies(ctx, parts.cookies);
    }
    await next();
  };
}

const consoleIdentity: Identity = { kind: "console" };

/** An unknown token is none, and no sign-in that failed: nobody can be guessed with it. */
function findByToken(ctx: HubContext, { tokens }: IdentifyParts): Identity | undefined {
  const token = headerToken(ctx.get("authorization"));
  return token === undefined ? undefined : tokens.authenticate(token);
}

function findVisitor(
  cookies: ReadonlyMap<string, string>,
  { sessions, accounts }: IdentifyParts,
): Identity | undefined {
  const secret = cookies.get(HUB_COOKIE);
  const session = secret === undefined ? undefined : sessions.byHubSecret(secret);
  const user = session === undefined ? undefined : accounts.activeById(session.userId);
  if (session === undefined || user === undefined) return undefined;
  sessions.touch(session.id);
  return { kind: "user", user, session };
}

/** An ended session's cookies are taken back on pages, so that a browser does not carry them for ever. */
function clearDeadCookies(ctx: HubContext, cookies: SessionCookies): void {
  if (!ctx.state.api) cookies.clear(ctx);
}
