/** Answers below `{B}user/…` that are not a container's: asleep, on its way, not yours, not answering. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type UserPathAnswer, type UserPathPages, wantsPage } from "./user-path-answer.ts";
import type { Config } from "#src/config/schema.ts";
import { type HubError, failureText } from "#src/errors.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { parseCookies } from "#src/session/cookies.ts";
import type { RequestContexts } from "#src/session/request-context.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Frame, Views } from "#src/views/pages.ts";
import { THEME_COOKIE, themeOf } from "./frames.ts";
import { createPaths, type Paths } from "./paths.ts";
import { createSecurityHeaders } from "./security-headers.ts";

interface UserPathParts {
  readonly config: Config;
  readonly views: Views;
  readonly contexts: RequestContexts;
  readonly servers: Pick<Servers, "status">;
}

export function createUserPathPages(parts: UserPathParts): UserPathPages {
  const paths = createPaths(parts.config.basePath);
  const security = createSecurityHeaders(paths.hub);

  function respond(
    request: IncomingMessage,
    response: ServerResponse,
    failure: HubError,
    about: UserPathAnswer,
  ): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const page = wantsPage(request);
    const body = page
      ? pageFor(request, failure, about)
      : JSON.stringify(jsonFor(request, failure, about));
    if (page) security.page(request, response);
    else security.api(request, response);
    response.writeHead(failure.status, {
      "content-type": page ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      ...(failure.retryAfter === undefined
        ? {}
        : { "retry-after": String(Math.ceil(failure.retryAfter)) }),
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  /** JupyterHub's words for a stopped server: its clients look for them. */
  function jsonFor(request: IncomingMessage, failure: HubError, about: UserPathAnswer) {
    const message =
      failure.code === "not_running" && about.user !== undefined
        ? failureText(notRunningData(request, about.user, about), "api")
        : failure.message;
    return { status: failure.status, message, code: failure.code, reason: null };
  }

  function notRunningData(
    request: IncomingMessage,
    user: UserRecord,
    { path, server }: UserPathAnswer,
  ) {
    const origin = parts.contexts.of(request).origin;
    const bare = path.split("?", 1)[0] ?? path;
    return {
      code: "not_running" as const,
      params: {
        name: user.name,
        path: bare.slice(paths.base.length - 1),
        start_url: origin + paths.spawn(user.name, undefined, server),
      },
    };
  }

  function pageFor(request: IncomingMessage, failure: HubError, about: UserPathAnswer): string {
    const frame = frameFor(request, about.visitor);
    if (failure.code === "not_running" && about.user !== undefined) {
      return parts.views.page(
        "asleep",
        asleepModel(about.user, about, parts.servers, paths),
        frame,
      );
    }
    return parts.views.page(
      "message",
      {
        status: failure.status,
        failure: failure.toData(),
        reader:
          about.visitor === undefined || about.visitor.role === "student" ? "student" : "teacher",
        action:
          about.visitor === undefined
            ? { href: paths.login(about.path), label: "sign_in" }
            : { href: paths.home, label: "home" },
      },
      frame,
    );
  }

  /** Here only the site's cookie arrives: such a page has no forms, so no form token either. */
  function frameFor(request: IncomingMessage, visitor: UserRecord | undefined): Frame {
    const language = request.headers["accept-language"];
    return {
      boxTitle: parts.config.title,
      basePath: paths.base,
      hubPath: paths.hub,
      language: parts.views.chooseLanguage(undefined, language),
      theme: themeOf(parseCookies(request.headers.cookie ?? "").get(THEME_COOKIE)),
      requestId: parts.contexts.of(request).id,
      xsrf: "",
      ...(visitor === undefined
        ? {}
        : {
            visitor: { name: visitor.name, displayName: visitor.displayName, role: visitor.role },
          }),
    };
  }

  return { respond };
}

/** “Asleep”, with the way back to the same file. */
export function asleepModel(
  user: UserRecord,
  about: { readonly path: string; readonly ownServer: boolean; readonly server?: string },
  servers: Pick<Servers, "status">,
  paths: Paths,
) {
  const { server = "" } = about;
  const status = servers.status(user.id, server);
  return {
    own: about.ownServer,
    displayName: user.displayName,
    openUrl: paths.spawn(user.name, about.path, server),
    homeUrl: paths.home,
    ...(status.is === "stopped" && status.lastFailure !== undefined
      ? { lastFailure: status.lastFailure }
      : {}),
  };
}
