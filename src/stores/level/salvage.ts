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

/** Rows whose keys as in the database (`!audit!…`) begin with `prefix`. */
export async function salvageRows(folder: string, prefix: string): Promise<Map<string, string>> {
  const newest = new NewestRows(prefix);
  for (const name of await readdir(folder).catch(() => [])) {
    if (/\.(?:ldb|sst|log)$/.test(name)) {
      const bytes = await readFile(join(folder, name)).catch(() => Buffer.alloc(0));
      if (name.endsWith(".log")) {
        readLog(bytes, newest);
      } else {
        readTable(bytes, newest);
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

  add(key: Buffer, order: bigint, value: Buffer | undefined): void {
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

function readTable(bytes: Buffer, newest: NewestRows): void {
  for (const { key, value } of readableEntries(bytes)) {
    const end = key.length - 8;
    if (end >= 0) {
      const stamp = key.readBigUInt64LE(end);
      const isWritten = Number(stamp & 0xffn) === WRITTEN;
      newest.add(key.subarray(0, end), stamp >> 8n, isWritten ? value : undefined);
    }
  }
}

/** https://github.com/google/leveldb/blob/main/db/write_batch.cc */
function readLog(bytes: Buffer, newest: NewestRows): void {
  for (const record of records(bytes, { skipsDamage: true })) {
    try {
      let order = record.readBigUInt64LE(0);
      const reader = new ByteReader(record.subarray(12));
      while (!reader.isAtEnd) {
        const kind = reader.take(1).readUInt8();
        if (kind !== WRITTEN && kind !== REMOVED) {
          break;
        }
        const key = reader.text();
        newest.add(key, order, kind === WRITTEN ? reader.text() : undefined);
        order += 1n;
      }
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error;
      }
    }
  }
}
