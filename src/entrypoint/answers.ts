/**
 * Answers of our own below `{B}user/…`. None of them throws: some are given when a connection breaks, with nobody
 * above.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { RequestContexts } from "#src/session/request-context.ts";
import { answerPlainly } from "./plain-answers.ts";
import type { UserPathAnswer, UserPathPages } from "#src/routes/user-path-answer.ts";

interface AnswersParts {
  readonly pages: UserPathPages;
  readonly contexts: RequestContexts;
  readonly log: Logger;
}

export class Answers {
  readonly #parts: AnswersParts;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
  }

  respond(
    req: IncomingMessage,
    res: ServerResponse,
    failure: HubError,
    about: Omit<UserPathAnswer, "path">,
  ): void {
    try {
      this.#parts.pages.respond(req, res, failure, { ...about, path: req.url ?? "/" });
    } catch (error) {
      answerPlainly(res, this.failureOf(error, req));
    }
  }

  /** A failure as it is; anything else is logged under a number that can be told to a teacher. */
  failureOf(error: unknown, req: IncomingMessage): HubError {
    if (error instanceof HubError) return error;
    const request = this.#idOf(req);
    this.#parts.log.error({ err: error, request }, "request failed");
    return new HubError("internal", { request });
  }

  #idOf(req: IncomingMessage): string {
    try {
      return this.#parts.contexts.of(req).id;
    } catch {
      return "–";
    }
  }
}
