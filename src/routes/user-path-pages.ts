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
import { messageModel } from "./message-model.ts";
import { createPaths, type Paths } from "./paths.ts";
import { createSecurityHeaders } from "./security-headers.ts";

interface UserPathParts {
  readonly config: Config;
  readonly views: Views;
  readonly contexts: RequestContexts;
  readonly servers: Pick<Servers, "status">;
}

interface PageParts extends UserPathParts {
  readonly paths: Paths;
}

export function createUserPathPages(options: UserPathParts): UserPathPages {
  const paths = createPaths(options.config.basePath);
  const security = createSecurityHeaders(paths.hub);
  const parts = { ...options, paths };

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
      ? pageFor(request, failure, about, parts)
      : JSON.stringify(jsonFor(request, failure, about, parts));
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

  return { respond };
}

/** JupyterHub's words for a stopped server: its clients look for them. */
function jsonFor(
  request: IncomingMessage,
  failure: HubError,
  about: UserPathAnswer,
  parts: PageParts,
) {
  const { status, code } = failure;
  const { user } = about;
  const message =
    code === "not_running" && user !== undefined
      ? failureText(notRunningData(request, user, about, parts), "api")
      : failure.message;
  return { status, message, code, reason: null };
}

function notRunningData(
  request: IncomingMessage,
  user: UserRecord,
  { path, server }: UserPathAnswer,
  { contexts, paths }: PageParts,
) {
  const bare = path.split("?", 1)[0] ?? path;
  return {
    code: "not_running" as const,
    params: {
      name: user.name,
      path: bare.slice(paths.base.length - 1),
      start_url: contexts.of(request).origin + paths.spawn(user.name, undefined, server),
    },
  };
}

function pageFor(
  request: IncomingMessage,
  failure: HubError,
  about: UserPathAnswer,
  parts: PageParts,
): string {
  const { views, servers, paths } = parts;
  const { visitor, user, path } = about;
  const frame = frameFor(request, visitor, parts);
  if (failure.code === "not_running" && user !== undefined) {
    return views.page("asleep", asleepModel(user, about, servers, paths), frame);
  }
  const model = messageModel(failure, visitor, { home: paths.home, login: paths.login(path) });
  return views.page("message", model, frame);
}

/** Here only the site's cookie arrives: such a page has no forms, so no form token either. */
function frameFor(
  request: IncomingMessage,
  visitor: UserRecord | undefined,
  { config, views, contexts, paths }: PageParts,
): Frame {
  return {
    boxTitle: config.title,
    basePath: paths.base,
    hubPath: paths.hub,
    language: views.chooseLanguage(undefined, request.headers["accept-language"]),
    theme: themeOf(parseCookies(request.headers.cookie ?? "").get(THEME_COOKIE)),
    requestId: contexts.of(request).id,
    xsrf: "",
    ...(visitor === undefined
      ? {}
      : { visitor: { name: visitor.name, displayName: visitor.displayName, role: visitor.role } }),
  };
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
