/** The cookies of a session: two unrelated secrets on two paths (design D4). */
import {
  HUB_COOKIE,
  SITE_COOKIE,
  XSRF_COOKIE,
  clearCookie,
  serializeCookie,
} from "#src/session/cookies.ts";
import type { HubContext } from "./context.ts";
import type { Paths } from "./paths.ts";

export class SessionCookies {
  readonly #paths: Paths;

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  set(ctx: HubContext, secrets: { hubSecret: string; siteSecret: string; xsrf: string }): void {
    const secure = ctx.state.request.scheme === "https";
    const hub = { path: this.#paths.hub, secure };
    ctx.append("set-cookie", [
      serializeCookie(HUB_COOKIE, secrets.hubSecret, { ...hub, httpOnly: true }),
      serializeCookie(SITE_COOKIE, secrets.siteSecret, {
        path: this.#paths.base,
        secure,
        httpOnly: true,
      }),
      serializeCookie(XSRF_COOKIE, secrets.xsrf, { ...hub, httpOnly: false }),
    ]);
  }

  clear(ctx: HubContext): void {
    ctx.append("set-cookie", [
      clearCookie(HUB_COOKIE, this.#paths.hub),
      clearCookie(SITE_COOKIE, this.#paths.base),
      clearCookie(XSRF_COOKIE, this.#paths.hub),
    ]);
    delete ctx.state.xsrfCookie;
  }
}
