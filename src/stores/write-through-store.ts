/**
 * The store itself, whatever keeps the rows: one change after the other, disk first, then memory.
 *
 * Changes that wait while a write is under way go into the next write together: thirty sign-ins at the same
 * moment cost two writes on a slow card, not thirty.
 */
import { HubError } from "#src/errors.ts";
import { frozenCopy } from "./frozen-json.ts";
import type { AuditRecord, CollectionName, Collections, MetaRecord, UserId } from "./records.ts";
import { redactedRow } from "./redact.ts";
import type { AuditRow } from "./rows.ts";
import type { Change, Store, StoreCheck, StoreHealth, StoreReader, Write } from "./store.ts";
import { readRestored } from "./restored.ts";
import type { Tables } from "./tables.ts";

/** A row as it is to be kept; without `text` it is removed. */
export interface RowWrite {
  readonly collection: CollectionName;
  readonly key: string;
  readonly text: string | undefined;
  /** What the disk has until now. */
  readonly previous: unknown;
}

/** Each row stands in it once. */
export interface Batch {
  readonly rows: readonly RowWrite[];
  readonly audit: readonly AuditRow[];
  /** Of whom the audit rows that are kept already say no word from now on; `audit` does not. */
  readonly redact: readonly UserId[];
}

/** Where a {@link WriteThroughStore} keeps its rows. */
export interface Backing {
  /**
   * Keeps all of `batch`, or nothing: then it throws `database_write_failed`, and the next call tries anew.
   * Calls follow one another.
   */
  write(batch: Batch): Promise<void>;
  audit(limit: number): AsyncIterable<AuditRecord>;
  close(): Promise<void>;
}

interface Waiting {
  readonly plan: (state: StoreReader) => {
    readonly writes: readonly Write[];
    readonly resolve: () => void;
  };
  readonly reject: (error: unknown) => void;
}

interface PlannedRow {
  readonly collection: CollectionName;
  readonly key: string;
  readonly text: string | undefined;
  readonly record: Collections[CollectionName] | undefined;
}

interface Planned {
  readonly rows: readonly PlannedRow[];
  readonly audit: readonly AuditRow[];
  readonly redact: readonly UserId[];
  readonly writes: readonly Write[];
  readonly resolve: () => void;
}

type Outcome =
  | { readonly waiting: Waiting; readonly planned: Planned }
  | { readonly waiting: Waiting; readonly error: unknown };

/** A bound for the size of one write, far above what a class does at once. */
const MAX_GROUP = 200;

export class WriteThroughStore implements Store {
  readonly #backing: Backing;
  /** What is on the disk: readers see this. */
  readonly #kept: Tables;
  /** With the changes of the write under way: plans see this. */
  readonly #draft: Tables;
  readonly #listeners = new Set<(writes: readonly Write[]) => void>();
  readonly #queue: Waiting[] = [];
  #working: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isWriting = false;
  readonly #waitingAlone: (() => Promise<void>)[] = [];
  readonly #waitingForRest: (() => void)[] = [];
  #lastAuditTime: string;

  /** `kept` and `draft` hold the same rows; the store owns both from now on. */
  constructor(options: {
    readonly backing: Backing;
    readonly kept: Tables;
    readonly draft: Tables;
    readonly lastAuditTime?: string | undefined;
  }) {
    this.#backing = options.backing;
    this.#kept = options.kept;
    this.#draft = options.draft;
    this.#lastAuditTime = options.lastAuditTime ?? "";
  }

  get<Name extends CollectionName>(collection: Name, key: string): Collections[Name] | undefined {
    return this.#kept.get(collection, key);
  }

  entries<Name extends CollectionName>(
    collection: Name,
    prefix?: string,
  ): Iterable<readonly [key: string, record: Collections[Name]]> {
    return this.#kept.entries(collection, prefix);
  }

