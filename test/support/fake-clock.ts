/** Time that stands still until a test moves it. */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "#src/clock.ts";
import type { Timers } from "#src/timers.ts";

interface FakeTimer {
  readonly at: number;
  readonly run: () => void;
}

export class FakeClock implements Clock, Timers {
  #wall: number;
  #monotonic = 0;
  /** In the order in which they are due; those due together in the order in which they were set. */
  #timers: FakeTimer[] = [];

  constructor(start = Date.UTC(2026, 10, 2, 8)) {
    this.#wall = start;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.length;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#monotonic + Math.max(0, ms), run };
    const later = this.#timers.findIndex(({ at }) => at > timer.at);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** The wall clock alone jumps: somebody set the time of the box. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets time pass; timers run when they are due, and what follows from each happens before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settle();
    for (;;) {
      const next = this.#timers[0];
      if (next === undefined || next.at > end) break;
      this.#timers.shift();
      this.#pass(Math.max(0, next.at - this.#monotonic));
      next.run();
      await settle();
    }
    this.#pass(end - this.#monotonic);
    await settle();
  }

  /** The process sleeps (a suspended box, a stopped process): timers that fell due run late, one after the other. */
  async sleep(ms: number): Promise<void> {
    this.#pass(ms);
    await this.advance(0);
  }

  #pass(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }
}

/** Lets everything happen that waits for nothing but promises. */
export async function settle(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
