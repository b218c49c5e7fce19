/** How a call to the engine is made: with a deadline, asked again when the connection broke, failures translated. */
import {
  engineSilent,
  isBrokenConnection,
  messageOf,
  statusOf,
  translateEngineError,
} from "./errors.ts";

export const CALL_TIMEOUT_MS = 30_000;
/** How long an aborted change may still run: cut off in the middle, nobody would know whether it was made. */
const CHANGE_GRACE_MS = 2000;
const ATTEMPTS = 3;

interface Question<Answer> {
  /** Names the call where it failed. */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** Changes something: when aborted, it is given a moment to end, so that what it made is known. */
  readonly changes?: boolean;
  /** What an answer that is an error means, when it is no failure. */
  readonly otherwise?: (status: number, message: string) => { readonly answer: Answer } | undefined;
  ask(signal: AbortSignal): Promise<Answer>;
}

export class EngineCalls {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Asks again when the connection broke: every call may be repeated. */
  async ask<Answer>(question: Question<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await askWithDeadline(question);
      } catch (error) {
        question.signal.throwIfAborted();
        // A name that must not be asked for: a mistake of ours, not of the engine.
        if (error instanceof TypeError) throw error;
        const status = statusOf(error);
        const fine =
          status === undefined ? undefined : question.otherwise?.(status, messageOf(error));
        if (fine !== undefined) return fine.answer;
        if (attempt === ATTEMPTS || !isBrokenConnection(error)) {
          throw translateEngineError(error, this.#socketPath);
        }
        await new Promise((resolve) => setTimeout(resolve, attempt * 100 + Math.random() * 100));
      }
    }
  }
}

async function askWithDeadline<Answer>(question: Question<Answer>): Promise<Answer> {
  const { signal, what, timeoutMs = CALL_TIMEOUT_MS } = question;
  signal.throwIfAborted();
  const limit = new AbortController();
  const ended = Promise.withResolvers<never>();
  limit.signal.addEventListener("abort", () => ended.reject(limit.signal.reason), { once: true });
  const abort = () => limit.abort(signal.reason);
  let grace: NodeJS.Timeout | undefined;
  const onAbort = () => {
    if (question.changes === true) grace = setTimeout(abort, CHANGE_GRACE_MS);
    else abort();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => limit.abort(engineSilent(what, timeoutMs)), timeoutMs);
  try {
    // The race, because docker-modem never settles when an answer breaks off in the middle.
    return await Promise.race([question.ask(limit.signal), ended.promise]);
  } catch (error) {
    throw limit.signal.aborted ? limit.signal.reason : error;
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal.removeEventListener("abort", onAbort);
  }
}
