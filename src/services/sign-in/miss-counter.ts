/**
 * Misses by key, and how long the next try has to wait for them. Durations are measured with the clock that only
 * grows: setting the wall clock neither freezes a wait nor forgives one.
 */
import type { Clock } from "#src/clock.ts";

/** Misses are forgotten an hour after the first. */
export const FORGET_MS = 3_600_000;

interface MissCounterOptions {
  readonly clock: Clock;
  /** Misses without any waiting; each further one doubles the wait, from two seconds. */
  readonly free: number;
  readonly longestWaitMs: number;
  /** An attacker may try any number of names and addresses: the longest unused are forgotten. */
  readonly maxKeys: number;
}

interface Misses {
  count: number;
  readonly firstMs: number;
  waitUntilMs: number;
}

export class MissCounter {
  readonly #options: MissCounterOptions;
  /** The least recently used first. */
  readonly #keys = new Map<string, Misses>();

  constructor(options: MissCounterOptions) {
    this.#options = options;
  }

  /** Milliseconds until another try may be made. */
  waitMs(key: string): number {
    const waitUntilMs = this.#find(key)?.waitUntilMs ?? 0;
    return Math.max(0, waitUntilMs - this.#options.clock.monotonic());
  }

  count(key: string): number {
    return this.#find(key)?.count ?? 0;
  }

  /** Counts misses that were made now, or at a moment that is past. */
  add(key: string, { count = 1, atMs = this.#options.clock.monotonic() } = {}): void {
    const misses = this.#find(key) ?? { count: 0, firstMs: atMs, waitUntilMs: 0 };
    const { free, longestWaitMs, maxKeys } = this.#options;
    misses.count += count;
    if (misses.count > free) {
      const waitMs = Math.min(1000 * 2 ** (misses.count - free), longestWaitMs);
      misses.waitUntilMs = Math.max(misses.waitUntilMs, atMs + waitMs);
    }
    this.#keys.set(key, misses);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > maxKeys && oldest !== undefined) {
      this.#keys.delete(oldest);
    }
  }

  /** One of them was none. */
  takeBack(key: string): void {
    const misses = this.#keys.get(key);
    if (misses !== undefined) {
      misses.count -= 1;
    }
  }

  forget(key: string): void {
    this.#keys.delete(key);
  }

  forgetAll(prefix: string): void {
    for (const key of this.#keys.keys()) {
      if (key.startsWith(prefix)) {
        this.#keys.delete(key);
      }
    }
  }

  #find(key: string): Misses | undefined {
    const misses = this.#keys.get(key);
    if (misses === undefined) {
      return undefined;
    }
    this.#keys.delete(key);
    if (this.#options.clock.monotonic() - misses.firstMs >= FORGET_MS) {
      return undefined;
    }
    this.#keys.set(key, misses);
    return misses;
  }
}
