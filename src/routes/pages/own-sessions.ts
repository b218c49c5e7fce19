/** Where the visitor is signed in, and whether it was them. */
import type { Sessions } from "#src/session/sessions.ts";
import type { HubContext } from "../context.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import type { Paths } from "../paths.ts";
import type { SessionCookies } from "../session-cookies.ts";

interface OwnSessionsParts {
  readonly sessions: Sessions;
  readonly cookies: SessionCookies;
  readonly paths: Paths;
}

export function ownSessions({ sessions, cookies, paths }: OwnSessionsParts) {
  /** One of the visitor's own sessions; that it is over already, or was never theirs, changes nothing. */
  async function end(ctx: HubContext): Promise<void> {
    const { user, session } = visitorOf(ctx);
    const wanted = sessions.ofUser(user.id).find(({ id }) => id === ctx.params["session"]);
    if (wanted === undefined) return ctx.redirect(paths.account);
    await sessions.end(wanted.id, actorIn(ctx));
    if (wanted.id !== session.id) return ctx.redirect(`${paths.account}?ended=1`);
    cookies.clear(ctx);
    ctx.redirect(`${paths.login()}?notice=signed_out`);
  }

  async function knowOthers(ctx: HubContext): Promise<void> {
    await sessions.knowOthers(visitorOf(ctx).session.id);
    ctx.redirect(paths.home);
  }

  return { end, knowOthers };
}
