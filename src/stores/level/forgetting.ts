/**
 * Erasing means erasing: after somebody was erased, older exports, journals, damaged databases and what LevelDB keeps
 * of deleted rows go too. That it is to be is a setting in the very batch that erases, so that a hub which is killed
 * in between goes on at its next start.
 */
import type { Logger } from "#src/log.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";

export const FORGETTING_KEY = "forgetting";

/** Whoever erases one person often erases the next. */
const AFTER_MS = 2_000;
const RETRY_MS = 60_000;

interface ForgettingParts {
  readonly store: Pick<Store, "get" | "change">;
  /** Each may be repeated; what comes later relies on what came before. The signal says that the hub ends. */
  readonly steps: readonly ((ending: AbortSignal) => Promise<void>)[];
  readonly log: Logger;
  /** Calls `callback` later; the answer takes that back. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

export class Forgetting {
  readonly #parts: ForgettingParts;
  #cancelTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;
  readonly #ending = new AbortController();

  constructor(parts: ForgettingParts) {
    this.#parts = parts;
  }

  /** Soon, if there is anything to forget. */
  open(): void {
    if (this.#mark() !== undefined) this.#runLater(AFTER_MS);
  }

  /** What is under way is ended by the next start. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#cancelTimer?.();
    await this.#running;
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  #mark(state: Pick<StoreReader, "get"> = this.#parts.store): unknown {
    return state.get("settings", FORGETTING_KEY)?.value;
  }

  #runLater(ms: number): void {
    if (this.#isEnding || this.#running !== undefined) return;
    this.#cancelTimer ??= this.#parts.later(ms, () => {
      this.#cancelTimer = undefined;
      this.#running ??= this.#run().then((isDone) => {
        this.#running = undefined;
        if (!isDone) this.#runLater(RETRY_MS);
        // Somebody was erased in the last moment of it.
        else this.open();
      });
    });
  }

  /** `false` when it is to be tried again. */
  async #run(): Promise<boolean> {
    try {
      await this.#carryOut();
      return true;
    } catch (error) {
      if (!this.#isEnding) {
        this.#parts.log.warn({ err: error }, "what is left of erased people is removed later");
      }
      return false;
    }
  }

  /** Until nobody was erased since its beginning. */
  async #carryOut(): Promise<void> {
    const { store, steps, log } = this.#parts;
    for (let mark = this.#mark(); mark !== undefined; mark = this.#mark()) {
      const begun = mark;
      for (const step of steps) {
        if (this.#isEnding) return;
        await step(this.#ending.signal);
      }
      if (this.#isEnding) return;
      await store.change((state) => ({
        writes: this.#mark(state) === begun ? [{ remove: "settings", key: FORGETTING_KEY }] : [],
        result: undefined,
      }));
    }
    log.info("nothing is left of people who were erased");
  }
}

/** With the note that there is something to forget, if they erase anybody. */
export function withForgetting(writes: readonly Write[]): readonly Write[] {
  if (!erases(writes)) return writes;
  // Another one each time: who is erased while others are forgotten is not forgotten with them.
  const record = { value: crypto.randomUUID() };
  return [...writes, { put: "settings", key: FORGETTING_KEY, record }];
}

export function erases(writes: readonly Write[]): boolean {
  return writes.some((write) => "redact" in write);
}
