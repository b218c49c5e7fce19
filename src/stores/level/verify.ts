/** Reads everything on disk again, for who asks whether all is well. */
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Checksum } from "#src/stores/checksum.ts";
import { checkExport } from "#src/stores/exports/export-file.ts";
import type { Entries, ExportsFolder } from "#src/stores/exports/exports-folder.ts";
import { readJournal } from "#src/stores/exports/journal-file.ts";
import { detailOf, undefinedIfMissing } from "#src/stores/files.ts";
import type { Rows } from "#src/stores/rows.ts";
import type { StoreCheck } from "#src/stores/store.ts";
import { AuditNumbers, missingLines } from "./audit-gaps.ts";
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
  // Both to their ends, also when one fails: an iterator that nobody reads keeps its hold on the database.
  const [rows, numbers] = await Promise.all([reading, AuditNumbers.read(audit)]);
  const difference = checksum.difference(Checksum.of(rows, checksum.changes));
  if (difference !== undefined) {
    problems.push(`the database: ${difference}`);
  }
  const missing = missingLines(numbers, rows);
  if (missing > 0) {
    problems.push(`the database: ${missing} lines of the audit are missing`);
  }
  const all = Array.from(rows.values(), (texts) => texts.size).reduce((sum, size) => sum + size, 0);
  // The checksum is a row of its own.
  return { rows: all - 1, auditRows: numbers.count };
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
  let [good, bad] = [0, 0];
  for (const { path } of exports) {
    const found = await orProblem(problems, `the export ${basename(path)}`, () =>
      checkExport(path).then(() => "good", goneIfMissing),
    );
    good += found === "good" ? 1 : 0;
    bad += found === undefined ? 1 : 0;
  }
  return { good, bad };
}

async function checkJournals({ journals }: Entries, problems: string[]): Promise<void> {
  for (const { path } of journals) {
    const name = `the journal ${basename(path)}`;
    const journal = await orProblem(problems, name, () => readJournal(path).catch(goneIfMissing));
    if (typeof journal === "object" && journal.damaged > 0) {
      problems.push(`${name}: ${journal.damaged} of its lines cannot be read`);
    }
  }
}

/** While others are read, older ones are tidied away. */
function goneIfMissing(error: unknown): "gone" {
  undefinedIfMissing(error);
  return "gone";
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
