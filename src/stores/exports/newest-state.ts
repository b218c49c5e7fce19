/** What exports and journals know of the database: where a restore begins. */
import { Checksum } from "#src/stores/checksum.ts";
import { detailOf } from "#src/stores/files.ts";
import { toFrozen } from "#src/stores/frozen-json.ts";
import type { AuditRecord, IsoTime, UserId } from "#src/stores/records.ts";
import { namesIn, redactedRow } from "#src/stores/redact.ts";
import { applyTo, type AuditRow, type Rows } from "#src/stores/rows.ts";
import { readExport, type ExportContent } from "./export-file.ts";
import type { ExportsFolder, JournalEntry } from "./exports-folder.ts";
import { readJournal, type JournalLine } from "./journal-file.ts";

export interface NewestState {
  readonly schema: number;
  readonly exportMade: IsoTime;
  /** The time of the last change in it. */
  readonly upTo: IsoTime;
  readonly changes: number;
  readonly rows: Rows;
  readonly audit: ReadonlyMap<string, string>;
}

export interface Findings {
  /** The newest whole export with all changes that journals add to it without a gap. */
  readonly state: NewestState | undefined;
  /** The newest change that was ever heard of. */
  readonly knownChanges: number;
  /** Names of exports that could not be used, and why. */
  readonly unusable: readonly string[];
}

export async function findNewestState(folder: ExportsFolder): Promise<Findings> {
  const { exports, journals } = await folder.entries();
  const lines: JournalLine[] = [];
  for (const { path } of journals) {
    lines.push(...(await linesOf(path)));
  }
  const ends = lines.map((line) => Checksum.parse(line.checksum).changes);
  const knownChanges = Math.max(0, ...ends, ...exports.map(({ changes }) => changes));
  const unusable: string[] = [];
  for (const { path } of exports) {
    try {
      const state = carryOn(await readExport(path), lines);
      return { state, knownChanges, unusable };
    } catch (error) {
      unusable.push(`${path}: ${detailOf(error)}`);
    }
  }
  return { state: undefined, knownChanges, unusable };
}

/** The newest change that any journal knows of. */
export async function lastJournalled(journals: readonly JournalEntry[]): Promise<number> {
  let last = 0;
  for (const { path } of journals) {
    for (const { checksum } of await linesOf(path)) {
      last = Math.max(last, Checksum.parse(checksum).changes);
    }
  }
  return last;
}

/** One that cannot be read is a gap. */
async function linesOf(path: string): Promise<readonly JournalLine[]> {
  try {
    return (await readJournal(path)).lines;
  } catch {
    return [];
  }
}

function carryOn(start: ExportContent, lines: readonly JournalLine[]): NewestState {
  const { schema, made, rows } = start;
  const audit = new Map(start.audit.map(({ key, text }) => [key, text]));
  let { checksum } = start;
  let upTo = made;
  for (const line of lines) {
    const next = line.from === checksum.changes ? after(rows, checksum, line) : undefined;
    if (next !== undefined) {
      applyTo(rows, line.rows);
      carryOnAudit(audit, line);
      checksum = next;
      upTo = line.at;
    }
  }
  return { schema, exportMade: made, upTo, changes: checksum.changes, rows, audit };
}

/** `undefined` when the line is about other rows than these: one of its kind is missing. */
function after(rows: Rows, checksum: Checksum, line: JournalLine): Checksum | undefined {
  const writes = line.rows.map((row) => {
    const text = rows.get(row.collection)?.get(row.key);
    return { ...row, previous: text === undefined ? undefined : (JSON.parse(text) as unknown) };
  });
  const written = Checksum.parse(line.checksum);
  return written.fits(checksum.after(writes)) ? written : undefined;
}

function carryOnAudit(audit: Map<string, string>, { audit: added, redact }: JournalLine): void {
  redactAll(audit, redact);
  for (const { key, text } of added) {
    audit.set(key, text);
  }
}

function redactAll(audit: Map<string, string>, userIds: readonly UserId[]): void {
  for (const userId of userIds) {
    const rows = Array.from(audit, ([key, text]): AuditRow => ({ key, text }));
    const about = rows.filter(({ text }) => text.includes(userId));
    const names = new Set(
      about.flatMap(({ text }) => namesIn(toFrozen<AuditRecord>(text), userId)),
    );
    for (const row of rows) {
      const redacted = redactedRow(row, userId, names);
      if (redacted !== undefined) {
        audit.set(redacted.key, redacted.text);
      }
    }
  }
}
