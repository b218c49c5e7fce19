/** What Homeroom remembers: small enough to be held in memory, written through, disk first. */
import type { FailureData } from "#src/errors.ts";
import type { AuditRecord, CollectionName, Collections, IsoTime, UserId } from "./records.ts";
import type { Restored } from "./restored.ts";

/** Reads never wait: everything but the audit is in memory. Records are frozen; nobody changes one in place. */
export interface StoreReader {
  get<Name extends CollectionName>(collection: Name, key: string): Collections[Name] | undefined;
  /** All rows in the order of their keys; `prefix` limits them to keys that start with it. */
  entries<Name extends CollectionName>(
    collection: Name,
    prefix?: string,
  ): Iterable<readonly [key: string, record: Collections[Name]]>;
}

/**
 * One write of a change; `audit` rows get their key (time and sequence) from the store. `redact` takes a
 * person's names, and every text of a `detail`, out of all audit rows about them, those of this change too.
 */
export type Write =
  | {
      [Name in CollectionName]: {
        readonly put: Name;
        readonly key: string;
        readonly record: Collections[Name];
      };
    }[CollectionName]
  | { readonly remove: CollectionName; readonly key: string }
  | { readonly audit: AuditRecord }
  | { readonly redact: UserId };

export interface Change<Result> {
  readonly writes: readonly Write[];
  readonly result: Result;
}

export interface StoreHealth {
  /** The database was restored, and nobody has taken notice yet: see restored.ts. */
  readonly restored?: Restored;
  /** When the newest export was made. */
  readonly lastExport?: IsoTime;
  /** Why exports or the journal are not written at present. */
  readonly trouble?: FailureData;
}

export interface StoreCheck {
  readonly rows: number;
  readonly auditRows: number;
  readonly exports: { readonly good: number; readonly bad: number };
  /** What is wrong with database, exports and journals, in words; empty when all is well. */
  readonly problems: readonly string[];
}

export interface Store extends StoreReader, AsyncDisposable {
  /**
   * Makes one change: `plan` looks at the present state and says what to write. Changes run one after the
   * other, so what `plan` saw is still true when its writes are made: all of them, or none.
   *
   * When the promise is kept, the change is on the disk, and readers see it; when it is broken (`HubError`
   * `database_write_failed`, or whatever `plan` threw), nothing has changed. `plan` must not wait.
   */
  change<Result>(plan: (state: StoreReader) => Change<Result>): Promise<Result>;

  /** Audit rows, newest first. */
  audit(options?: { readonly limit?: number }): AsyncIterable<AuditRecord>;

  /**
   * Called after each change with its writes, before the promise of `change` is kept; indexes and caches
   * live on it. The answer ends the subscription.
   */
  onChange(listener: (writes: readonly Write[]) => void): () => void;

  /** At once, from memory. */
  health(): StoreHealth;

  /** Reads all that is on disk again, while changes go on. */
  verify(): Promise<StoreCheck>;

  /** Ends after the changes under way; later ones are refused with `hub_stopping`. */
  close(): Promise<void>;
}
