/**
 * An address from which very much is missed is slowed down, never shut out: a whole class may be behind it. Its
 * tries are held for a moment, and then evaluated a few at a time, in the order in which they came; so one guesser
 * neither fills the line for hashes nor keeps the others behind the same address from getting in.
 */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { pause, type Timers } from "#src/timers.ts";
import { BUSY_SECONDS } from "./busy.ts";
import { networkOf } from "#src/services/networks.ts";

/** Misses in a minute that nobody notices. */
const FREE_MISSES = 100;
const WINDOW_MS = 60_000;
/** 250, 500, 1000 and then 2000 ms. */
const FIRST_HOLD_MS = 250;
const LONGEST_HOLD_MS = 2000;
/** Tries of one noisy address that are evaluated at once. */
const MOST_AT_ONCE = 4;
/** Tries that are held in the whole hub; beyond, people are asked to come back. */
const MOST_HELD = 500;
/** Of one open sign-in page: who sends more at once fills the line for nobody else. */
const MOST_HELD_OF_PAGE = 5;

interface Address {
  sinceMs: number;
  misses: number;
  running: number;
  /** In the order in which they came. */
  readonly line: Set<() => void>;
}

/** A try from an address. */
interface Turn {
  /** Kept when the try may be made; broken with the reason of a signal that ended before. */
  readonly ready: Promise<void>;
  /** To be called once, after the try; a success is no miss. */
  end(isSuccess: boolean): void;
}

export class NoisyAddresses {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #maxKeys: number;
  /** The least recently used first. */
  readonly #addresses = new Map<string, Address>();
  readonly #heldOfPage = new Map<string, number>();
  #held = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly maxKeys: number;
  }) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#maxKeys = options.maxKeys;
  }

  /** Counts a try. Throws `too_busy`, without counting it, when it would have to be held and too many are. */
  join(address: string, page: string, signal: AbortSignal): Turn {
    const from = this.#find(networkOf(address));
    const over = from.misses + 1 - FREE_MISSES;
    const isHeld = over > 0;
    if (isHeld) {
      this.#assertRoom(page);
    }
    from.misses += 1;
    let leave = (): void => {};
    const enter = (): void => {
      from.running += 1;
      leave = () => {
        from.running -= 1;
        this.#callNext(from);
      };
    };
    if (!isHeld) {
      enter();
    }
    return {
      ready: isHeld ? this.#hold(from, { over, page, signal, enter }) : Promise.resolve(),
      end(isSuccess) {
        if (isSuccess) {
          from.misses = Math.max(0, from.misses - 1);
        }
        leave();
      },
    };
  }

  /** Misses of the past. */
  restore(
    address: string,
    { count, atMs }: { readonly count: number; readonly atMs: number },
  ): void {
    if (this.#clock.monotonic() - atMs < WINDOW_MS) {
      this.#find(networkOf(address), atMs).misses += count;
    }
  }

  async #hold(
    from: Address,
    how: {
      readonly over: number;
      readonly page: string;
      readonly signal: AbortSignal;
      readonly enter: () => void;
    },
  ): Promise<void> {
    const { over, page, signal, enter } = how;
    this.#countHeld(page, 1);
    try {
      const holdMs = Math.min(FIRST_HOLD_MS * 2 ** (over - 1), LONGEST_HOLD_MS);
      await pause(this.#timers, holdMs, signal);
      signal.throwIfAborted();
      if (from.running < MOST_AT_ONCE && from.line.size === 0) {
        enter();
      } else {
        await place(from.line, enter, signal);
      }
    } finally {
      this.#countHeld(page, -1);
    }
  }

  #callNext(from: Address): void {
    const [next] = from.line;
    if (next !== undefined && from.running < MOST_AT_ONCE) {
      from.line.delete(next);
      next();
    }
  }

  #assertRoom(page: string): void {
    const ofPage = this.#heldOfPage.get(page) ?? 0;
    if (this.#held >= MOST_HELD || (page !== "" && ofPage >= MOST_HELD_OF_PAGE)) {
      throw new HubError("too_busy", {}, { retryAfter: BUSY_SECONDS });
    }
  }

  #countHeld(page: string, change: 1 | -1): void {
    this.#held += change;
    const ofPage = (this.#heldOfPage.get(page) ?? 0) + change;
    if (ofPage > 0) {
      this.#heldOfPage.set(page, ofPage);
    } else {
      this.#heldOfPage.delete(page);
    }
  }

  #find(network: string, nowMs = this.#clock.monotonic()): Address {
    const known = this.#addresses.get(network);
    const found = known ?? { sinceMs: nowMs, misses: 0, running: 0, line: new Set() };
    if (nowMs - found.sinceMs >= WINDOW_MS) {
      found.sinceMs = nowMs;
      found.misses = 0;
    }
    this.#addresses.delete(network);
    this.#addresses.set(network, found);
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > this.#maxKeys && oldest !== undefined) {
      this.#addresses.delete(oldest);
    }
    return found;
  }
}

/** Waits in line; `enter` is called in the turn of whoever makes room, so that nobody slips in between. */
function place(line: Set<() => void>, enter: () => void, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = (): void => {
    line.delete(called);
    reject(signal.reason);
  };
  const called = (): void => {
    signal.removeEventListener("abort", leave);
    enter();
    resolve();
  };
  signal.addEventListener("abort", leave, { once: true });
  line.add(called);
  return promise;
}
