/** Changes that are planned and not yet kept: each sees those before it, of the same write too. */
import type { Batch, RowWrite } from "./backing.ts";
import { frozenCopy } from "./frozen-json.ts";
import { metaOf } from "./meta-row.ts";
import type { AuditRecord, CollectionName, Collections, UserId } from "./records.ts";
import { redactedRow } from "./redact.ts";
import type { AuditRow } from "./rows.ts";
import type { StoreReader, Write } from "./store.ts";
import type { Tables } from "./tables.ts";

interface PlannedRow {
  readonly collection: CollectionName;
  readonly key: string;
  readonly text: string | undefined;
  readonly record: Collections[CollectionName] | undefined;
}

export interface PlannedChange {
  readonly rows: readonly PlannedRow[];
  readonly audit: readonly AuditRow[];
  readonly redact: readonly UserId[];
  readonly writes: readonly Write[];
}

export class Draft {
  readonly #kept: Tables;
  readonly #tables: Tables;
  #lastAuditTime: string;

  /** `kept` is what the disk has; `tables` holds the same rows, and is the draft's own from now on. */
  constructor(options: {
    readonly kept: Tables;
    readonly tables: Tables;
    readonly lastAuditTime?: string | undefined;
  }) {
    this.#kept = options.kept;
    this.#tables = options.tables;
    this.#lastAuditTime = options.lastAuditTime ?? "";
  }

  get state(): StoreReader {
    return this.#tables;
  }

  /** What a change writes that was planned on {@link state}; throws before any of it is seen there. */
  add(wanted: readonly Write[]): PlannedChange {
    const writes = wanted.map((write) => frozenCopy(write));
    const rows: PlannedRow[] = [];
    const audit: AuditRow[] = [];
    const redact: UserId[] = [];
    const meta = metaOf(this.#tables);
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
      this.#tables.set(row.collection, row.key, row.record);
    }
    return { rows, audit, redact, writes };
  }

  /** What the disk is to keep of them, each row as the last of them leaves it; `undefined`: nothing. */
  batchOf(planned: readonly PlannedChange[]): Batch | undefined {
    const rows = new Map<string, RowWrite>();
    for (const { collection, key, text } of planned.flatMap((change) => change.rows)) {
      const previous = this.#kept.get(collection, key);
      rows.set(`${collection}!${key}`, { collection, key, text, previous });
    }
    const audit = auditOf(planned);
    const redact = planned.flatMap((change) => change.redact);
    if (rows.size === 0 && audit.length === 0 && redact.length === 0) return undefined;
    return { rows: [...rows.values()], audit, redact };
  }

  /** The disk has it now. */
  keep({ rows }: PlannedChange): void {
    for (const row of rows) {
      this.#kept.set(row.collection, row.key, row.record);
    }
  }

  /** The disk has taken none of them. */
  forget(planned: readonly PlannedChange[]): void {
    for (const { collection, key } of planned.flatMap((change) => change.rows)) {
      this.#tables.set(collection, key, this.#kept.get(collection, key));
    }
  }

  /** Keys grow with every row, also when the clock was set back: newest first is the order of writing. */
  #auditKey(record: AuditRecord, sequence: number): string {
    if (record.at > this.#lastAuditTime) {
      this.#lastAuditTime = record.at;
    }
    return `${this.#lastAuditTime}!${String(sequence).padStart(12, "0")}`;
  }
}

/** As if the changes had been written one by one. */
function auditOf(planned: readonly PlannedChange[]): readonly AuditRow[] {
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
