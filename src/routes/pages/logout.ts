/** Signing out, here or on every device. */
import { HubError } from "#src/errors.ts";
import { actorOf } from "#src/session/identity.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import type { Paths } from "../paths.ts";
import type { SessionCookies } from "../session-cookies.ts";

interface LogoutParts {
  readonly sessions: Sessions;
  readonly cookies: SessionCookies;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

export function logoutPages(parts: LogoutParts) {
  const { sessions, paths } = parts;

  function show(ctx: HubContext): void {
    const { identity, parked } = ctx.state;
    if (identity === undefined && parked === undefined) return ctx.redirect(paths.login());
    ctx.type = "html";
    ctx.body = parts.views.page("logout", { action: paths.logout }, parts.frames.of(ctx));
  }

  async function here(ctx: HubContext): Promise<void> {
    const { identity, parked, request } = ctx.state;
    const visitor = identity?.kind === "user" ? identity : parked;
    if (visitor !== undefined) {
      await sessions.end(visitor.session.id, actorOf({ ...visitor, kind: "user" }, request));
      delete ctx.state.identity;
      delete ctx.state.parked;
    }
    leave(ctx);
  }

  /** A second click, or a page that was open for longer than the sign-in: there is nothing left to protect. */
  function expired(ctx: HubContext): void {
    if (ctx.state.identity !== undefined || ctx.state.parked !== undefined) {
      throw new HubError("form_expired", {
        reason: "Sign-out form invalid or expired. Try again.",
      });
    }
    ctx.redirect(`${paths.login()}?notice=signed_out`);
  }

  async function everywhere(ctx: HubContext): Promise<void> {
    const actor = actorIn(ctx);
    await sessions.endAll(visitorOf(ctx).user.id, { actor });
    leave(ctx);
  }

  function leave(ctx: HubContext): void {
    parts.cookies.clear(ctx);
    ctx.redirect(`${paths.login()}?notice=signed_out`);
  }

  return { show, here, expired, everywhere };
}
