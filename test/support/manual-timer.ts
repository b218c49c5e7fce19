/** In the place of timers: a test says when the time has come. */
import { setImmediate as nextTurn } from "node:timers/promises";

export class ManualTimer {
  #waiting: { readonly ms: number; readonly callback: () => void }[] = [];

  /** What is asked for at present. */
  get waiting(): readonly number[] {
    return this.#waiting.map(({ ms }) => ms);
  }

  readonly later = (ms: number, callback: () => void): (() => void) => {
    const entry = { ms, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  };

  fire(): void {
    for (const { callback } of this.#waiting.splice(0)) {
      callback();
    }
  }

  /** Until `isSo`, which takes a few turns at most. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 2000; turn += 1) {
      if (await isSo()) {
        return;
      }
      await nextTurn();
    }
    throw new Error("it did not come about");
  }
}
