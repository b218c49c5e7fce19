/**
 * Guessing is slow, signing in is not. After some misses for one account by one client each further try waits
 * longer; a client is an address or, better, a browser in which that person signed in before, so that nobody who
 * shares an address with a guesser is kept out of their own browser. An account is also protected from many
 * clients at once, and an address from which very much is missed is slowed down (noisy-addresses.ts).
 *
 * A try is counted before it is made and taken back when it succeeds, so that a hundred at the same moment count
 * as a hundred. Names that nobody has are treated like all others.
 */
import { type Clock, systemClock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { type Timers, systemTimers } from "#src/timers.ts";
import { MissCounter } from "./miss-counter.ts";
import { NoisyAddresses } from "./noisy-addresses.ts";
import { RecentKeys } from "./recent-keys.ts";

/** Misses of one account by one client without any waiting; then 2, 4, 8, … seconds, and a minute each. */
const FREE_MISSES = 5;
const LONGEST_WAIT_MS = 60_000;
/** Misses of one account by all strangers in an hour; enough for a prankster in every corner of a classroom. */
const FREE_MISSES_OF_STRANGERS = 100;
const LONGEST_WAIT_OF_STRANGERS_MS = 30_000;
/**
 * Of one open sign-in page, though its address has to wait: who is new in a room where somebody hammers at their
 * name gets in. A guesser can open any number of pages, so there is a sum as well.
 */
const MISSES_OF_PAGE = 2;
const MISSES_OF_PAGES = 20;
/** An account that signed in well from an address in this time is no stranger there. */
const REMEMBERED_MS = 14 * 24 * 3_600_000;
const MAX_KEYS = 10_000;
/** Enough to tell open pages apart. */
const PAGE_LENGTH = 22;

/** Who tries, beside name and address. */
export interface Client {
  /** A browser in which this account signed in well before, with the present password. */
  readonly device?: string | undefined;
  /** The form token of the page, which the box has made. */
  readonly page?: string | undefined;
}

export interface TryOptions extends Client {
  /** A sign-in: the account's and the address's own limits count, too. */
  readonly isSignIn?: boolean;
  /** Ends a try that is held. */
  readonly signal?: AbortSignal;
}

/** A try that was remembered; `atMs` is on the clock that only grows. */
export interface PastTry {
  readonly atMs: number;
  readonly name: string;
  readonly address: string;
  readonly device?: string;
  readonly is: "missed" | "signed_in" | "reset";
  readonly count: number;
}

interface AttemptsOptions {
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly maxKeys?: number;
}

export class Attempts {
  readonly #clients: MissCounter;
  readonly #strangers: MissCounter;
  readonly #pages: MissCounter;
  readonly #noisy: NoisyAddresses;
  readonly #homes: RecentKeys;

  constructor(options: AttemptsOptions = {}) {
    const { clock = systemClock, timers = systemTimers, maxKeys = MAX_KEYS } = options;
    const counter = (free: number, longestWaitMs: number): MissCounter =>
      new MissCounter({ clock, free, longestWaitMs, maxKeys });
    this.#clients = counter(FREE_MISSES, LONGEST_WAIT_MS);
    this.#strangers = counter(FREE_MISSES_OF_STRANGERS, LONGEST_WAIT_OF_STRANGERS_MS);
    this.#pages = counter(Infinity, 0);
    this.#noisy = new NoisyAddresses({ clock, timers, maxKeys });
    this.#homes = new RecentKeys({ clock, maxKeys, forgetMs: REMEMBERED_MS });
  }

  /**
   * Makes a try of `name` from `address`: `undefined` is a miss, and so is whatever `run` throws.
   * Throws `too_many_attempts`, without running it, when it is too early for another one, and `too_busy` when very
   * many are held already.
   */
  async limit<Result>(
    name: string,
    address: string,
    run: () => Promise<Result | undefined>,
    options: TryOptions = {},
  ): Promise<Result | undefined> {
    const keys = this.#keysOf(name, address, options);
    this.#admit(keys);
    const { isSignIn = false, device, signal = never } = options;
    const page = options.page?.slice(0, PAGE_LENGTH) ?? "";
    const turn =
      isSignIn && device === undefined ? this.#noisy.join(address, page, signal) : undefined;
    this.#count(keys, { count: 1 });
    let isSuccess = false;
    try {
      await turn?.ready;
      const result = await run();
      isSuccess = result !== undefined;
      return result;
    } finally {
      turn?.end(isSuccess);
      if (isSuccess) {
        this.#succeed(keys);
        if (isSignIn) {
          this.#homes.remember(keys.home);
        }
      }
    }
  }

  /** Forgets the misses of a name by all clients: its password is another one now. */
  clear(name: string): void {
    this.#clients.forgetAll(`${name}\n`);
    this.#pages.forgetAll(`${name}\n`);
    this.#strangers.forget(name);
  }

  /** Counts again what was counted before a restart, the oldest first. */
  restore({ name, address, device, is, count, atMs }: PastTry): void {
    const keys = this.#keysOf(name, address, { ...(device && { device }), isSignIn: true });
    switch (is) {
      case "missed":
        if (name !== "") {
          this.#count(keys, { count, atMs });
        }
        if (device === undefined) {
          this.#noisy.restore(address, { count, atMs });
        }
        break;
      case "signed_in":
        this.#clients.forget(keys.client);
        this.#homes.remember(keys.home, atMs);
        break;
      case "reset":
        this.clear(name);
        break;
    }
  }

  /** The account signed in well from there, at a moment of the clock that only grows. */
  rememberHome(name: string, address: string, atMs: number): void {
    this.#homes.remember(`${name}\n${address}`, atMs);
  }

  #keysOf(name: string, address: string, options: TryOptions): Keys {
    const { device, isSignIn = false } = options;
    const home = `${name}\n${address}`;
    const page = device === undefined ? options.page?.slice(0, PAGE_LENGTH) : undefined;
    return {
      home,
      client: device === undefined ? home : `${name}\n!${device}`,
      stranger: isSignIn && device === undefined && !this.#homes.has(home) ? name : undefined,
      page: page === undefined ? undefined : `${home}\n${page}`,
    };
  }

  /** A refused try is not one: impatience makes no wait longer. */
  #admit({ client, stranger, page, home }: Keys): void {
    const ofStrangersMs = stranger === undefined ? 0 : this.#strangers.waitMs(stranger);
    const ofClientMs = this.#clients.waitMs(client);
    const isSpared =
      page !== undefined &&
      this.#pages.count(page) < MISSES_OF_PAGE &&
      this.#pages.count(home) < MISSES_OF_PAGES;
    const waitMs = Math.max(ofStrangersMs, isSpared ? 0 : ofClientMs);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new HubError("too_many_attempts", { seconds }, { retryAfter: seconds });
    }
    if (page !== undefined && ofClientMs > 0) {
      this.#pages.add(home);
    }
  }

  #count({ client, stranger, page }: Keys, misses: { count: number; atMs?: number }): void {
    this.#clients.add(client, misses);
    if (stranger !== undefined) {
      this.#strangers.add(stranger, misses);
    }
    if (page !== undefined) {
      this.#pages.add(page, misses);
    }
  }

  #succeed({ client, stranger, page }: Keys): void {
    this.#clients.forget(client);
    if (stranger !== undefined) {
      this.#strangers.takeBack(stranger);
    }
    if (page !== undefined) {
      this.#pages.forget(page);
    }
  }
}

interface Keys {
  readonly home: string;
  readonly client: string;
  /** Absent: the account is known there. */
  readonly stranger: string | undefined;
  readonly page: string | undefined;
}

const never = new AbortController().signal;
