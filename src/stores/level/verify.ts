/** Reads everything on disk again, for who asks whether all is well. */
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Checksum } from "#src/stores/checksum.ts";
import { checkExport } from "#src/stores/exports/export-file.ts";
import type { Entries, ExportsFolder } from "#src/stores/exports/exports-folder.ts";
import { readJournal } from "#src/stores/exports/journal-file.ts";
import { detailOf } from "#src/stores/files.ts";
import type { Rows } from "#src/stores/rows.ts";
import type { StoreCheck } from "#src/stores/store.ts";
import { AuditNumbers, countMissing, knownGaps } from "./audit-gaps.ts";
import { parseMeta } from "./migrate.ts";
import { findDamagedTable } from "./table-check.ts";

const LOOKS = 3;
const BETWEEN_LOOKS_MS = 250;

export interface CheckedParts {
  readonly path: string;
  readonly folder: ExportsFolder;
  /** What the rows must fit. */
  readonly checksum: Checksum;
  readonly rows: Promise<Rows>;
  readonly audit: AsyncIterable<readonly string[]>;
}

export async function checkAll(parts: CheckedParts): Promise<StoreCheck> {
  const problems: string[] = [];
  const read = await checkDatabase(parts, problems);
  const entries = await parts.folder.entries();
  const exports = await checkExports(entries, problems);
  await checkJournals(entries, problems);
  return { ...(read ?? { rows: 0, auditRows: 0 }), exports, problems };
}

/** Adds to `problems`; `undefined` when it cannot be read. */
export async function checkDatabase(
  parts: Omit<CheckedParts, "folder">,
  problems: string[],
): Promise<Pick<StoreCheck, "rows" | "auditRows"> | undefined> {
  const read = await orProblem(problems, "the database", () => readDatabase(parts, problems));
  const table = await damagedTable(parts.path);
  if (table !== undefined) {
    problems.push(`the database: ${table}`);
  }
  return read;
}

async function readDatabase(
  { rows: reading, audit, checksum }: Omit<CheckedParts, "folder">,
  problems: string[],
): Promise<Pick<StoreCheck, "rows" | "auditRows">> {
  const rows = await reading;
  const difference = checksum.difference(Checksum.of(rows, checksum.changes));
  if (difference !== undefined) {
    problems.push(`the database: ${difference}`);
  }
  const numbers = new AuditNumbers();
  let auditRows = 0;
  for await (const keys of audit) {
    numbers.add(keys);
    auditRows += keys.length;
  }
  const next = Number(parseMeta(rows)["nextAuditNumber"] ?? 1);
  const missing = countMissing(numbers.gaps(next), knownGaps(rows));
  if (missing > 0) {
    problems.push(`the database: ${missing} lines of the audit are missing`);
  }
  const all = Array.from(rows.values(), (texts) => texts.size).reduce((sum, size) => sum + size, 0);
  // The checksum is a row of its own.
  return { rows: all - 1, auditRows };
}

/** LevelDB tidies its files now and then: only what stays damaged is. */
async function damagedTable(path: string): Promise<string | undefined> {
  for (let look = 1; ; look += 1) {
    const damage = await findDamagedTable(path);
    if (damage === undefined || look === LOOKS) {
      return damage;
    }
    await sleep(BETWEEN_LOOKS_MS);
  }
}

async function checkExports(
  { exports }: Entries,
  problems: string[],
): Promise<StoreCheck["exports"]> {
  let good = 0;
  for (const { path } of exports) {
    await orProblem(problems, `the export ${basename(path)}`, async () => {
      await checkExport(path);
      good += 1;
    });
  }
  return { good, bad: exports.length - good };
}

async function checkJournals({ journals }: Entries, problems: string[]): Promise<void> {
  for (const { path } of journals) {
    const name = `the journal ${basename(path)}`;
    const journal = await orProblem(problems, name, () => readJournal(path));
    if (journal !== undefined && journal.damaged > 0) {
      problems.push(`${name}: ${journal.damaged} of its lines cannot be read`);
    }
  }
}

async function orProblem<Result>(
  problems: string[],
  what: string,
  read: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    problems.push(`${what}: ${detailOf(error)}`);
    return undefined;
  }
}
