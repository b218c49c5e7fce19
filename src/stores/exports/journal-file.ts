/**
 * What was changed since an export: one line for each batch, behind its hash, appended when the batch is on
 * the disk. Like the marker it is not waited for: it survives a kill and damage of the database's files, while
 * a power cut may take its last lines.
 */
import { hash } from "node:crypto";
import { open, readFile, type FileHandle } from "node:fs/promises";
import * as v from "valibot";
import { FILE_MODE } from "#src/stores/files.ts";
import type { IsoTime, UserId } from "#src/stores/records.ts";
import type { AuditRow, RowText } from "#src/stores/rows.ts";

export interface JournalLine {
  readonly at: IsoTime;
  /** The count of changes before it. */
  readonly from: number;
  /** The text of the checksum after it: its count says where the line leads. */
  readonly checksum: string;
  readonly rows: readonly RowText[];
  readonly audit: readonly AuditRow[];
  readonly redact: readonly UserId[];
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const lineSchema = v.object({
  at: v.string(),
  from: count,
  checksum: v.string(),
  rows: v.array(v.tuple([v.string(), v.string(), v.nullable(v.string())])),
  audit: v.array(v.tuple([v.string(), v.string()])),
  redact: v.array(v.custom<UserId>((id) => typeof id === "string")),
});
const HASH_LENGTH = 64;

export class Journal {
  readonly path: string;
  /** The count of changes that its first line builds on. */
  readonly after: number;
  #file: FileHandle | undefined;
  #isBroken = false;

  constructor(path: string, after: number) {
    this.path = path;
    this.after = after;
  }

  /** A line is missing: what follows is of no use, so it is not written. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Calls follow one another. */
  async append(line: JournalLine): Promise<void> {
    if (this.#isBroken) {
      return;
    }
    try {
      // Whatever has the name is not about the rows that the database has now.
      this.#file ??= await open(this.path, "w", FILE_MODE);
      await this.#file.appendFile(format(line));
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

/** Its whole lines; those that are damaged are left out, and whoever follows them finds the gap. */
export async function readJournal(path: string): Promise<{
  readonly lines: readonly JournalLine[];
  readonly damaged: number;
}> {
  // What follows the last line's end was not finished; a kill leaves such a thing.
  const texts = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  const lines = texts.flatMap((text) => parse(text) ?? []);
  return { lines, damaged: texts.length - lines.length };
}

function format({ rows, audit, ...line }: JournalLine): string {
  const json = JSON.stringify({
    ...line,
    rows: rows.map(({ collection, key, text }) => [collection, key, text ?? null]),
    audit: audit.map(({ key, text }) => [key, text]),
  });
  return `${hash("sha256", json)} ${json}\n`;
}

function parse(text: string): JournalLine | undefined {
  const json = text.slice(HASH_LENGTH + 1);
  if (text !== `${hash("sha256", json)} ${json}`) {
    return undefined;
  }
  const { rows, audit, ...line } = v.parse(v.pipe(v.string(), v.parseJson(), lineSchema), json);
  return {
    ...line,
    rows: rows.map(([collection, key, row]) => ({ collection, key, text: row ?? undefined })),
    audit: audit.map(([key, row]) => ({ key, text: row })),
  };
}
