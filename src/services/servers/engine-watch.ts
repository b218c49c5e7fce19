/** Follows the engine: its events, whether it is there, and what it has when it comes back. Nothing polls. */
import { type FailureData, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { ServerEvent, ServerState, Spawner } from "#src/spawners/spawner.ts";
import type { BoundedEngine } from "./bounded-engine.ts";
import { failureOf } from "./server-failures.ts";
import { type Timers, pause } from "#src/timers.ts";

/** Only while the engine does not answer, or its events do not come. */
const TRY_AGAIN_MS = { first: 1_000, most: 30_000 };

export type AboutServer = Extract<ServerEvent, { readonly serverId: unknown }>;

interface EngineWatchParts {
  readonly spawner: Spawner;
  readonly engine: BoundedEngine;
  readonly timers: Timers;
  readonly log: Logger;
  readonly onEvent: (event: AboutServer) => void;
  readonly onLost: () => void;
  /** Called with the truth when the engine was found, at first and after each loss. */
  readonly onFound: (listed: readonly ServerState[]) => void;
}

export class EngineWatch {
  readonly #parts: EngineWatchParts;
  readonly #closing = new AbortController();
  #trouble: FailureData | undefined;
  /** Counts losses, so that a list from before a loss does not pass for good news. */
  #losses = 0;
  #syncing: Promise<void> | undefined;
  #isSyncWanted = false;
  #retryMs = TRY_AGAIN_MS.first;
  #cancelRetry: () => void = () => {};

  constructor(parts: EngineWatchParts) {
    this.#parts = parts;
  }

  /** What keeps the engine from answering. */
  get trouble(): FailureData | undefined {
    return this.#trouble;
  }

  /** Ends when the engine was listed once, or could not be. */
  async open(): Promise<void> {
    void this.#follow();
    await this.#sync();
  }

  /** Ends at once when the engine is there; otherwise it is asked now. @throws HubError when it is away. */
  async ready(): Promise<void> {
    if (this.#trouble === undefined) return;
    await this.#sync();
    if (this.#trouble !== undefined) throw HubError.from(this.#trouble);
  }

  /** Lists the engine now, whatever is known of it. @throws HubError when it is away. */
  async lookAgain(): Promise<void> {
    await this.#sync();
    if (this.#trouble !== undefined) throw HubError.from(this.#trouble);
  }

  close(): void {
    this.#closing.abort();
    this.#cancelRetry();
  }

  async #follow(): Promise<void> {
    const { spawner, timers, log } = this.#parts;
    const { signal } = this.#closing;
    let retryMs = TRY_AGAIN_MS.first;
    while (!signal.aborted) {
      try {
        for await (const event of spawner.watch(signal)) {
          if (signal.aborted) return;
          retryMs = TRY_AGAIN_MS.first;
          this.#hear(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        log.error({ err: error }, "the events of the engine ended with an error");
      }
      await pause(timers, retryMs, signal);
      retryMs = Math.min(retryMs * 2, TRY_AGAIN_MS.most);
      // Something may have happened that nobody told.
      if (!signal.aborted) void this.#sync();
    }
  }

  #hear(event: ServerEvent): void {
    switch (event.event) {
      case "engine_lost":
        this.#lost(event.failure);
        return;
      case "engine_back":
        void this.#sync();
        return;
      default:
        this.#parts.onEvent(event);
    }
  }

  #lost(failure: FailureData): void {
    this.#losses += 1;
    if (this.#trouble === undefined) {
      this.#parts.log.warn({ failure }, "the engine does not answer; what runs keeps running");
    }
    this.#trouble = failure;
    this.#parts.onLost();
  }

  /** Lists the engine; one at a time, and once more when asked for meanwhile. */
  #sync(): Promise<void> {
    this.#isSyncWanted = true;
    this.#syncing ??= this.#syncAll();
    return this.#syncing;
  }

  async #syncAll(): Promise<void> {
    try {
      while (this.#isSyncWanted && !this.#closing.signal.aborted) await this.#syncOnce();
    } finally {
      // At once: whoever asks from now on would wait for what is over.
      this.#syncing = undefined;
    }
  }

  async #syncOnce(): Promise<void> {
    const { engine, log, onFound } = this.#parts;
    this.#isSyncWanted = false;
    const losses = this.#losses;
    let listed: readonly ServerState[];
    try {
      listed = await engine.list();
    } catch (error) {
      this.#lost(failureOf(error));
      this.#syncLater();
      return;
    }
    if (losses !== this.#losses || this.#closing.signal.aborted) return;
    if (this.#trouble !== undefined) log.info("the engine answers again");
    this.#trouble = undefined;
    this.#retryMs = TRY_AGAIN_MS.first;
    try {
      onFound(listed);
    } catch (error) {
      log.error({ err: error }, "what the engine has could not be taken in");
    }
  }

  #syncLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#cancelRetry();
    this.#cancelRetry = this.#parts.timers.after(this.#retryMs, () => void this.#sync());
    this.#retryMs = Math.min(this.#retryMs * 2, TRY_AGAIN_MS.most);
  }
}
