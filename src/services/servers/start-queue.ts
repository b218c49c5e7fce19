/** The line of starts: first come, first served, so many at a time; nobody is turned away. */
import type { Clock } from "#src/clock.ts";
import type { Logger } from "#src/log.ts";
import type { Place } from "./status-of.ts";
import type { Timers } from "#src/timers.ts";

/**
 * Asked whether the next in line may start now, whenever a place is free. Memory of the box, freezing of idle
 * servers and starts ahead of time are decided here.
 */
export type Admit<Key> = (next: Key, starting: number) => true | { readonly askAgainMs: number };

/** Makes one start. When the promise is kept the place is free again; the answer tells whether it came up. */
export type Begin = () => Promise<boolean>;

interface StartQueueParts<Key> {
  /** Starts at the same time. */
  readonly width: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly admit?: Admit<Key>;
  /** Called when places in the line have changed. */
  readonly onMove: () => void;
}

/** As many starts as the estimate looks back on. */
const MEASURED = 20;

export class StartQueue<Key> {
  readonly #parts: StartQueueParts<Key>;
  readonly #admit: Admit<Key>;
  #waiting: { readonly key: Key; readonly begin: Begin }[] = [];
  /** Monotonic times at which the starts under way began. */
  readonly #under = new Set<{ readonly began: number }>();
  readonly #measuredMs: number[] = [];
  #held = false;
  #pumpDue = false;
  #cancelAsking: () => void = () => {};

  constructor(parts: StartQueueParts<Key>) {
    this.#parts = parts;
    this.#admit = parts.admit ?? (() => true);
  }

  get waiting(): readonly Key[] {
    return this.#waiting.map(({ key }) => key);
  }

  get starting(): number {
    return this.#under.size;
  }

  /** Joins the line at its end; `first` goes to its head (who has been there and is tried again). */
  add(key: Key, begin: Begin, options: { readonly first?: boolean } = {}): void {
    if (options.first === true) this.#waiting.unshift({ key, begin });
    else this.#waiting.push({ key, begin });
    this.#moved();
  }

  /** Leaves the line. */
  cancel(key: Key): void {
    const rest = this.#waiting.filter((entry) => entry.key !== key);
    if (rest.length === this.#waiting.length) return;
    this.#waiting = rest;
    this.#moved();
  }

  place(key: Key): Place | undefined {
    const index = this.#waiting.findIndex((entry) => entry.key === key);
    if (index === -1) return undefined;
    const estimateSeconds = this.#estimateSeconds(index);
    return { place: index + 1, ...(estimateSeconds === undefined ? {} : { estimateSeconds }) };
  }

  /** Nobody starts until `release`; the line stays as it is. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.ask();
  }

  /** Looks again whether somebody may start: something has changed. */
  ask(): void {
    if (this.#pumpDue) return;
    this.#pumpDue = true;
    // Not at once: who joins the line sees itself in it before its start begins.
    queueMicrotask(() => {
      this.#pumpDue = false;
      this.#pump();
    });
  }

  close(): void {
    this.#held = true;
    this.#cancelAsking();
    this.#waiting = [];
  }

  #moved(): void {
    this.#parts.onMove();
    this.ask();
  }

  #pump(): void {
    this.#cancelAsking();
    let hasMoved = false;
    while (!this.#held && this.#under.size < this.#parts.width) {
      const next = this.#waiting[0];
      if (next === undefined) break;
      const admitted = this.#admit(next.key, this.#under.size);
      if (admitted !== true) {
        this.#cancelAsking = this.#parts.timers.after(admitted.askAgainMs, () => this.ask());
        break;
      }
      this.#waiting.shift();
      hasMoved = true;
      void this.#begin(next.begin);
    }
    if (hasMoved) this.#parts.onMove();
  }

  async #begin(begin: Begin): Promise<void> {
    const start = { began: this.#parts.clock.monotonic() };
    this.#under.add(start);
    try {
      const cameUp = await begin();
      if (cameUp) this.#measure(this.#parts.clock.monotonic() - start.began);
    } catch (error) {
      this.#parts.log.error({ err: error }, "a start ended with an error of the hub itself");
    } finally {
      this.#under.delete(start);
      this.ask();
    }
  }

  #measure(ms: number): void {
    this.#measuredMs.push(ms);
    if (this.#measuredMs.length > MEASURED) this.#measuredMs.shift();
  }

  /** Until the notebook answers, if each start takes the usual time: places become free in turn. */
  #estimateSeconds(index: number): number | undefined {
    const usualMs = median(this.#measuredMs);
    if (usualMs === undefined) return undefined;
    const { width, clock } = this.#parts;
    const now = clock.monotonic();
    const freeInMs = Array.from(this.#under, ({ began }) => Math.max(0, began + usualMs - now));
    while (freeInMs.length < width) freeInMs.push(0);
    const firstFreeMs = freeInMs.toSorted((a, b) => a - b)[index % width] ?? 0;
    const rounds = Math.floor(index / width) + 1;
    return Math.ceil((firstFreeMs + rounds * usualMs) / 1000);
  }
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
