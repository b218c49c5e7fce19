/** What stands around every page for this visitor; also the visitor's `_xsrf` cookie. */
import type { Config } from "#src/config/schema.ts";
import { XSRF_COOKIE, serializeCookie } from "#src/session/cookies.ts";
import type { Csrf } from "#src/session/csrf.ts";
import type { Frame, Views } from "#src/views/pages.ts";
import type { HubContext } from "./context.ts";
import type { Paths } from "./paths.ts";

const ANONYMOUS_FORM_SECONDS = 3600;

export class Frames {
  readonly #config: Config;
  readonly #csrf: Csrf;
  readonly #paths: Paths;
  readonly #views: Views;

  constructor(parts: { config: Config; csrf: Csrf; paths: Paths; views: Views }) {
    this.#config = parts.config;
    this.#csrf = parts.csrf;
    this.#paths = parts.paths;
    this.#views = parts.views;
  }

  of(ctx: HubContext, nav?: Frame["nav"]): Frame {
    const identity = ctx.state.identity;
    const visitor = identity?.kind === "user" ? identity.user : undefined;
    return {
      boxTitle: this.#config.title,
      basePath: this.#paths.base,
      hubPath: this.#paths.hub,
      language: this.#views.chooseLanguage(undefined, ctx.get("accept-language")),
      theme: themeOf(ctx.cookies.get(THEME_COOKIE)),
      requestId: ctx.state.request.id,
      xsrf: this.ensureXsrf(ctx),
      ...(visitor === undefined
        ? {}
        : {
            visitor: { name: visitor.name, displayName: visitor.displayName, role: visitor.role },
          }),
      ...(nav === undefined ? {} : { nav }),
    };
  }

  /** The form token of this visitor; sets the cookie when the browser does not have it. */
  ensureXsrf(ctx: HubContext): string {
    const { identity, xsrfCookie } = ctx.state;
    const session = identity?.kind === "user" ? identity.session : undefined;
    const isAnonymous = session === undefined;
    const keeps = isAnonymous && this.#csrf.isValid({ cookie: xsrfCookie, sent: xsrfCookie });
    const token = !isAnonymous
      ? this.#csrf.tokenOf(session)
      : keeps && xsrfCookie !== undefined
        ? xsrfCookie
        : this.#csrf.anonymousToken();
    if (token !== xsrfCookie) {
      ctx.append(
        "set-cookie",
        serializeCookie(XSRF_COOKIE, token, {
          path: this.#paths.hub,
          httpOnly: false,
          secure: ctx.state.request.scheme === "https",
          ...(isAnonymous ? { maxAgeSeconds: ANONYMOUS_FORM_SECONDS } : {}),
        }),
      );
      ctx.state.xsrfCookie = token;
    }
    return token;
  }
}

export const THEME_COOKIE = "homeroom-theme";

export function themeOf(theme: string | undefined): Frame["theme"] {
  return theme === "light" || theme === "dark" ? theme : "system";
}
