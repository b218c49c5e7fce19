/**
 * How much the files of people are. Counting reads a whole home in a container of its own, so it is done rarely and
 * one at a time.
 */
import { isoTime, type Clock } from "#src/clock.ts";
import { type FailureData, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { IsoTime, ServerId, UserId } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { type Timers, pause, systemTimers } from "#src/timers.ts";
import { serversOf } from "./server-rows.ts";

/** How long a count is good for. */
const KEPT_MS = 60_000;
/** An engine that is away is asked again sooner. */
const FAILURE_KEPT_MS = 10_000;
/** A count that takes longer is given up. */
const MOST_MS = 30_000;
/** A page does not wait longer. */
const PATIENCE_MS = 2_000;

export type Usage =
  | { readonly is: "known"; readonly bytes: number; readonly files: number; readonly at: IsoTime }
  | { readonly is: "measuring" }
  | { readonly is: "unknown"; readonly failure: FailureData };

interface HomeUsageParts {
  readonly homes: Pick<Homes, "usage">;
  readonly store: StoreReader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timers?: Timers;
}

interface Kept {
  readonly usage: Usage;
  readonly untilMs: number;
}

export class HomeUsage implements Disposable {
  readonly #parts: Required<HomeUsageParts>;
  readonly #kept = new Map<UserId, Kept>();
  readonly #underWay = new Map<UserId, Promise<Usage>>();
  readonly #closing = new AbortController();
  /** The end of the line of those who wait to be counted. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: HomeUsageParts) {
    this.#parts = { timers: systemTimers, ...parts };
  }

  /** Never fails and never waits long: what is not counted by then is counted on, and known at a later look. */
  async look(userId: UserId): Promise<Usage> {
    const now = this.#parts.clock.monotonic();
    for (const [id, { untilMs }] of this.#kept) {
      if (untilMs <= now) this.#kept.delete(id);
    }
    const kept = this.#kept.get(userId);
    if (kept !== undefined) return kept.usage;
    const counted = this.#underWay.get(userId) ?? this.#begin(userId);
    const enough = new AbortController();
    const late = pause(this.#parts.timers, PATIENCE_MS, enough.signal);
    try {
      return await Promise.race([counted, late.then((): Usage => ({ is: "measuring" }))]);
    } finally {
      enough.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  #begin(userId: UserId): Promise<Usage> {
    const counted = this.#last.then(() => this.#count(userId));
    this.#last = counted;
    this.#underWay.set(userId, counted);
    return counted;
  }

  async #count(userId: UserId): Promise<Usage> {
    const usage = await this.#measure(userId);
    const keptMs = usage.is === "known" ? KEPT_MS : FAILURE_KEPT_MS;
    this.#kept.set(userId, { usage, untilMs: this.#parts.clock.monotonic() + keptMs });
    this.#underWay.delete(userId);
    return usage;
  }

  async #measure(userId: UserId): Promise<Usage> {
    const { homes, store, clock, timers, log } = this.#parts;
    const tooLong = new AbortController();
    const cancel = timers.after(MOST_MS, () => tooLong.abort());
    const signal = AbortSignal.any([tooLong.signal, this.#closing.signal]);
    try {
      signal.throwIfAborted();
      let [bytes, files] = [0, 0];
      for (const serverId of [undefined, ...withOwnFiles(store, userId)]) {
        const counted = homes.usage(userId, signal, serverId);
        const home = await Promise.race([counted, broken(signal)]);
        bytes += home.bytes;
        files += home.files;
      }
      return { is: "known", bytes, files, at: isoTime(clock) };
    } catch (error) {
      if (tooLong.signal.aborted) {
        const failure = new HubError("count_timeout", { seconds: MOST_MS / 1000 }).toData();
        return { is: "unknown", failure };
      }
      if (error instanceof HubError) return { is: "unknown", failure: error.toData() };
      if (!signal.aborted) log.error({ err: error, user: userId }, "a home could not be counted");
      return { is: "unknown", failure: new HubError("count_failed").toData() };
    } finally {
      cancel();
    }
  }
}

/** Servers whose files are not in their person's home. */
function withOwnFiles(store: StoreReader, userId: UserId): readonly ServerId[] {
  return serversOf(store, userId)
    .filter(({ home }) => home === "own")
    .map(({ id }) => id);
}

/** Also what does not heed the signal holds nobody up. */
function broken(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
