/**
 * What lasts until a time is over by the wall clock or by the clock that only grows, whichever is first: setting the
 * box's time back keeps nothing alive. Across restarts of the hub there is the wall clock alone.
 */
import type { Clock } from "#src/clock.ts";
import type { IsoTime } from "#src/stores/records.ts";

interface Span {
  readonly begun: IsoTime;
  /** Absent: until somebody ends it. */
  readonly until: IsoTime | undefined;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #known = new Map<string, Span & { readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first time that a span is asked about, its deadline is set. */
  isOver(key: string, { begun, until }: Span): boolean {
    if (until === undefined) return false;
    const end = Date.parse(until);
    let known = this.#known.get(key);
    if (known?.begun !== begun || known.until !== until) {
      // A clock that is before the time at which it began is wrong: it never lasts longer than it was given.
      const leftMs = Math.min(end - this.#clock.now(), end - Date.parse(begun));
      known = { begun, until, atMs: this.#clock.monotonic() + leftMs };
      this.#known.set(key, known);
    }
    return this.#clock.now() >= end || this.#clock.monotonic() >= known.atMs;
  }

  /** Forgets what is not there any more. */
  keepOnly(isThere: (key: string) => boolean): void {
    for (const key of this.#known.keys()) {
      if (!isThere(key)) this.#known.delete(key);
    }
  }
}
