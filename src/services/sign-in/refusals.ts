/**
 * The audit of refused sign-ins. One that somebody mistyped is told at once; when very many come from one address
 * they are summed up once a minute, so that no guesser fills the disk or hides what else happened.
 */
import type { Clock } from "#src/clock.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Timers } from "#src/timers.ts";
import type { AuditRecord, UserId } from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import { networkOf } from "#src/services/networks.ts";

/** Of one address in ten minutes, told one by one. */
const TOLD_ALONE = 30;
const WINDOW_MS = 600_000;
const SUM_MS = 60_000;
/** Names of one minute and address that get a row of their own; all others share one. */
const MOST_ROWS = 3;
const MOST_NAMES = 100;
const MAX_ADDRESSES = 10_000;

/** Nobody needs to wait for it at the end of a test. */
const patientTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

interface Refusal {
  readonly actor: Actor;
  readonly subject: Subject;
  readonly detail?: NonNullable<AuditRecord["detail"]>;
}

interface Subject {
  readonly id?: UserId;
  readonly name: string;
}

interface Told {
  sinceMs: number;
  count: number;
}

/** Not told yet. */
interface Sum {
  readonly actor: Actor;
  readonly byName: Map<string, { readonly subject: Subject; count: number }>;
  others: number;
}

interface RefusalsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers?: Timers | undefined;
  readonly log?: Pick<Logger, "error"> | undefined;
}

export class Refusals implements AsyncDisposable {
  readonly #options: RefusalsOptions;
  /** The least recently used first. */
  readonly #told = new Map<string, Told>();
  #sums = new Map<string, Sum>();
  #cancel: (() => void) | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Kept when the refusal is in the audit, or counted for the next row. */
  async tell(refusal: Refusal): Promise<void> {
    const network = networkOf(refusal.actor.address ?? "");
    if (this.#isTooMuch(network)) {
      this.#add(network, refusal);
      this.#cancel ??= (this.#options.timers ?? patientTimers).after(
        SUM_MS,
        () => void this.#write(),
      );
      return;
    }
    const row = auditRow({ action: "session.refused", ...refusal }, this.#options.clock);
    await this.#options.store.change(() => ({ writes: [row], result: undefined }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel?.();
    await this.#write();
  }

  #isTooMuch(network: string): boolean {
    const nowMs = this.#options.clock.monotonic();
    const known = this.#told.get(network);
    const isRecent = known !== undefined && nowMs - known.sinceMs < WINDOW_MS;
    const told = isRecent ? known : { sinceMs: nowMs, count: 0 };
    told.count += 1;
    this.#told.delete(network);
    this.#told.set(network, told);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_ADDRESSES && oldest !== undefined) {
      this.#told.delete(oldest);
    }
    return told.count > TOLD_ALONE;
  }

  #add(network: string, { actor, subject }: Refusal): void {
    const sum = this.#sums.get(network) ?? { actor, byName: new Map(), others: 0 };
    this.#sums.set(network, sum);
    const ofName = sum.byName.get(subject.name) ?? { subject, count: 0 };
    if (subject.name === "" || (ofName.count === 0 && sum.byName.size >= MOST_NAMES)) {
      sum.others += 1;
    } else {
      ofName.count += 1;
      sum.byName.set(subject.name, ofName);
    }
  }

  async #write(): Promise<void> {
    const sums = this.#sums;
    this.#sums = new Map();
    this.#cancel = undefined;
    const writes = [...sums.values()].flatMap((sum) => this.#rowsOf(sum));
    if (writes.length === 0) {
      return;
    }
    try {
      await this.#options.store.change(() => ({ writes, result: undefined }));
    } catch (error) {
      // The limits themselves are in memory; only what the audit tells of them is lost.
      this.#options.log?.error({ err: error }, "refused sign-ins could not be written");
    }
  }

  #rowsOf({ actor, byName, others }: Sum): readonly Write[] {
    const names = [...byName.values()].toSorted((a, b) => b.count - a.count);
    const rest = names.slice(MOST_ROWS);
    const more = rest.reduce((total, { count }) => total + count, others);
    const row = (count: number, subject?: Subject, detail = {}): Write => {
      const entry = { actor, ...(subject && { subject }), detail: { count, ...detail } };
      return auditRow({ action: "session.refused", ...entry }, this.#options.clock);
    };
    return [
      ...names.slice(0, MOST_ROWS).map(({ subject, count }) => row(count, subject)),
      ...(more === 0 ? [] : [row(more, undefined, { names: rest.length })]),
    ];
  }
}
