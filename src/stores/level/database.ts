/** The database's handle: the one place that calls `level`. Rows are texts here. */
import { Level } from "level";
import { HubError } from "#src/errors.ts";
import type { AuditRow, Rows, RowText } from "#src/stores/rows.ts";

type Sublevel = ReturnType<typeof sublevelOf>;
const sublevelOf = (level: Level, name: string) => level.sublevel(name);

/** `!users!k3j…` is what a sublevel makes of collection and key. */
const KEY = /^!([a-z]+)!(.*)$/s;
/** The sublevel `audit` lies between these two. */
const AUDIT_START = "!audit!";
const AUDIT_END = '!audit"';
/** Everything is in memory: the cache serves the audit alone. */
const CACHE_BYTES = 1024 * 1024;
const WRITE_BUFFER_BYTES = 1024 * 1024;

export class Database {
  readonly #level: Level;
  readonly #sublevels = new Map<string, Sublevel>();

  private constructor(level: Level) {
    this.#level = level;
  }

  /** Throws `database_locked` or `data_folder`; anything else means that the files do not fit together. */
  static async open(path: string, options: { readonly create: boolean }): Promise<Database> {
    const level = new Level(path, {
      createIfMissing: options.create,
      // So that the tables can be checked without a decompressor: see table-check.ts.
      compression: false,
      cacheSize: CACHE_BYTES,
      writeBufferSize: WRITE_BUFFER_BYTES,
    });
    try {
      await level.open();
    } catch (error) {
      throw openFailure(path, error);
    }
    return new Database(level);
  }

  /** All rows but the audit. */
  async rows(): Promise<Rows> {
    const rows: Rows = new Map();
    for (const range of [{ lt: AUDIT_START }, { gte: AUDIT_END }]) {
      for (const [fullKey, text] of await this.#level
        .iterator({ ...range, fillCache: false })
        .all()) {
        const [, collection, key] = KEY.exec(fullKey) ?? [];
        if (collection === undefined || key === undefined) {
          throw new Error(`a row with the key “${fullKey}” is not Homeroom's`);
        }
        const kept = rows.get(collection) ?? new Map<string, string>();
        rows.set(collection, kept.set(key, text));
      }
    }
    return rows;
  }

  /** Newest first. */
  async *audit(limit: number): AsyncGenerator<AuditRow> {
    const iterator = this.#sublevel("audit").iterator({ reverse: true, limit });
    for await (const [key, text] of iterator) {
      yield { key, text };
    }
  }

  /** One atomic batch, on the disk when the promise is kept. */
  async write(batch: {
    readonly rows: readonly RowText[];
    readonly audit?: readonly AuditRow[];
    readonly removeAudit?: readonly string[];
  }): Promise<void> {
    const operation = ({ collection, key, text }: RowText) => {
      const sublevel = this.#sublevel(collection);
      return text === undefined
        ? { type: "del" as const, sublevel, key }
        : { type: "put" as const, sublevel, key, value: text };
    };
    const audit = (batch.audit ?? []).map((row) => ({ collection: "audit", ...row }));
    const removed = (batch.removeAudit ?? []).map((key) => ({
      collection: "audit",
      key,
      text: undefined,
    }));
    const operations = [...batch.rows, ...audit, ...removed].map(operation);
    await this.#level.batch(operations, { sync: true });
  }

  close(): Promise<void> {
    return this.#level.close();
  }

  /** Made once: the database keeps a hold on each that was ever made, until it is closed. */
  #sublevel(collection: string): Sublevel {
    const sublevel = this.#sublevels.get(collection) ?? sublevelOf(this.#level, collection);
    this.#sublevels.set(collection, sublevel);
    return sublevel;
  }
}

function openFailure(path: string, error: unknown): unknown {
  // abstract-level wraps what LevelDB says.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) {
    return error;
  }
  if ("code" in cause && cause.code === "LEVEL_LOCKED") {
    return new HubError("database_locked", { path }, { cause });
  }
  if (
    /permission denied|read-only file system|no space left|too many open files/i.test(cause.message)
  ) {
    return new HubError("data_folder", { path, detail: cause.message }, { cause });
  }
  return cause;
}

export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
