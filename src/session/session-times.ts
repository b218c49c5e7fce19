/**
 * Ages of sessions are measured with the clock that only grows. The wall clock serves across restarts of the hub
 * alone: on a box without a battery clock it may jump by years while a class is signed in.
 */
import type { Clock } from "#src/clock.ts";
import type { SessionRecord } from "#src/stores/records.ts";
import type { OpenSession } from "./session-index.ts";

/** A wall clock that was set by more than this is followed in the records. */
const CLOCK_STEP_MS = 60_000;

interface Limits {
  readonly clock: Clock;
  /** A session ends when it was not used for so long, unless the computer is the person's own. */
  readonly idleMs: number;
  /** A session ends after so long, used or not. */
  readonly maxMs: number;
}

export class SessionTimes {
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  isOver({ record, seenAtMs, bornAtMs }: OpenSession): boolean {
    const { clock, idleMs, maxMs } = this.#limits;
    const now = clock.monotonic();
    const isIdle = record.isKept !== true && now - seenAtMs > idleMs;
    return isIdle || now - bornAtMs > maxMs;
  }

  /** Used since it was written, or written before the wall clock was set. */
  isStale(open: OpenSession): boolean {
    return open.seenAtMs !== open.writtenSeenAtMs || this.#wasClockSet(open);
  }

  /** What its record is to say. */
  recordTimes(open: OpenSession, seenAtMs: number): Partial<SessionRecord> {
    const lastSeen = this.wall(seenAtMs);
    if (!this.#wasClockSet(open)) {
      return { lastSeen };
    }
    return {
      lastSeen,
      created: this.wall(open.bornAtMs),
      ...(open.record.othersSeen === undefined
        ? {}
        : { othersSeen: this.wall(open.othersSeenAtMs) }),
    };
  }

  /** What the wall clock shows for a moment of the clock that only grows. */
  wall(atMs: number): string {
    const { clock } = this.#limits;
    return new Date(clock.now() - (clock.monotonic() - atMs)).toISOString();
  }

  #wasClockSet({ record, bornAtMs }: OpenSession): boolean {
    const stepMs = Date.parse(this.wall(bornAtMs)) - Date.parse(record.created);
    return Math.abs(stepMs) > CLOCK_STEP_MS;
  }
}
