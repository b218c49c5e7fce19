/**
 * Keeps exports and the journal up to date beside an open database. Nothing of it is in the way of a change:
 * what cannot be written is told, and tried again.
 */
import type { Clock } from "#src/clock.ts";
import { isoTime } from "#src/clock.ts";
import type { FailureData } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Checksum } from "#src/stores/checksum.ts";
import { detailOf, isNoSpace } from "#src/stores/files.ts";
import type { IsoTime } from "#src/stores/records.ts";
import type { AuditRow } from "#src/stores/rows.ts";
import type { Batch } from "#src/stores/backing.ts";
import type { Reserve } from "#src/stores/reserve.ts";
import { readExport, writeExport, type Snapshot } from "./export-file.ts";
import type { ExportEntry, ExportsFolder } from "./exports-folder.ts";
import { Journal } from "./journal-file.ts";

const CHANGES_IN_NONE = 100;
const AT_LATEST_MS = 60_000;
const RETRY_MS = 10_000;
const AUDIT_ROWS = 10_000;

/** What an export is made of. */
export interface Cut {
  readonly schema: number;
  readonly checksum: Checksum;
  readonly rows: Snapshot["rows"];
  /** The newest first, as they are at the moment of the cut. */
  audit(limit: number): AsyncIterable<AuditRow>;
}

/** What an {@link Exporter} makes exports of. */
interface ExportSource {
  /** Calls `use` while memory and disk are the same; nothing changes until it returns. */
  cut<Result>(use: (now: Cut) => Result): Promise<Result>;
}

export interface ExporterOptions {
  readonly folder: ExportsFolder;
  readonly log: Logger;
  readonly clock: Clock;
  readonly reserve?: Pick<Reserve, "isUsed" | "refill">;
  /** Calls `callback` later; the answer takes that back. */
  readonly later?: (ms: number, callback: () => void) => () => void;
}

export class Exporter {
  readonly #folder: ExportsFolder;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #reserve: ExporterOptions["reserve"];
  readonly #later: NonNullable<ExporterOptions["later"]>;
  #source: ExportSource | undefined;
  #journal: Journal | undefined;
  /** Changes that are in no export. */
  #changes = 0;
  #lastExport: IsoTime | undefined;
  #trouble: FailureData | undefined;
  #cancelTimer: (() => void) | undefined;
  #exporting: Promise<void> | undefined;

  constructor({ folder, log, clock, reserve, later = laterUnlessEnding }: ExporterOptions) {
    this.#folder = folder;
    this.#log = log;
    this.#clock = clock;
    this.#reserve = reserve;
    this.#later = later;
  }

  get lastExport(): IsoTime | undefined {
    return this.#lastExport;
  }

  get trouble(): FailureData | undefined {
    return this.#trouble;
  }

  /**
   * The database is open. What it has and no export has goes into one first: a restored or migrated database
   * is not what journals lead to.
   */
  async begin(
    source: ExportSource,
    now: { readonly changes: number; readonly newest: ExportEntry | undefined },
  ): Promise<void> {
    this.#source = source;
    this.#lastExport = now.newest?.made;
    this.#journal = new Journal(this.#folder.journalPath(now.changes), now.changes);
    if (now.newest?.changes !== now.changes) {
      this.#changes = 1;
      this.#start();
      await this.#exporting;
    }
  }

  /** A batch is on the disk. Calls follow one another. */
  async note(from: number, checksum: Checksum, batch: Batch): Promise<void> {
    const { rows, audit, redact } = batch;
    const line = { at: isoTime(this.#clock), from, checksum: checksum.text, rows, audit, redact };
    this.#changes += 1;
    try {
      await this.#journal?.append(line);
    } catch (error) {
      this.#fail(error, "the journal was not written");
      this.#exportLater(RETRY_MS);
    }
    // In trouble, the next try is due soon anyway.
    if (this.#changes >= CHANGES_IN_NONE && this.#trouble === undefined) {
      this.#start();
    } else {
      this.#exportLater(AT_LATEST_MS);
    }
  }

  /** An export of now, read back, in the place of all older ones and their journals. Throws when that cannot be. */
  async renew(): Promise<void> {
    while (this.#exporting !== undefined) {
      await this.#exporting;
    }
    const renewing = this.#renew();
    this.#exporting = renewing
      .catch(() => undefined)
      .finally(() => {
        this.#exporting = undefined;
      });
    await renewing;
  }

  async #renew(): Promise<void> {
    const newest = await this.#export();
    if (newest === undefined) {
      throw new Error("there is no new export");
    }
    await readExport(newest.path);
    await this.#folder.removeOlder(newest);
  }

  /** With a last export, if anything is in none. */
  async close(): Promise<void> {
    this.#stopTimer();
    await this.#exporting;
    if (this.#changes > 0) {
      this.#start();
      await this.#exporting;
    }
    this.#stopTimer();
    this.#source = undefined;
    await this.#journal?.close().catch(() => undefined); // the export has what was in it
  }

  /** While one is made, the next waits for its end. */
  #start(): void {
    this.#exporting ??= this.#export()
      .then(() => undefined)
      .finally(() => {
        this.#exporting = undefined;
      });
  }

