/** The folder `exports` beside the database: what is in it, and for how long. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FOLDER_MODE, syncFolder, undefinedIfMissing } from "#src/stores/files.ts";
import type { IsoTime } from "#src/stores/records.ts";

export interface ExportEntry {
  readonly path: string;
  /** Changes that are in it: the order of exports, whatever the clock said. */
  readonly changes: number;
  /** To the second, by the clock of that time. */
  readonly made: IsoTime;
}

export interface JournalEntry {
  readonly path: string;
  readonly after: number;
}

export interface Entries {
  /** The newest first. */
  readonly exports: readonly ExportEntry[];
  /** The oldest first. */
  readonly journals: readonly JournalEntry[];
}

const EXPORT = /^(\d{15})-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.jsonl\.gz$/;
const JOURNAL = /^(\d{15})\.journal$/;
/** Where room is scarce. */
const KEPT_AT_LEAST = 3;
/** All of the newest are kept … */
const KEPT_NEWEST = 24;
/** … and so many in all, the newest of each hour. */
const KEPT_IN_ALL = 48;

export class ExportsFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  make(): Promise<unknown> {
    return mkdir(this.path, { recursive: true, mode: FOLDER_MODE });
  }

  exportPath(changes: number, made: IsoTime): string {
    const time = made.slice(0, 19).replace(/[-:]/g, "");
    // A clock may be in the year 12026, and names must be found again.
    const name = /^\d{8}T\d{6}$/.test(time) ? time : "99991231T235959";
    return join(this.path, `${padded(changes)}-${name}Z.jsonl.gz`);
  }

  journalPath(after: number): string {
    return join(this.path, `${padded(after)}.journal`);
  }

  async entries(): Promise<Entries> {
    const names = (await readdir(this.path).catch(undefinedIfMissing)) ?? [];
    const exports = names.flatMap((name): readonly ExportEntry[] => {
      const [, changes, year, month, day, hour, minute, second] = EXPORT.exec(name) ?? [];
      const made = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
      return changes === undefined
        ? []
        : [{ path: join(this.path, name), changes: Number(changes), made }];
    });
    const journals = names.flatMap((name): readonly JournalEntry[] => {
      const [, after] = JOURNAL.exec(name) ?? [];
      return after === undefined ? [] : [{ path: join(this.path, name), after: Number(after) }];
    });
    return {
      exports: exports.toSorted(newestFirst),
      journals: journals.toSorted((a, b) => a.after - b.after),
    };
  }

  /** Removes what is older than this export. Only for who holds the database. */
  async removeOlder({
    path: newest,
    changes,
  }: Pick<ExportEntry, "path" | "changes">): Promise<void> {
    const { exports, journals } = await this.entries();
    const names = await readdir(this.path);
    const paths = [
      ...exports.filter(({ path }) => path < newest).map(({ path }) => path),
      ...journals.filter(({ after }) => after < changes).map(({ path }) => path),
      ...names.filter((name) => name.endsWith(".new")).map((name) => join(this.path, name)),
    ];
    for (const path of paths) {
      await rm(path, { force: true });
    }
    await syncFolder(this.path);
  }

  /**
   * Removes what nobody needs after an export, and where room is scarce, all that is not needed most. Only for who
   * holds the database.
   */
  async tidy({ isRoomScarce = false } = {}): Promise<void> {
    const { exports, journals } = await this.entries();
    const kept = exportsToKeep(exports).slice(0, isRoomScarce ? KEPT_AT_LEAST : undefined);
    const left = new Set(kept.map(({ changes }) => changes));
    // Journals between the newest exports lead from one to the next, also past one that was not written.
    const oldestOfNewest = kept.slice(0, KEPT_NEWEST).at(-1)?.changes ?? 0;
    const unfinished = (await readdir(this.path)).filter((name) => name.endsWith(".new"));
    const paths = [
      ...exports.filter((entry) => !kept.includes(entry)).map(({ path }) => path),
      ...journals
        .filter(({ after }) => after < oldestOfNewest && !left.has(after))
        .map(({ path }) => path),
      ...unfinished.map((name) => join(this.path, name)),
    ];
    for (const path of paths) {
      await rm(path, { force: true });
    }
  }
}

/** `exports`: the newest first. */
export function exportsToKeep(exports: readonly ExportEntry[]): readonly ExportEntry[] {
  const distinct = exports.filter(({ changes }, index) => exports[index - 1]?.changes !== changes);
  const older = distinct
    .slice(KEPT_NEWEST)
    .filter(({ made }, index) => hourOf(made) !== hourOf(distinct[KEPT_NEWEST + index - 1]?.made));
  return [...distinct.slice(0, KEPT_NEWEST), ...older].slice(0, KEPT_IN_ALL);
}

/** Names grow with the count, and between two of one count with the time. */
function newestFirst(a: ExportEntry, b: ExportEntry): number {
  return a.path < b.path ? 1 : -1;
}

function hourOf(time: IsoTime | undefined): string | undefined {
  return time?.slice(0, 13);
}

function padded(changes: number): string {
  return String(changes).padStart(15, "0");
}
