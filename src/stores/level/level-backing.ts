/** Keeps rows in LevelDB: one synced batch for each write, with the checksum of all rows in it. */
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { toFrozen } from "#src/stores/frozen-json.ts";
import type { AuditRecord, UserId } from "#src/stores/records.ts";
import { Checksum } from "#src/stores/checksum.ts";
import type { Exporter } from "#src/stores/exports/exporter.ts";
import { detailOf, isNoSpace } from "#src/stores/files.ts";
import type { Reserve } from "#src/stores/reserve.ts";
import { namesIn, redactedRow } from "#src/stores/redact.ts";
import type { AuditRow } from "#src/stores/rows.ts";
import type { Backing, Batch, RowWrite } from "#src/stores/backing.ts";
import type { Database } from "./database.ts";
import type { Marker } from "./marker.ts";
import { Readers } from "./readers.ts";

/** A write that went wrong: nobody knows whether it is on the disk. */
interface Doubt {
  readonly batch: Batch;
  /** What the checksum is if it is. */
  readonly checksum: Checksum;
  /** Audit rows that it redacts, as they were. */
  readonly audit: readonly AuditRow[];
}

/** What of {@link Database} is used here, so that a test can make each call fail. */
export type OpenDatabase = Pick<
  Database,
  "rows" | "audit" | "auditKeys" | "write" | "compact" | "rewrite" | "close"
>;

export class LevelBacking implements Backing {
  readonly #path: string;
  readonly #log: Logger;
  readonly #marker: Marker;
  readonly #exporter: Exporter;
  readonly #reserve: Pick<Reserve, "use"> | undefined;
  readonly #reopen: () => Promise<OpenDatabase>;
  readonly #readers = new Readers();
  #database: OpenDatabase | undefined;
  #checksum: Checksum;
  #doubt: Doubt | undefined;
  /** Under way: readers wait for it. */
  #opening: Promise<OpenDatabase> | undefined;

  constructor(options: {
    readonly path: string;
    readonly log: Logger;
    readonly marker: Marker;
    readonly exporter: Exporter;
    readonly reserve?: Pick<Reserve, "use">;
    readonly database: OpenDatabase;
    readonly reopen: () => Promise<OpenDatabase>;
    readonly checksum: Checksum;
  }) {
    this.#path = options.path;
    this.#log = options.log;
    this.#marker = options.marker;
    this.#exporter = options.exporter;
    this.#reserve = options.reserve;
    this.#reopen = options.reopen;
    this.#database = options.database;
    this.#checksum = options.checksum;
  }

  get checksum(): Checksum {
    return this.#checksum;
  }

  /** Ends when the database is not just being opened anew. */
  async opened(): Promise<void> {
    await this.#opening?.catch(() => undefined);
  }

  /** The handle to the disk, for reading; throws when there is none at present. */
  get database(): OpenDatabase {
    if (this.#database === undefined) {
      throw this.#doubt === undefined ? new HubError("hub_stopping") : writeFailure("it is closed");
    }
    return this.#readers.counting(this.#database);
  }

  /** Writes rows once more, as they are. Only between two writes. */
  async rewrite(keys: readonly string[]): Promise<void> {
    const database = await this.#sureDatabase();
    try {
      await database.rewrite(keys);
    } catch (error) {
      this.#doubt = this.#nothing();
      throw error;
    }
  }

  /**
   * Closes the database and opens it again, with another manifest and another log of LevelDB's; `false` when somebody
   * reads in it. Only between two writes.
   */
  async reopen(): Promise<boolean> {
    if (!this.#readers.isNobody) {
      return false;
    }
    this.#doubt ??= this.#nothing();
    await this.#sureDatabase();
    return true;
  }

  async write(batch: Batch): Promise<void> {
    try {
      await this.#write(batch);
    } catch (error) {
      if (!isNoSpace(error) || (await this.#reserve?.use()) !== true) {
        throw error;
      }
      await this.#write(batch);
    }
  }

  async #write(batch: Batch): Promise<void> {
    const database = await this.#sureDatabase();
    const checksum = this.#checksum.after(batch.rows);
    const redactions = await findRedactions(database, batch.redact);
    try {
      await database.write({
        rows: [...batch.rows, checksum.row()],
        audit: [...redactions.after, ...batch.audit],
      });
    } catch (error) {
      this.#doubt = { batch, checksum, audit: redactions.before };
      throw writeFailure(error);
    }
    await this.#written(checksum, batch);
  }

