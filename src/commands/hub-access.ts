/** Asks the hub that runs, or, when none does, one that is opened for the length of the command. */
import { setTimeout as sleep } from "node:timers/promises";
import { HubError } from "#src/errors.ts";
import { type Answer, type ControlClient, HubGoneError } from "./control-client.ts";

/** A hub that is just starting has the database open some time before it answers; on a slow disk, a long one. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 200;

export class HubAccess implements AsyncDisposable {
  readonly #client: ControlClient;
  readonly #openHub: () => Promise<AsyncDisposable>;
  #own: AsyncDisposable | undefined;

  constructor(options: {
    readonly client: ControlClient;
    /** Accounts alone, on the control socket: no port and no Docker. */
    readonly openHub: () => Promise<AsyncDisposable>;
  }) {
    this.#client = options.client;
    this.#openHub = options.openHub;
  }

  /**
   * As {@link ControlClient.request}, but somebody always answers. A hub that goes away meanwhile is asked
   * again, or the next one: each request may be repeated without harm.
   */
  async request(...parameters: Parameters<ControlClient["request"]>): Promise<Answer> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        const answer = await this.#client.request(...parameters);
        if (answer !== undefined) {
          return answer;
        }
        this.#own ??= await this.#openHub();
      } catch (error) {
        if (!isPassing(error) || performance.now() > end) {
          throw error;
        }
        await sleep(PAUSE_MS);
      }
    }
  }

  /** Nobody answered, and a hub of our own was opened: it knows of people, and not of what runs. */
  get isOwn(): boolean {
    return this.#own !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own?.[Symbol.asyncDispose]();
  }
}

/** The hub is just starting or ending, or another command has the database for a moment. */
function isPassing(error: unknown): boolean {
  const isLocked = error instanceof HubError && error.code === "database_locked";
  return isLocked || error instanceof HubGoneError;
}
