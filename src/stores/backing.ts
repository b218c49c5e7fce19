/** Where a store keeps its rows, and what is kept at once. */
import type { AuditRecord, CollectionName, UserId } from "./records.ts";
import type { AuditRow } from "./rows.ts";

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

/** What a write-through store writes to. */
export interface Backing {
  /**
   * Keeps all of `batch`, or nothing: then it throws `database_write_failed`, and the next call tries anew.
   * Calls follow one another.
   */
  write(batch: Batch): Promise<void>;
  audit(limit: number): AsyncIterable<AuditRecord>;
  close(): Promise<void>;
}
