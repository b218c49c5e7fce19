/** Rows as texts: what is on disk, in exports and in journals. */

/** Collection → key → text. */
export type Rows = Map<string, Map<string, string>>;

/** One row; without `text` it is removed. The collection may be one of an older Homeroom. */
export interface RowText {
  readonly collection: string;
  readonly key: string;
  readonly text: string | undefined;
}

export interface TextWrite extends RowText {
  /** The record that the disk has until now. */
  readonly previous: unknown;
}

export interface AuditRow {
  readonly key: string;
  readonly text: string;
}

export function applyTo(rows: Rows, writes: readonly RowText[]): void {
  for (const { collection, key, text } of writes) {
    const kept = rows.get(collection) ?? new Map<string, string>();
    rows.set(collection, kept);
    if (text === undefined) {
      kept.delete(key);
    } else {
      kept.set(key, text);
    }
  }
}
