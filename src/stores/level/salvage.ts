/**
 * Rows out of a database that cannot be opened any more: from every block and record that fits its sum. What
 * it gives may have gaps, so accounts are never taken from here; for lines of the audit it is better than nothing.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ByteReader } from "./byte-reader.ts";
import { records } from "./log-records.ts";
import { readableEntries } from "./table-file.ts";

const REMOVED = 0;
const WRITTEN = 1;

export interface LoggedWrite {
  readonly key: Buffer;
  /** Grows with every write. */
  readonly order: bigint;
  /** Absent when it removed the row. */
  readonly value: Buffer | undefined;
}

/** Rows whose keys as in the database (`!audit!…`) begin with `prefix`. */
export async function salvageRows(folder: string, prefix: string): Promise<Map<string, string>> {
  const newest = new NewestRows(prefix);
  for (const name of await readdir(folder).catch(() => [])) {
    if (/\.(?:ldb|sst|log)$/.test(name)) {
      const bytes = await readFile(join(folder, name)).catch(() => Buffer.alloc(0));
      for (const write of name.endsWith(".log") ? writesOfLog(bytes) : writesOfTable(bytes)) {
        newest.add(write);
      }
    }
  }
  return newest.rows();
}

class NewestRows {
  readonly #prefix: Buffer;
  readonly #rows = new Map<string, { readonly order: bigint; readonly text: string | undefined }>();

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix);
  }

  add({ key, order, value }: LoggedWrite): void {
    if (!key.subarray(0, this.#prefix.length).equals(this.#prefix)) {
      return;
    }
    const name = key.toString();
    if (order >= (this.#rows.get(name)?.order ?? -1n)) {
      this.#rows.set(name, { order, text: value?.toString() });
    }
  }

  rows(): Map<string, string> {
    const rows = new Map<string, string>();
    for (const [key, { text }] of this.#rows) {
      if (text !== undefined) {
        rows.set(key, text);
      }
    }
    return rows;
  }
}

/** As far as the table can be read. */
export function* writesOfTable(bytes: Buffer): Generator<LoggedWrite> {
  for (const { key, value } of readableEntries(bytes)) {
    const end = key.length - 8;
    if (end >= 0) {
      const stamp = key.readBigUInt64LE(end);
      const isWritten = Number(stamp & 0xffn) === WRITTEN;
      const written = isWritten ? value : undefined;
      yield { key: key.subarray(0, end), order: stamp >> 8n, value: written };
    }
  }
}

/** As far as the log can be read: https://github.com/google/leveldb/blob/main/db/write_batch.cc */
export function* writesOfLog(bytes: Buffer): Generator<LoggedWrite> {
  for (const record of records(bytes, { skipsDamage: true })) {
    yield* writesOfRecord(record);
  }
}

function writesOfRecord(record: Buffer): readonly LoggedWrite[] {
  const writes: LoggedWrite[] = [];
  try {
    let order = record.readBigUInt64LE(0);
    const reader = new ByteReader(record.subarray(12));
    while (!reader.isAtEnd) {
      const kind = reader.take(1).readUInt8();
      if (kind !== WRITTEN && kind !== REMOVED) {
        break;
      }
      const key = reader.text();
      writes.push({ key, order, value: kind === WRITTEN ? reader.text() : undefined });
      order += 1n;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
  }
  return writes;
}
