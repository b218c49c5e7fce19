/** The database's handle: the one place that calls `level`. Rows are texts here. */
import { Level } from "level";
import { HubError } from "#src/errors.ts";
import { folderDetail } from "#src/stores/files.ts";
import type { AuditRow, Rows, RowText } from "#src/stores/rows.ts";

type Sublevel = ReturnType<typeof sublevelOf>;
const sublevelOf = (level: Level, name: string) => level.sublevel(name);

/** `!users!k3j…` is what a sublevel makes of collection and key. */
const KEY = /^!([A-Za-z]+)!(.*)$/s;
/** The sublevel `audit` lies between these two. */
const AUDIT_START = "!audit!";
const AUDIT_END = '!audit"';
const KEYS_AT_ONCE = 5000;
const KEYS_AT_ONCE_BYTES = 512 * 1024;
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

  /** All rows but the audit, as they are at the time of the call. */
  async rows(): Promise<Rows> {
    const rows: Rows = new Map();
    const iterators = [{ lt: AUDIT_START }, { gte: AUDIT_END }].map((range) =>
      this.#level.iterator({ ...range, fillCache: false }),
    );
    for (const iterator of iterators) {
      for (const [fullKey, text] of await iterator.all()) {
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

  /** Newest first, as they are at the time of the call. */
  audit(limit: number): AsyncIterable<AuditRow> {
    const iterator = this.#sublevel("audit").iterator({ reverse: true, limit });
    return (async function* () {
      for await (const [key, text] of iterator) {
        yield { key, text };
      }
    })();
  }

  /** The oldest first, as they are at the time of the call: many at once, for they are read at each start. */
  auditKeys(): AsyncIterable<readonly string[]> {
    const iterator = this.#level.keys({
      gte: AUDIT_START,
      lt: AUDIT_END,
      fillCache: false,
      highWaterMarkBytes: KEYS_AT_ONCE_BYTES,
    });
    return (async function* () {
      try {
        for (let keys = await iterator.nextv(KEYS_AT_ONCE); keys.length > 0;) {
          yield keys.map((key) => key.slice(AUDIT_START.length));
          keys = await iterator.nextv(KEYS_AT_ONCE);
        }
      } finally {
        await iterator.close();
      }
    })();
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

  /** Lets LevelDB tidy all its files, beside what goes on; afterwards it writes into a new log. */
  async compact(): Promise<void> {
    // All keys begin with the first of these.
    await compactable(this.#level).compactRange("!", '"');
  }

  /** Writes rows once more, by their whole keys, as they are: nobody may change them meanwhile. */
  async rewrite(keys: readonly string[]): Promise<void> {
    const values = await this.#level.getMany([...keys]);
    const operations = keys.map((key, index) => {
      const value: string | undefined = values[index];
      return value === undefined
        ? { type: "del" as const, key }
        : { type: "put" as const, key, value };
    });
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

interface Compactable {
  compactRange(start: string, end: string): Promise<void>;
}

/** `level` is LevelDB in Node.js alone, so its types do not know all of it. */
function compactable(level: object): Compactable {
  if (!("compactRange" in level)) {
    throw new TypeError("This database cannot be compacted");
  }
  return level as Compactable;
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
    /permission denied|read-only file system|no space left|too many open files|cannot allocate/i.test(
      cause.message,
    )
  ) {
    return new HubError("data_folder", { path, detail: folderDetail(cause) }, { cause });
  }
  return cause;
}
