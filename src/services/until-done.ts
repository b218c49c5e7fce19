/** Work that goes on until it is done, whatever fails in between: one of each key at a time. */
import { pause, type Timers } from "#src/timers.ts";

/** Ever more rarely: what it waits for may be away for hours. */
const TRY_AGAIN_MS = { first: 2_000, most: 60_000 };

/** Each step of it may be repeated. */
type Work = (closing: AbortSignal) => Promise<void>;

export class UntilDone<Key> {
  readonly #timers: Timers;
  readonly #onFailure: (error: unknown, key: Key) => void;
  readonly #closing = new AbortController();
  readonly #under = new Map<Key, Promise<void>>();

  constructor(options: {
    readonly timers: Timers;
    /** It is tried again. */
    readonly onFailure: (error: unknown, key: Key) => void;
  }) {
    this.#timers = options.timers;
    this.#onFailure = options.onFailure;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Ends when it is done, or with {@link close}; never fails. What is under way already is waited for. */
  run(key: Key, work: Work): Promise<void> {
    const known = this.#under.get(key);
    if (known !== undefined) return known;
    const under = this.#carryOut(key, work);
    this.#under.set(key, under);
    void under.finally(() => this.#under.delete(key));
    return under;
  }

  /** What is under way is left as it is. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#under.values());
  }

  async #carryOut(key: Key, work: Work): Promise<void> {
    const { signal } = this.#closing;
    let pauseMs = TRY_AGAIN_MS.first;
    while (!signal.aborted) {
      try {
        await work(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#onFailure(error, key);
        await pause(this.#timers, pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, TRY_AGAIN_MS.most);
      }
    }
  }
}
