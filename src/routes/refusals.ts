/** What was refused: its status, and whether the form that was sent says it itself. */
import { HubError, failureText } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { HubContext } from "./context.ts";

/** The failure's status, and when to come again. */
export function answerStatus(
  ctx: HubContext,
  { status, retryAfter }: Pick<HubError, "status" | "retryAfter">,
): void {
  ctx.status = status;
  if (retryAfter !== undefined) ctx.set("retry-after", String(Math.ceil(retryAfter)));
}

/** Whether a form says it itself: whoever typed it can mend it, or send it once more in a moment. */
function isSaidOnForm(error: unknown): error is HubError {
  return error instanceof HubError && (error.status < 500 || error.code === "too_busy");
}

/** What a form says itself, its status answered. Anything else has a page of its own: it is thrown on. */
export function refusalOf(ctx: HubContext, error: unknown): HubError {
  if (!isSaidOnForm(error)) throw error;
  answerStatus(ctx, error);
  return error;
}

/** As {@link refusalOf} where the page of the form says any failure; those of the box are logged here, then. */
export function anyRefusalOf(ctx: HubContext, error: unknown, log: Logger): HubError {
  if (!(error instanceof HubError)) throw error;
  answerStatus(ctx, error);
  if (error.status >= 500) {
    const teacher = failureText(error.toData(), "teacher");
    log.error({ request: ctx.state.request.id, code: error.code, err: error, teacher }, "failed");
  }
  return error;
}
