/** Turns whatever a handler threw into one answer, and logs it once. */
import { HubError, failureText } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { HubContext, HubMiddleware } from "../context.ts";
import type { Frames } from "../frames.ts";
import type { Paths } from "../paths.ts";
import { messageModel } from "../message-model.ts";
import { answerStatus } from "../refusals.ts";
import type { Views } from "#src/views/pages.ts";
import { loggedPath } from "./access-log.ts";

interface ErrorParts {
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly log: Logger;
}

/** JSON below the API and for clients that ask for it; a page for browsers. */
export function wantsJson(ctx: HubContext): boolean {
  return ctx.state.api || ctx.accepts("html", "json") === "json";
}

export function handleErrors(parts: ErrorParts): HubMiddleware {
  return async function handleErrors(ctx, next) {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) throw new HubError("not_found");
    } catch (error) {
      answerFailure(ctx, toHubError(error, ctx), parts);
      logFailure(ctx, error, parts.log);
    }
  };
}

function toHubError(error: unknown, ctx: HubContext): HubError {
  if (error instanceof HubError) return error;
  // Router and Koa throw http-errors for a bad method or a URL they cannot decode.
  if (error instanceof Error && "status" in error) {
    if (error.status === 405 || error.status === 501) return new HubError("method_not_allowed");
    if (error.status === 400) return new HubError("bad_request");
  }
  return new HubError("internal", { request: ctx.state.request.id }, { cause: error });
}

function answerFailure(ctx: HubContext, failure: HubError, parts: ErrorParts): void {
  answerStatus(ctx, failure);
  if (wantsJson(ctx)) {
    const { status, message, code, params } = failure;
    // Commands say it in the teacher's words, which clients of the API never see.
    const forCommands = ctx.state.identity?.kind === "console" ? { params } : {};
    ctx.body = { status, message, code, ...forCommands };
    return;
  }
  ctx.type = "html";
  ctx.body = messagePage(ctx, failure, parts);
}

/** The page that says what went wrong, and where to go from there. */
export function messagePage(
  ctx: HubContext,
  failure: HubError,
  parts: Pick<ErrorParts, "frames" | "views" | "paths">,
): string {
  const visitor = ctx.state.identity?.kind === "user" ? ctx.state.identity.user : undefined;
  const model = messageModel(failure, visitor, {
    home: parts.paths.home,
    login: parts.paths.login(),
  });
  return parts.views.page("message", model, parts.frames.of(ctx));
}

/** A client that went away is no failure of ours. */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNRESET" || code === "EPIPE" || code === "ECONNABORTED";
}

function logFailure(ctx: HubContext, error: unknown, log: Logger): void {
  const failure = toHubError(error, ctx);
  if (isGone(error) || isGone(failure.cause)) return;
  const entry = {
    request: ctx.state.request.id,
    method: ctx.method,
    path: loggedPath(ctx.path),
    code: failure.code,
    status: failure.status,
  };
  if (failure.status >= 500) {
    log.error(
      { ...entry, err: error, teacher: failureText(failure.toData(), "teacher") },
      "failed",
    );
  } else {
    // What is said of a field may quote it.
    const isQuoting = failure.code === "invalid_field";
    // Nobody can sign in behind a web server that the box does not know of: its owner looks here.
    const isOwners = failure.code === "foreign_origin";
    log.info(
      {
        ...entry,
        ...(isQuoting ? {} : { message: failure.message.slice(0, 200) }),
        ...(isOwners ? { teacher: failureText(failure.toData(), "teacher") } : {}),
      },
      "refused",
    );
  }
}
