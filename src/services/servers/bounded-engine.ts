/** The engine, asked in such a way that every question ends: what is asked of it may never be answered. */
import { HubError } from "#src/errors.ts";
import type { ServerSpec, ServerState, Spawner, Step } from "#src/spawners/spawner.ts";
import type { ServerId } from "#src/stores/records.ts";
import { type Timers, countdown } from "#src/timers.ts";

const ASK_MS = 10_000;
/** A hub that was made anew enters the network of every server while it lists them. */
const LIST_MS = 60_000;
const REMOVE_MS = 120_000;
/** A call that was aborted has this long to end by itself before it is left alone. */
const GRACE_MS = 10_000;

export class BoundedEngine {
  readonly #spawner: Spawner;
  readonly #timers: Timers;
  readonly #closing = new AbortController();

  constructor(spawner: Spawner, timers: Timers) {
    this.#spawner = spawner;
    this.#timers = timers;
  }

  /** Ends with its signal: within the grace, whether the driver heeds it or not. */
  async *start(spec: ServerSpec, signal: AbortSignal): AsyncGenerator<Step, void, undefined> {
    const steps = this.#spawner.start(spec, signal)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await untilAborted(this.#timers, signal, () => steps.next());
        signal.throwIfAborted();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // Not waited for: a driver that ignores its signal would keep the place in the line for ever.
      steps.return?.().catch(() => {});
    }
  }

  async stop(serverId: ServerId, signal: AbortSignal): Promise<void> {
    await untilAborted(this.#timers, signal, () => this.#spawner.stop(serverId, signal));
  }

  async resume(serverId: ServerId): Promise<void> {
    await this.#within(ASK_MS, (signal) => this.#spawner.resume(serverId, signal));
  }

  list(): Promise<readonly ServerState[]> {
    return this.#within(LIST_MS, (signal) => this.#spawner.list(signal));
  }

  inspect(serverId: ServerId): Promise<ServerState | undefined> {
    return this.#within(ASK_MS, (signal) => this.#spawner.inspect(serverId, signal));
  }

  logs(serverId: ServerId, lines: number): Promise<readonly string[]> {
    return this.#within(ASK_MS, (signal) => this.#spawner.logs(serverId, lines, signal));
  }

  /** Stops and removes what nobody waits for. */
  async remove(serverId: ServerId): Promise<void> {
    await this.#within(REMOVE_MS, (signal) => this.#spawner.stop(serverId, signal));
  }

  /** Ends the questions under way, and answers no more. Starts and stops end with their own signals. */
  close(): void {
    this.#closing.abort(new HubError("hub_stopping"));
  }

  async #within<Result>(
    ms: number,
    call: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const late = new AbortController();
    const cancel = countdown(this.#timers, ms, () => {
      const detail = `no answer within ${ms / 1000} seconds`;
      late.abort(new HubError("docker_unreachable", { detail }));
    });
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    try {
      return await untilAborted(this.#timers, signal, () => call(signal));
    } finally {
      cancel();
    }
  }
}

/** The outcome of a call; after an abort, the signal's reason, at the latest when the grace is over. */
async function untilAborted<Result>(
  timers: Timers,
  signal: AbortSignal,
  call: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
  let cancel: () => void = () => {};
  const onAbort = (): void => {
    cancel = timers.after(GRACE_MS, () => giveUp(signal.reason));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([call(), givenUp]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