  async *audit(limit: number): AsyncGenerator<AuditRecord> {
    await this.opened();
    try {
      for await (const { text } of this.database.audit(limit)) {
        yield toFrozen<AuditRecord>(text);
      }
    } catch (error) {
      if (error instanceof HubError) {
        throw error;
      }
      const params = { path: this.#path, detail: `the audit: ${detailOf(error)}` };
      throw new HubError("database_unreadable", params, { cause: error });
    }
  }

  async close(): Promise<void> {
    if (this.#doubt !== undefined) {
      // Whoever was told that nothing changed shall not find it changed at the next start.
      await this.#sureDatabase().catch(() => undefined);
    }
    await this.#exporter.close();
    const database = this.#database;
    this.#database = undefined;
    try {
      await database?.close();
    } finally {
      await this.#marker.close();
    }
  }

  /** A write that changes no row: the rows are to be as they were. */
  #nothing(): Doubt {
    return { batch: { rows: [], audit: [], redact: [] }, checksum: this.#checksum, audit: [] };
  }

  /** The journal first: the marker tells of no change that it does not have. */
  async #written(checksum: Checksum, batch: Batch): Promise<void> {
    const from = this.#checksum.changes;
    this.#checksum = checksum;
    await this.#exporter.note(from, checksum, batch);
    await this.#marker.note(checksum.changes);
  }

  /**
   * After a failed write the log may end in half a record, and LevelDB would put the next one right behind
   * it, where a later start cannot read it. Opening anew replays the log and begins another.
   */
  async #sureDatabase(): Promise<OpenDatabase> {
    if (this.#doubt === undefined) {
      return this.database;
    }
    this.#opening ??= this.#openAnew(this.#doubt);
    try {
      return await this.#opening;
    } catch (error) {
      throw writeFailure(error);
    } finally {
      this.#opening = undefined;
    }
  }

  async #openAnew(doubt: Doubt): Promise<OpenDatabase> {
    const old = this.#database;
    // At once: nobody begins to read in what is being closed.
    this.#database = undefined;
    try {
      await old?.close();
    } catch (error) {
      this.#database = old;
      throw error;
    }
    const database = await this.#reopen();
    this.#database = database;
    await this.#settle(database, doubt);
    this.#doubt = undefined;
    this.#log.info({ path: this.#path }, "the database can be written again");
    return database;
  }

  /** Whoever asked for the doubtful write was told that nothing changed: so it is undone if it is there. */
  async #settle(database: OpenDatabase, doubt: Doubt): Promise<void> {
    const found = Checksum.of(await database.rows(), this.#checksum.changes);
    if (this.#checksum.fits(found)) {
      return;
    }
    if (!doubt.checksum.fits(found)) {
      throw new Error(`the rows are not what was written: ${this.#checksum.difference(found)}`);
    }
    const rows = doubt.batch.rows.map((row) => ({ ...row, text: previousText(row) }));
    const undone = this.#checksum.at(doubt.checksum.changes + 1);
    await database.write({
      rows: [...rows, undone.row()],
      audit: doubt.audit,
      removeAudit: doubt.batch.audit.map(({ key }) => key),
    });
    await this.#written(undone, { rows: [], audit: [], redact: [] });
  }
}

/** Rows as they are and as they are to be. The audit is read twice as a whole: people are erased seldom. */
async function findRedactions(
  database: OpenDatabase,
  userIds: readonly UserId[],
): Promise<{ readonly before: readonly AuditRow[]; readonly after: readonly AuditRow[] }> {
  const before: AuditRow[] = [];
  const after: AuditRow[] = [];
  if (userIds.length === 0) {
    return { before, after };
  }
  try {
    const names = new Map(userIds.map((userId) => [userId, new Set<string>()]));
    for await (const { text } of database.audit(Number.MAX_SAFE_INTEGER)) {
      for (const [userId, known] of names) {
        if (text.includes(userId)) {
          for (const name of namesIn(toFrozen<AuditRecord>(text), userId)) known.add(name);
        }
      }
    }
    for await (const row of database.audit(Number.MAX_SAFE_INTEGER)) {
      let redacted: AuditRow | undefined;
      for (const [userId, known] of names) {
        redacted = redactedRow(redacted ?? row, userId, known) ?? redacted;
      }
      if (redacted !== undefined) {
        before.push(row);
        after.push(redacted);
      }
    }
  } catch (error) {
    throw writeFailure(error);
  }
  return { before, after };
}

function previousText({ previous }: RowWrite): string | undefined {
  return previous === undefined ? undefined : JSON.stringify(previous);
}

function writeFailure(error: unknown): HubError {
  return new HubError("database_write_failed", { detail: detailOf(error) }, { cause: error });
}
