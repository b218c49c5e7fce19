/**
 * Times of a token, measured like those of sessions with the clock that only grows: on a box without a battery
 * clock the wall clock may jump by years, and no token lives longer or shorter for it.
 */
import type { Clock } from "#src/clock.ts";
import type { TokenRecord } from "#src/stores/records.ts";

/** A wall clock that was set by more than this is followed in the records. */
const CLOCK_STEP_MS = 60_000;

export interface OpenToken {
  record: TokenRecord;
  readonly bornAtMs: number;
  readonly expiresAtMs: number;
  /** Absent: it was never used. */
  usedAtMs: number | undefined;
  /** The `usedAtMs` that the record tells of. */
  writtenUsedAtMs: number | undefined;
}

export class TokenTimes {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(record: TokenRecord): OpenToken {
    const bornAtMs = this.#sinceMs(record.created);
    const { created, expires, lastActivity } = record;
    const lifeMs = expires === undefined ? Infinity : Date.parse(expires) - Date.parse(created);
    const usedAtMs = lastActivity === undefined ? undefined : this.#sinceMs(lastActivity);
    const expiresAtMs = bornAtMs + lifeMs;
    return { record, bornAtMs, expiresAtMs, usedAtMs, writtenUsedAtMs: usedAtMs };
  }

  isOver({ expiresAtMs }: OpenToken): boolean {
    return this.#clock.monotonic() >= expiresAtMs;
  }

  /** Used since it was written, or written before the wall clock was set. */
  isStale(open: OpenToken): boolean {
    return open.usedAtMs !== open.writtenUsedAtMs || this.#wasClockSet(open);
  }

  /** The record as the clocks see it now. */
  current(open: OpenToken): TokenRecord {
    const { record, bornAtMs, expiresAtMs, usedAtMs } = open;
    const used = usedAtMs === undefined ? {} : { lastActivity: this.#wall(usedAtMs) };
    if (!this.#wasClockSet(open)) return { ...record, ...used };
    const expires = record.expires === undefined ? {} : { expires: this.#wall(expiresAtMs) };
    return { ...record, created: this.#wall(bornAtMs), ...expires, ...used };
  }

  #wasClockSet({ record, bornAtMs }: OpenToken): boolean {
    const stepMs = Date.parse(this.#wall(bornAtMs)) - Date.parse(record.created);
    return Math.abs(stepMs) > CLOCK_STEP_MS;
  }

  #wall(atMs: number): string {
    return new Date(this.#clock.now() - (this.#clock.monotonic() - atMs)).toISOString();
  }

  /** A time in the future was written before the wall clock was set back: it counts as now. */
  #sinceMs(time: string): number {
    const agoMs = this.#clock.now() - Date.parse(time);
    return this.#clock.monotonic() - Math.max(0, agoMs);
  }
}