  change<Result>(plan: (state: StoreReader) => Change<Result>): Promise<Result> {
    if (this.#closing !== undefined) {
      return Promise.reject(new HubError("hub_stopping"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const planAndKeep = (state: StoreReader) => {
      const { writes, result } = plan(state);
      return { writes, resolve: () => resolve(result) };
    };
    this.#queue.push({ plan: planAndKeep, reject });
    this.#working ??= this.#work();
    return promise;
  }

  audit(options: { readonly limit?: number } = {}): AsyncIterable<AuditRecord> {
    return this.#backing.audit(options.limit ?? Number.MAX_SAFE_INTEGER);
  }

  onChange(listener: (writes: readonly Write[]) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  health(): StoreHealth {
    const restored = readRestored(this.#kept);
    return restored === undefined ? {} : { restored };
  }

  async verify(): Promise<StoreCheck> {
    let auditRows = 0;
    for await (const _ of this.audit()) {
      auditRows += 1;
    }
    return {
      rows: this.#kept.size,
      auditRows,
      exports: { good: 0, bad: 0 },
      problems: [],
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls `look` while readers see what is on the disk: now, or between two writes. */
  protected atRest<Result>(look: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const answer = () => {
      try {
        resolve(look());
      } catch (error) {
        reject(error);
      }
    };
    if (this.#isWriting) {
      this.#waitingForRest.push(answer);
    } else {
      answer();
    }
    return promise;
  }

  /** Calls `work` between two writes; the next waits for its end. */
  protected alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waitingAlone.push(() => work().then(resolve, reject));
    this.#working ??= this.#work();
    return promise;
  }

  /** Ends what goes on beside changes, which are refused by now. */
  protected endOtherWork(): Promise<void> {
    return Promise.resolve();
  }

  async #close(): Promise<void> {
    await this.endOtherWork();
    await this.#working;
    await this.#backing.close();
  }

  async #work(): Promise<void> {
    // Changes asked for in the same turn share the first write.
    await Promise.resolve();
    while (this.#queue.length > 0 || this.#waitingAlone.length > 0) {
      this.#isWriting = true;
      await this.#waitingAlone.shift()?.();
      await this.#carryOut(this.#queue.splice(0, MAX_GROUP));
      this.#isWriting = false;
      for (const look of this.#waitingForRest.splice(0)) {
        look();
      }
    }
    this.#working = undefined;
  }

  async #carryOut(group: readonly Waiting[]): Promise<void> {
    const outcomes = group.map((waiting): Outcome => {
      try {
        return { waiting, planned: this.#plan(waiting.plan) };
      } catch (error) {
        return { waiting, error };
      }
    });
    const planned = outcomes.flatMap((outcome) => ("planned" in outcome ? [outcome.planned] : []));
    try {
      await this.#write(planned);
    } catch (error) {
      this.#forget(planned);
      // Also those whose plan threw: it may have looked at a change that is not made now.
      for (const { waiting } of outcomes) {
        waiting.reject(error);
      }
      return;
    }
    for (const outcome of outcomes) {
      if ("planned" in outcome) {
        this.#publish(outcome.planned);
        outcome.planned.resolve();
      } else {
        outcome.waiting.reject(outcome.error);
      }
    }
  }

  #plan(plan: Waiting["plan"]): Planned {
    const change = plan(this.#draft);
    const writes = change.writes.map((write) => frozenCopy(write));
    const rows: PlannedRow[] = [];
    const audit: AuditRow[] = [];
    const redact: UserId[] = [];
    const meta = this.#meta();
    let next = meta;
    for (const write of writes) {
      if ("audit" in write) {
        const key = this.#auditKey(write.audit, next.nextAuditNumber);
        audit.push({ key, text: JSON.stringify(write.audit) });
        next = { ...next, nextAuditNumber: next.nextAuditNumber + 1 };
      } else if ("redact" in write) {
        redact.push(write.redact);
      } else if ("remove" in write) {
        rows.push(plannedRow(write.remove, write.key, undefined));
      } else if (write.put === "meta") {
        // Schema and audit number are the store's own.
        const { nextUserNumber, nextGroupNumber, nextTokenNumber, nextShareCodeNumber } =
          write.record;
        next = {
          ...next,
          nextUserNumber,
          nextGroupNumber,
          ...(nextTokenNumber === undefined ? {} : { nextTokenNumber }),
          ...(nextShareCodeNumber === undefined ? {} : { nextShareCodeNumber }),
        };
      } else {
        rows.push(plannedRow(write.put, write.key, write.record));
      }
    }
    if (rows.some(({ collection }) => collection === "meta")) {
      throw new TypeError("The meta row stays");
    }
    if (next !== meta) {
      rows.push(plannedRow("meta", "meta", frozenCopy(next)));
    }
    // Only now: when anything above threw, nothing of this change is seen by the next one.
    for (const row of rows) {
      this.#draft.set(row.collection, row.key, row.record);
    }
    return { rows, audit, redact, writes, resolve: change.resolve };
  }

  #meta(): MetaRecord {
    const meta = this.#draft.get("meta", "meta");
    if (meta === undefined) {
      throw new TypeError("A store begins with its meta row");
    }
    return meta;
  }

  /** Keys grow with every row, also when the clock was set back: newest first is the order of writing. */
  #auditKey(record: AuditRecord, sequence: number): string {
    if (record.at > this.#lastAuditTime) {
      this.#lastAuditTime = record.at;
    }
    return `${this.#lastAuditTime}!${String(sequence).padStart(12, "0")}`;
  }

  async #write(planned: readonly Planned[]): Promise<void> {
    const rows = new Map<string, RowWrite>();
    for (const { collection, key, text } of planned.flatMap((change) => change.rows)) {
      const previous = this.#kept.get(collection, key);
      rows.set(`${collection}!${key}`, { collection, key, text, previous });
    }
    const audit = auditOf(planned);
    const redact = planned.flatMap((change) => change.redact);
    if (rows.size > 0 || audit.length > 0 || redact.length > 0) {
      await this.#backing.write({ rows: [...rows.values()], audit, redact });
    }
  }

  #forget(planned: readonly Planned[]): void {
    for (const { collection, key } of planned.flatMap((change) => change.rows)) {
      this.#draft.set(collection, key, this.#kept.get(collection, key));
    }
  }

  #publish(planned: Planned): void {
    for (const row of planned.rows) {
      this.#kept.set(row.collection, row.key, row.record);
    }
    for (const listener of this.#listeners) {
      try {
        listener(planned.writes);
      } catch (error) {
        // The change is made, whatever a listener does; but an index that did not follow must not be trusted.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** As if the changes had been written one by one. */
function auditOf(planned: readonly Planned[]): readonly AuditRow[] {
  let audit: AuditRow[] = [];
  for (const change of planned) {
    audit.push(...change.audit);
    for (const userId of change.redact) {
      audit = audit.map((row) => redactedRow(row, userId) ?? row);
    }
  }
  return audit;
}

function plannedRow<Name extends CollectionName>(
  collection: Name,
  key: string,
  record: Collections[Name] | undefined,
): PlannedRow {
  const text = record === undefined ? undefined : JSON.stringify(record);
  return { collection, key, text, record };
}
