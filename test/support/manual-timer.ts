/** In the place of timers: a test says when the time has come. */
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 120_000;

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

  /** What was asked for within so long, or all of it. */
  fire(withinMs = Infinity): void {
    const due = this.#waiting.filter(({ ms }) => ms <= withinMs);
    this.#waiting = this.#waiting.filter((entry) => !due.includes(entry));
    for (const { callback } of due) {
      callback();
    }
  }

  /** Until `isSo`: files are written meanwhile, and disks may be slow. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error("it did not come about");
      await sleep(1);
    }
  }
}
