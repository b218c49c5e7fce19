/** One attempt to open the database: it proves that every row is there, or says what does not fit. */
import { mkdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { Checksum } from "#src/stores/checksum.ts";
import { detailOf, FOLDER_MODE, syncFolder, undefinedIfMissing } from "#src/stores/files.ts";
import { makeFirstRows } from "#src/stores/first-rows.ts";
import { schemaAfter, type Migration } from "#src/stores/migrations/migrations.ts";
import type { Rows } from "#src/stores/rows.ts";
import type { Tables } from "#src/stores/tables.ts";
import { AuditNumbers, missingLines } from "./audit-gaps.ts";
import { Database } from "./database.ts";
import { KeptFiles } from "./kept-files.ts";
import type { Marker } from "./marker.ts";
import { migrate, parseMeta } from "./migrate.ts";
import { readTables } from "./read-tables.ts";
import { findDamagedTable } from "./table-check.ts";

const LOOKS = 2;
const BETWEEN_LOOKS_MS = 250;

interface OpeningOptions {
  readonly path: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly migrations: readonly Migration[];
  readonly marker: Marker;
  /** Changes that the database must have at least, whatever the marker says. */
  readonly changes: number;
}

export interface Opened {
  readonly database: Database;
  readonly checksum: Checksum;
  /** Two tables that share their records. */
  readonly kept: Tables;
  readonly draft: Tables;
  readonly lastAuditTime: string | undefined;
}

/** Throws `database_locked`, `database_newer`, `database_unreadable` (the files are as they were), `data_folder`. */
export async function openDatabase(options: OpeningOptions): Promise<Opened> {
  const kept = await keepWholeFiles(options.path);
  if (!options.marker.exists && options.changes === 0) {
    await mkdir(options.path, { recursive: true, mode: FOLDER_MODE });
  }
  return new Opening(options, kept).open();
}

/** Files of a database that LevelDB can be trusted with. */
async function keepWholeFiles(path: string): Promise<KeptFiles> {
  for (let look = 1; ; look += 1) {
    const kept = await KeptFiles.make(path);
    const damage = await findDamagedTable(path).catch(async (error: unknown) => {
      await kept.dropOurs();
      throw error;
    });
    if (damage === undefined) {
      return kept;
    }
    await kept.dropOurs();
    if (look === LOOKS) {
      throw new HubError("database_unreadable", { path, detail: damage });
    }
    // A hub that has the database open may have been tidying its files: the next look finds them whole.
    await sleep(BETWEEN_LOOKS_MS);
  }
}

class Opening {
  readonly #path: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #migrations: readonly Migration[];
  readonly #marker: Marker;
  /** Changes that the database must have at least. */
  readonly #changes: number;
  readonly #kept: KeptFiles;

  constructor(options: OpeningOptions, kept: KeptFiles) {
    this.#path = options.path;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#migrations = options.migrations;
    this.#marker = options.marker;
    this.#changes = options.changes;
    this.#kept = kept;
  }

  async open(): Promise<Opened> {
    const database = await this.#openDatabase();
    try {
      return await this.#openRows(database);
    } catch (error) {
      await database.close();
      await this.#kept.putBack();
      throw error;
    }
  }

  /** Nothing was ever promised for this folder, so it may begin empty. */
  get #isNew(): boolean {
    return !this.#marker.exists && this.#changes === 0 && !this.#kept.looksUsed;
  }

  async #openDatabase(): Promise<Database> {
    try {
      // LevelDB makes the folder before it looks whether there is anything in it.
      if (!this.#isNew) await demandFile(join(this.#path, "CURRENT"));
      return await Database.open(this.#path, { create: this.#isNew });
    } catch (error) {
      if (error instanceof HubError) {
        await this.#kept.dropOurs();
        throw error;
      }
      if (this.#isNew) {
        // The power went away during the very first start.
        this.#log.warn({ err: error, path: this.#path }, "an unfinished database is set aside");
        await this.#kept.setAside();
        return Database.open(this.#path, { create: true });
      }
      await this.#kept.putBack();
      // When another hub has them now: nothing was altered by looking.
      await this.#kept.dropOurs();
      throw this.#unreadable(error);
    }
  }

  async #openRows(database: Database): Promise<Opened> {
    let rows = await this.#read(() => database.rows());
    if (rows.size === 0 && this.#isNew) {
      await this.#begin(database);
      rows = await this.#read(() => database.rows());
    }
    const found = await this.#read(() => this.#verify(rows));
    await this.#read(() => verifyAudit(database, rows));
    const checksum = await this.#migrate(database, rows, found);
    const lastAuditTime = await this.#read(() => readLastAuditTime(database));
    const tables = await this.#read(() => readTables(rows));
    await this.#marker.open(checksum.changes);
    await this.#kept.drop();
    return { database, checksum, ...tables, lastAuditTime };
  }

  /** The first rows, on the disk before the marker says that they are. */
  async #begin(database: Database): Promise<void> {
    const { meta, group } = makeFirstRows(schemaAfter(this.#migrations), this.#clock);
    const first: Rows = new Map([
      ["meta", new Map([["meta", JSON.stringify(meta)]])],
      ["groups", new Map([[group.id, JSON.stringify(group)]])],
    ]);
    const rows = [...first].flatMap(([collection, texts]) =>
      [...texts].map(([key, text]) => ({ collection, key, text })),
    );
    await database.write({ rows: [...rows, Checksum.of(first, 1).row()] });
    await syncFolder(this.#path);
    await syncFolder(dirname(this.#path));
  }

  #verify(rows: Rows): Checksum {
    if (rows.size === 0) {
      throw new Error("it is empty, although this box was set up");
    }
    // Before the checksum: a newer Homeroom may have another one.
    const { schema } = parseMeta(rows);
    const known = schemaAfter(this.#migrations);
    if (schema > known) {
      throw new HubError("database_newer", { path: this.#path, found: schema, known });
    }
    const written = Checksum.read(rows);
    const difference = written.difference(Checksum.of(rows, written.changes));
    if (difference !== undefined) {
      throw new Error(difference);
    }
    const missing = this.#changes - written.changes;
    if (missing > 0) {
      throw new Error(
        missing === 1 ? "the last change is missing" : `the last ${missing} changes are missing`,
      );
    }
    return written;
  }

  async #migrate(database: Database, rows: Rows, found: Checksum): Promise<Checksum> {
    let checksum = found;
    const { schema } = parseMeta(rows);
    for (const migration of this.#migrations.filter(({ to }) => to > schema)) {
      this.#log.info(
        { schema: migration.to, about: migration.about },
        "the database is brought up to date",
      );
      checksum = await migrate(database, rows, checksum, migration);
    }
    return checksum;
  }

  /** Whatever cannot be read is damage. */
  async #read<Result>(read: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      throw error instanceof HubError ? error : this.#unreadable(error);
    }
  }

  #unreadable(cause: unknown): HubError {
    const params = { path: this.#path, detail: detailOf(cause) };
    return new HubError("database_unreadable", params, { cause });
  }
}

async function demandFile(path: string): Promise<void> {
  if ((await stat(path).catch(undefinedIfMissing)) === undefined) {
    throw new Error(`its file ${basename(path)} is missing`);
  }
}

async function verifyAudit(database: Database, rows: Rows): Promise<void> {
  const missing = missingLines(await AuditNumbers.read(database.auditKeys()), rows);
  if (missing > 0) {
    throw new Error(
      missing === 1
        ? "a line of the audit is missing"
        : `${missing} lines of the audit are missing`,
    );
  }
}

async function readLastAuditTime(database: Database): Promise<string | undefined> {
  for await (const { key } of database.audit(1)) {
    return key.split("!", 1)[0];
  }
  return undefined;
}
