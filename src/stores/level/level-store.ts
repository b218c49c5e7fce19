/** The store on disk, with exports and a journal beside it. What is damaged is restored from them, and told. */
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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
import { FOLDER_MODE, folderDetail, isNoSpace } from "#src/stores/files.ts";
import { metaOf } from "#src/stores/meta-row.ts";
import { migrations, type Migration } from "#src/stores/migrations/migrations.ts";
import { Reserve } from "#src/stores/reserve.ts";
import type { Change, Store, StoreCheck, StoreHealth, StoreReader } from "#src/stores/store.ts";
import { WriteThroughStore } from "#src/stores/write-through-store.ts";
import { Database } from "./database.ts";
import { LevelBacking, type OpenDatabase } from "./level-backing.ts";
import { Marker } from "./marker.ts";
import { openDatabase, type Opened } from "./opening.ts";
import { erases, Forgetting, withForgetting } from "./forgetting.ts";
import { staleKeys } from "./stale-keys.ts";
import {
  removeAsides,
  finishRestore,
  reasonOf,
  restoreDatabase,
  tidyAfterRestore,
} from "./restore.ts";
import { folderNumber } from "./restore-lock.ts";
import { openUndisturbed, unlessOvertaken } from "./undisturbed.ts";
import { checkAll, checkDatabase, type CheckedParts } from "./verify.ts";

const ROUNDS = 6;
const ROUNDS_TO_REOPEN = 50;
const BETWEEN_ROUNDS_MS = 100;

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
    const open = () => openOrRestore(path, options, reserve);
    try {
      return await openUndisturbed(open);
    } catch (error) {
      if (!isNoSpace(error) || !(await reserve.use())) throw error;
      return await openUndisturbed(open);
    }
  } catch (error) {
    if (error instanceof HubError) {
      throw error;
    }
    const params = { path: folder, detail: folderDetail(error) };
    throw new HubError("data_folder", params, { cause: error });
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
  // Before anything is found: what another hub puts there from now on is not what was found damaged.
  const seen = await folderNumber(path);
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
    const reason = reasonOf(error);
    await unlessOvertaken(() => restoreDatabase({ ...parts, folder, changes, reason, seen }));
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
  const store = new LevelWriteThroughStore({
    path,
    folder,
    opened,
    backing,
    exporter,
    reserve,
    log,
    ...(later !== undefined && { later }),
  });
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
  readonly #forgetting: Forgetting;

  constructor(parts: {
    readonly path: string;
    readonly folder: ExportsFolder;
    readonly opened: Opened;
    readonly backing: LevelBacking;
    readonly exporter: Exporter;
    readonly reserve: Reserve;
    readonly log: Logger;
    readonly later?: ExporterOptions["later"];
  }) {
    super({ backing: parts.backing, ...parts.opened });
    this.#path = parts.path;
    this.#folder = parts.folder;
    this.#opened = parts.opened;
    this.#backing = parts.backing;
    this.#exporter = parts.exporter;
    this.#reserve = parts.reserve;
    const { log, later = laterUnlessEnding } = parts;
    this.#forgetting = new Forgetting({
      store: this,
      steps: [
        () => this.#demandWhole(),
        () => parts.exporter.renew(),
        () => removeAsides(parts.path),
        (ending) => this.#removeStale(ending),
        (ending) => this.#reopen(ending),
      ],
      log,
      later,
    });
    this.#forgetting.open();
    this.onChange((writes) => {
      if (erases(writes)) this.#forgetting.open();
    });
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

  override change<Result>(plan: (state: StoreReader) => Change<Result>): Promise<Result> {
    return super.change((state) => {
      const { writes, result } = plan(state);
      return { writes: withForgetting(writes), result };
    });
  }

  override async close(): Promise<void> {
    try {
      await super.close();
    } finally {
      await this.#reserve.close();
    }
  }

  protected override endOtherWork(): Promise<void> {
    return this.#forgetting.close();
  }

  override async verify(): Promise<StoreCheck> {
    return checkAll({ ...(await this.#checked()), folder: this.#folder });
  }

  #checked(): Promise<Omit<CheckedParts, "folder">> {
    return this.atRest(() => ({
      path: this.#path,
      checksum: this.#backing.checksum,
      rows: this.#backing.database.rows(),
      audit: this.#backing.database.auditKeys(),
    }));
  }

  /** Before anything goes that it could be restored from. */
  async #demandWhole(): Promise<void> {
    if (this.#reserve.isUsed) throw new Error("the disk is full");
    const problems: string[] = [];
    await checkDatabase(await this.#checked(), problems);
    if (problems.length > 0) throw new Error(problems.join("; "));
  }

  /** LevelDB drops an older row only where it meets the newer one: so the newer one is written again. */
  async #removeStale(ending: AbortSignal): Promise<void> {
    for (let round = 1; ; round += 1) {
      ending.throwIfAborted();
      await this.#backing.database.compact();
      const keys = await staleKeys(this.#path);
      if (keys.length === 0) return;
      if (round === ROUNDS)
        throw new Error(`${keys.length} rows that are gone are in the files yet`);
      await this.alone(() => this.#backing.rewrite(keys));
    }
  }

  /** LevelDB's manifest and its own log name some keys. */
  async #reopen(ending: AbortSignal): Promise<void> {
    for (let tries = 0; !(await this.alone(() => this.#backing.reopen())); tries += 1) {
      if (tries === ROUNDS_TO_REOPEN)
        throw new Error("somebody reads in the database all the time");
      await sleep(BETWEEN_ROUNDS_MS, undefined, { signal: ending });
    }
    await rm(join(this.#path, "LOG.old"), { force: true });
  }

  /** For the {@link Exporter}. */
  cut<Result>(use: (now: Cut) => Result): Promise<Result> {
    const { kept } = this.#opened;
    return this.atRest(() => {
      return use({
        schema: metaOf(kept).schema,
        checksum: this.#backing.checksum,
        rows: kept.all(),
        audit: (limit) => this.#backing.database.audit(limit),
      });
    });
  }
}
