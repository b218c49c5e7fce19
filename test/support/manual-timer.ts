/** In the place of timers: a test says when the time has come. */
import { setTimeout as sleep } from "node:timers/promises";

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

  /** Until `isSo`: files are written meanwhile. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let look = 0; look < 10_000; look += 1) {
      if (await isSo()) {
        return;
      }
      await sleep(1);
    }
    throw new Error("it did not come about");
  }
}
