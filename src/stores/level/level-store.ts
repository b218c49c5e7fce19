/** The store on disk, with exports and a journal beside it. What is damaged is restored from them, and told. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemClock, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import {
  Exporter,
  laterUnlessEnding,
  type Cut,
  type ExporterOptions,
} from "#src/stores/exports/exporter.ts";
import { ExportsFolder, type Entries } from "#src/stores/exports/exports-folder.ts";
import { lastJournalled } from "#src/stores/exports/newest-state.ts";
import { detailOf, FOLDER_MODE } from "#src/stores/files.ts";
import { migrations, type Migration } from "#src/stores/migrations/migrations.ts";
import { isNoSpace, Reserve } from "#src/stores/reserve.ts";
import type { Store, StoreCheck, StoreHealth } from "#src/stores/store.ts";
import { WriteThroughStore } from "#src/stores/write-through-store.ts";
import { Database } from "./database.ts";
import { LevelBacking, type OpenDatabase } from "./level-backing.ts";
import { Marker } from "./marker.ts";
import { openDatabase, type Opened } from "./opening.ts";
import { finishRestore, reasonOf, restoreDatabase, tidyAfterRestore } from "./restore.ts";
import { folderNumber } from "./restore-lock.ts";
import { checkAll } from "./verify.ts";

export interface LevelStore extends Store {
  /** Writes since the database was made: grows with every one. */
  readonly changes: number;
}

export interface LevelStoreOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly migrations?: readonly Migration[];
  /** For tests: when exports are made. */
  readonly later?: ExporterOptions["later"];
  /** For tests: what stands between the store and its database. */
  readonly through?: (database: OpenDatabase) => OpenDatabase;
}

/**
 * Restores the database when it is damaged or gone. Throws `database_locked` (another hub has it),
 * `database_newer`, `database_unreadable` (no export is whole either: the files are left as they were found),
 * `data_folder` (no right to write, no space).
 */
export async function openLevelStore(
  path: string,
  options: LevelStoreOptions,
): Promise<LevelStore> {
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const { log, later = laterUnlessEnding } = options;
    const reserve = new Reserve(join(folder, "reserve"), { log, later });
    try {
      return await openOrRestore(path, options, reserve);
    } catch (error) {
      if (!isNoSpace(error) || !(await reserve.use())) throw error;
      return await openOrRestore(path, options, reserve);
    }
  } catch (error) {
    if (error instanceof HubError) {
      throw error;
    }
    throw new HubError("data_folder", { path: folder, detail: detailOf(error) }, { cause: error });
  }
}

async function openOrRestore(
  path: string,
  options: LevelStoreOptions,
  reserve: Reserve,
): Promise<LevelStore> {
  const { log, clock = systemClock, migrations: steps = migrations, later } = options;
  const { through = (database) => database } = options;
  const folder = new ExportsFolder(join(dirname(path), "exports"));
  await finishRestore(path);
  const marker = await Marker.read(join(dirname(path), "initialised"), log);
  const entries = await folder.entries();
  const changes = await leastChanges(marker, entries);
  const parts = { path, log, clock, migrations: steps };
  let opened: Opened;
  try {
    opened = await openDatabase({ ...parts, marker, changes });
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== "database_unreadable") {
      throw error;
    }
    const seen = await folderNumber(path);
    await restoreDatabase({ ...parts, folder, changes, reason: reasonOf(error), seen });
    opened = await openDatabase({ ...parts, marker, changes });
  }
  await tidyAfterRestore(path);
  const exporter = new Exporter({
    folder,
    log,
    clock,
    reserve,
    ...(later !== undefined && { later }),
  });
  const backing = new LevelBacking({
    path,
    log,
    marker,
    exporter,
    reserve,
    database: through(opened.database),
    reopen: async () => through(await Database.open(path, { create: false })),
    checksum: opened.checksum,
  });
  const store = new LevelWriteThroughStore({ path, folder, opened, backing, exporter, reserve });
  await exporter.begin(store, { changes: store.changes, newest: entries.exports[0] });
  void reserve.refill();
  return store;
}

/** Changes that the database must have: the marker tells, or else what lies beside it. */
async function leastChanges(marker: Marker, { exports, journals }: Entries): Promise<number> {
  const exported = exports[0]?.changes ?? 0;
  return marker.changes > 0
    ? Math.max(marker.changes, exported)
    : Math.max(exported, await lastJournalled(journals));
}

class LevelWriteThroughStore extends WriteThroughStore implements LevelStore {
  readonly #path: string;
  readonly #folder: ExportsFolder;
  readonly #opened: Opened;
  readonly #backing: LevelBacking;
  readonly #exporter: Exporter;
  readonly #reserve: Reserve;

  constructor(parts: {
    readonly path: string;
    readonly folder: ExportsFolder;
    readonly opened: Opened;
    readonly backing: LevelBacking;
    readonly exporter: Exporter;
    readonly reserve: Reserve;
  }) {
    super({ backing: parts.backing, ...parts.opened });
    this.#path = parts.path;
    this.#folder = parts.folder;
    this.#opened = parts.opened;
    this.#backing = parts.backing;
    this.#exporter = parts.exporter;
    this.#reserve = parts.reserve;
  }

  get changes(): number {
    return this.#backing.checksum.changes;
  }

  override health(): StoreHealth {
    const { lastExport } = this.#exporter;
    const trouble = this.#reserve.trouble ?? this.#exporter.trouble;
    return {
      ...super.health(),
      ...(lastExport !== undefined && { lastExport }),
      ...(trouble !== undefined && { trouble }),
    };
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#reserve.close();
  }

  override async verify(): Promise<StoreCheck> {
    const { checksum, rows, audit } = await this.atRest(() => ({
      checksum: this.#backing.checksum,
      rows: this.#backing.database.rows(),
      audit: this.#backing.database.auditKeys(),
    }));
    return checkAll({ path: this.#path, folder: this.#folder, checksum, rows, audit });
  }

  /** For the {@link Exporter}. */
  cut<Result>(use: (now: Cut) => Result): Promise<Result> {
    const { kept } = this.#opened;
    return this.atRest(() => {
      const meta = kept.get("meta", "meta");
      if (meta === undefined) {
        throw new TypeError("A store begins with its meta row");
      }
      return use({
        schema: meta.schema,
        checksum: this.#backing.checksum,
        rows: kept.all(),
        audit: (limit) => this.#backing.database.audit(limit),
      });
    });
  }
}
