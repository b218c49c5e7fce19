/**
 * One export: all rows and the newest of the audit at one moment, as JSON lines in a gzip file.
 *
 *     {"homeroom":"export","format":1,"schema":2,"made":"2026-…","checksum":{"changes":123,…}}
 *     ["users","k3j…",{"id":"k3j…",…}]
 *     ["audit","2026-…!000000000017",{"at":…}]
 *     {"rows":412,"audit":88,"sha256":"…"}
 *
 * The last line counts the rows and has the SHA-256 of all bytes before it.
 */
import { createHash, hash } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { createGzip, gunzip } from "node:zlib";
import * as v from "valibot";
import { Checksum } from "#src/stores/checksum.ts";
import { FILE_MODE, syncFolder } from "#src/stores/files.ts";
import type { IsoTime } from "#src/stores/records.ts";
import { applyTo, type AuditRow, type Rows } from "#src/stores/rows.ts";

/** What the database is at one moment. */
export interface Snapshot {
  readonly schema: number;
  readonly made: IsoTime;
  readonly checksum: Checksum;
  /** All rows but the checksum's. */
  readonly rows: readonly (readonly [collection: string, key: string, record: unknown])[];
  /** The oldest first. */
  readonly audit: readonly AuditRow[];
}

export interface ExportContent {
  readonly schema: number;
  readonly made: IsoTime;
  readonly checksum: Checksum;
  readonly rows: Rows;
  readonly audit: readonly AuditRow[];
}

const FORMAT = 1;
/** Lines that are made in one turn of the event loop: some milliseconds. */
const LINES_AT_ONCE = 200;
const AUDIT = "audit";

const unzip = promisify(gunzip);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const headerSchema = v.object({
  homeroom: v.literal("export"),
  format: count,
  schema: count,
  made: v.string(),
  checksum: v.unknown(),
});
const lineSchema = v.tuple([v.string(), v.string(), v.unknown()]);
const trailerSchema = v.object({ rows: count, audit: count, sha256: v.string() });

/** Whole and on the disk under `path`, or not there at all. */
export async function writeExport(path: string, snapshot: Snapshot): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await writeSynced(temporary, snapshot);
    await rename(temporary, path);
  } catch (error) {
    // Half a file is what a full disk needs least.
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeSynced(path: string, snapshot: Snapshot): Promise<void> {
  await using file = await open(path, "w", FILE_MODE);
  const chunks = Readable.from(chunksOf(snapshot), { objectMode: false });
  await pipeline(chunks, createGzip(), async (packed: AsyncIterable<Buffer>) => {
    for await (const part of packed) {
      await file.appendFile(part);
    }
  });
  await file.sync();
}

/** Throws what is wrong, in words. */
export async function readExport(path: string): Promise<ExportContent> {
  const { header, lines } = await readWhole(path);
  const rows: Rows = new Map();
  const audit: AuditRow[] = [];
  for (const line of lines) {
    const [collection, key, record] = v.parse(v.pipe(v.string(), v.parseJson(), lineSchema), line);
    const text = JSON.stringify(record);
    if (collection === AUDIT) {
      audit.push({ key, text });
    } else {
      applyTo(rows, [{ collection, key, text }]);
    }
  }
  const checksum = Checksum.parse(JSON.stringify(header.checksum));
  const difference = checksum.difference(Checksum.of(rows, checksum.changes));
  if (difference !== undefined) {
    throw new Error(difference);
  }
  return { schema: header.schema, made: header.made, checksum, rows, audit };
}

/** Whether the file is what was written; less work than {@link readExport}. Throws what is wrong, in words. */
export async function checkExport(path: string): Promise<void> {
  await readWhole(path);
}

async function* chunksOf(snapshot: Snapshot): AsyncGenerator<Buffer> {
  const sum = createHash("sha256");
  const chunk = (text: string) => {
    const bytes = Buffer.from(text);
    sum.update(bytes);
    return bytes;
  };
  const { schema, made, checksum, rows, audit } = snapshot;
  const header = { homeroom: "export", format: FORMAT, schema, made };
  yield chunk(`${withText(header, "checksum", checksum.text)}\n`);
  for (let start = 0; start < rows.length; start += LINES_AT_ONCE) {
    const lines = rows.slice(start, start + LINES_AT_ONCE).map((row) => `${JSON.stringify(row)}\n`);
    yield chunk(lines.join(""));
    await nextTurn();
  }
  for (let start = 0; start < audit.length; start += LINES_AT_ONCE) {
    const lines = audit
      .slice(start, start + LINES_AT_ONCE)
      .map(({ key, text }) => `["${AUDIT}",${JSON.stringify(key)},${text}]\n`);
    yield chunk(lines.join(""));
    await nextTurn();
  }
  const trailer = { rows: rows.length, audit: audit.length, sha256: sum.digest("hex") };
  yield Buffer.from(`${JSON.stringify(trailer)}\n`);
}

function withText(value: object, name: string, text: string): string {
  return `${JSON.stringify(value).slice(0, -1)},${JSON.stringify(name)}:${text}}`;
}

async function readWhole(path: string): Promise<{
  readonly header: v.InferOutput<typeof headerSchema>;
  readonly lines: readonly string[];
}> {
  const bytes = await unzip(await readFile(path));
  const end = bytes.lastIndexOf("\n", -2) + 1;
  const trailer = v.safeParse(
    v.pipe(v.string(), v.parseJson(), trailerSchema),
    bytes.subarray(end).toString(),
  );
  if (end === 0 || !trailer.success) {
    throw new Error("its end is missing");
  }
  const [first, ...lines] = bytes
    .subarray(0, end - 1)
    .toString()
    .split("\n");
  const { rows, audit, sha256 } = trailer.output;
  if (hash("sha256", bytes.subarray(0, end)) !== sha256 || lines.length !== rows + audit) {
    throw new Error("it is not what was written");
  }
  const header = v.safeParse(v.pipe(v.string(), v.parseJson(), headerSchema), first);
  if (!header.success || header.output.format !== FORMAT) {
    throw new Error("it was written by another Homeroom");
  }
  return { header: header.output, lines };
}