  /** `undefined` when it failed: that is told, and tried again. */
  async #export(): Promise<Pick<ExportEntry, "path" | "changes"> | undefined> {
    this.#stopTimer();
    let newest: Pick<ExportEntry, "path" | "changes">;
    let covered = 0;
    try {
      await this.#folder.make();
      const made = isoTime(this.#clock);
      const { cut, journal } = await this.#cut((changes) => {
        covered = changes;
      });
      let audit;
      try {
        // First, in any case: until the lines are read, their iterator keeps its hold on the database.
        audit = await oldestFirst(cut.audit);
      } finally {
        await journal?.close();
      }
      const path = this.#folder.exportPath(cut.checksum.changes, made);
      await this.#write(path, { ...cut, made, audit });
      newest = { path, changes: cut.checksum.changes };
      this.#lastExport = made;
      this.#succeed();
    } catch (error) {
      this.#changes += covered;
      this.#fail(error, "the database was not exported");
      this.#exportLater(RETRY_MS);
      return undefined;
    }
    await this.#reserve?.refill();
    await this.#tidy(this.#reserve?.isUsed === true);
    if (this.#trouble !== undefined) {
      this.#exportLater(RETRY_MS);
    } else if (this.#changes > 0) {
      this.#exportLater(this.#changes >= CHANGES_IN_NONE ? 0 : AT_LATEST_MS);
    }
    return newest;
  }

  /** From here on changes go into a new journal. */
  async #cut(covers: (changes: number) => void): Promise<{
    readonly cut: Omit<Cut, "audit"> & { readonly audit: AsyncIterable<AuditRow> };
    /** The one before, if this is another. */
    readonly journal: Journal | undefined;
  }> {
    if (this.#source === undefined) {
      throw new TypeError("Nothing is open");
    }
    return this.#source.cut((now) => {
      const audit = now.audit(AUDIT_ROWS);
      covers(this.#changes);
      this.#changes = 0;
      const { changes } = now.checksum;
      const before = this.#journal;
      const goesOn = before?.after === changes && !before.isBroken;
      if (!goesOn) {
        this.#journal = new Journal(this.#folder.journalPath(changes), changes);
      }
      const { schema, checksum, rows } = now;
      return { cut: { schema, checksum, rows, audit }, journal: goesOn ? undefined : before };
    });
  }

  /** Older exports make room for a newer one. */
  async #write(path: string, snapshot: Snapshot): Promise<void> {
    try {
      await writeExport(path, snapshot);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      await this.#tidy(true);
      await writeExport(path, snapshot);
    }
  }

  async #tidy(isRoomScarce: boolean): Promise<void> {
    try {
      await this.#folder.tidy({ isRoomScarce });
    } catch (error) {
      this.#log.warn({ err: error, path: this.#folder.path }, "older exports were not removed");
    }
  }

  #exportLater(ms: number): void {
    if (ms < AT_LATEST_MS) {
      this.#stopTimer();
    }
    this.#cancelTimer ??= this.#later(ms, () => {
      this.#cancelTimer = undefined;
      this.#start();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #fail(error: unknown, what: string): void {
    if (this.#trouble === undefined) {
      this.#log.warn({ err: error, path: this.#folder.path }, what);
    }
    this.#trouble = { code: "exports_not_written", params: { detail: detailOf(error) } };
  }

  #succeed(): void {
    if (this.#trouble !== undefined && this.#journal?.isBroken !== true) {
      this.#log.info({ path: this.#folder.path }, "the database is exported again");
      this.#trouble = undefined;
    }
  }
}

async function oldestFirst(newestFirst: AsyncIterable<AuditRow>): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = [];
  for await (const row of newestFirst) {
    rows.push(row);
  }
  return rows.toReversed();
}

export function laterUnlessEnding(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms).unref();
  return () => {
    clearTimeout(timer);
  };
}
