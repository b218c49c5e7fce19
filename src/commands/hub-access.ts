/** Asks the hub that runs, or, when none does, one that is opened for the length of the command. */
import { setTimeout as sleep } from "node:timers/promises";
import { HubError } from "#src/errors.ts";
import type { Answer, ControlClient } from "./control-client.ts";

/** A hub that is just starting has the database open some time before it answers. */
const PATIENCE_MS = 10_000;
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

  /** As {@link ControlClient.request}, but somebody always answers. */
  async request(...parameters: Parameters<ControlClient["request"]>): Promise<Answer> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.#client.request(...parameters);
      if (answer !== undefined) {
        return answer;
      }
      try {
        this.#own ??= await this.#openHub();
      } catch (error) {
        const isLocked = error instanceof HubError && error.code === "database_locked";
        if (!isLocked || performance.now() > end) {
          throw error;
        }
        await sleep(PAUSE_MS);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own?.[Symbol.asyncDispose]();
  }
}
