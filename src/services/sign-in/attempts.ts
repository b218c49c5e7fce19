/**
 * Guessing is slow, signing in is not: after some misses for one account from one address each further try waits
 * longer; an address as a whole (a class may share one) has a generous bucket. Nobody is locked out for long, and a
 * prankster's misses do not count for the honest person at another address.
 *
 * A try is counted before it is made and taken back when it succeeds, so that a hundred at the same moment count
 * as a hundred.
 */
import { isIPv6 } from "node:net";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { HubError } from "#src/errors.ts";

/** Tries of one account from one address without any waiting. */
const FREE_TRIES = 5;
/** They are forgotten an hour after the first. */
const FORGET_SECONDS = 3600;
/** 2, 4, 8, … seconds, and then a minute each. */
const LONGEST_WAIT_SECONDS = 60;
/** A hundred people who all sign in at the bell, some of them with a slip of the finger. */
const ADDRESS_TRIES = 300;
const ADDRESS_SECONDS = 60;
/** An attacker may try any number of names and addresses; the oldest are forgotten. */
const MAX_KEYS = 10_000;

export class Attempts {
  readonly #tries: Counter;
  /** One try for each wait. */
  readonly #waits: Counter;
  readonly #addresses: Counter;

  constructor({ maxKeys = MAX_KEYS }: { readonly maxKeys?: number } = {}) {
    this.#tries = new Counter(FREE_TRIES, FORGET_SECONDS, maxKeys);
    this.#waits = new Counter(1, LONGEST_WAIT_SECONDS, maxKeys);
    this.#addresses = new Counter(ADDRESS_TRIES, ADDRESS_SECONDS, maxKeys);
  }

  /**
   * Makes a try of `name` from `address`: `undefined` is a miss, and so is whatever `run` throws.
   * Throws `too_many_attempts`, without running it, when it is too early for another one.
   */
  async limit<Result>(
    name: string,
    address: string,
    run: () => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    const pair = `${name}\n${address}`;
    const network = networkOf(address);
    await this.#count(pair, network);
    const result = await run();
    if (result !== undefined) {
      this.#tries.forget(pair);
      this.#waits.forget(pair);
      await this.#addresses.takeBack(network);
    }
    return result;
  }

  /** Forgets the misses of a name from all addresses: its password is another one now. */
  clear(name: string): void {
    this.#tries.forgetAll(`${name}\n`);
    this.#waits.forgetAll(`${name}\n`);
  }

  async #count(pair: string, network: string): Promise<void> {
    const tries = await this.#tries.add(pair);
    if (tries > FREE_TRIES) {
      const seconds = Math.min(2 ** (tries - FREE_TRIES), LONGEST_WAIT_SECONDS);
      await this.#pass(this.#waits.use(pair, seconds), () => this.#tries.takeBack(pair));
    }
    await this.#pass(this.#addresses.use(network), () => this.#tries.takeBack(pair));
  }

  /** A refused try is not one: impatience makes no wait longer. */
  async #pass(use: Promise<number | undefined>, takeBack: () => Promise<void>): Promise<void> {
    const waitMs = await use;
    if (waitMs === undefined) {
      return;
    }
    await takeBack();
    // The library measures with the wall clock; set back, it would tell of years.
    const seconds = Math.min(Math.max(Math.ceil(waitMs / 1000), 1), LONGEST_WAIT_SECONDS);
    throw new HubError("too_many_attempts", { seconds }, { retryAfter: seconds });
  }
}

/** One IPv6 subscriber has a whole /64 of addresses. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) {
    return address;
  }
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const end = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - end.length);
  return [...groups, ...Array<string>(zeros).fill("0"), ...end].slice(0, 4).join(":");
}

/** A limiter of the library that remembers a bounded number of keys. */
class Counter {
  readonly #limiter: RateLimiterMemory;
  /** The least recently used first. */
  readonly #keys = new Set<string>();
  readonly #maxKeys: number;

  constructor(points: number, duration: number, maxKeys: number) {
    this.#limiter = new RateLimiterMemory({ points, duration });
    this.#maxKeys = maxKeys;
  }

  /** How many there are now. */
  async add(key: string): Promise<number> {
    this.#remember(key);
    return (await this.#limiter.penalty(key)).consumedPoints;
  }

  /** `undefined` when there was one left, else the milliseconds until there is. */
  async use(key: string, seconds?: number): Promise<number | undefined> {
    this.#remember(key);
    try {
      await this.#limiter.consume(key, 1, seconds === undefined ? {} : { customDuration: seconds });
      return undefined;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) {
        return refusal.msBeforeNext;
      }
      throw refusal;
    }
  }

  async takeBack(key: string): Promise<void> {
    if (this.#keys.has(key)) {
      await this.#limiter.reward(key);
    }
  }

  forget(key: string): void {
    this.#keys.delete(key);
    // In memory it is done at once, and cannot fail.
    void this.#limiter.delete(key);
  }

  forgetAll(prefix: string): void {
    for (const key of this.#keys) {
      if (key.startsWith(prefix)) {
        this.forget(key);
      }
    }
  }

  #remember(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > this.#maxKeys && oldest !== undefined) {
      this.forget(oldest);
    }
  }
}
