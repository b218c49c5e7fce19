/**
 * Reads the table files of a database before LevelDB does. LevelDB trusts them: an assertion in it ends the
 * whole process on some damaged ones, and others give altered rows. Every block has a checksum; a table
 * whose blocks all fit is what was written.
 *
 * https://github.com/google/leveldb/blob/main/doc/table_format.md
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ByteReader } from "./byte-reader.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { liveTables } from "./manifest.ts";

const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Behind each block: how it is compressed, and the sum. */
const TRAILER_BYTES = 5;
const NOT_COMPRESSED = 0;

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** What is wrong, in words; `undefined` when all tables are whole. */
export async function findDamagedTable(folder: string): Promise<string | undefined> {
  const current = await readIfThere(join(folder, "CURRENT"));
  const name = /^(MANIFEST-\d+)\n$/.exec(current?.toString("latin1") ?? "")?.[1];
  const manifest = name === undefined ? undefined : await readIfThere(join(folder, name));
  if (manifest === undefined) {
    // A new database, or one that LevelDB refuses to open.
    return undefined;
  }
  for (const number of liveTables(manifest)) {
    const file = `${String(number).padStart(6, "0")}.ldb`;
    const bytes = await readIfThere(join(folder, file));
    if (bytes === undefined) {
      return `${file} is missing`;
    }
    if (!isWhole(bytes)) {
      return `${file} is damaged`;
    }
  }
  return undefined;
}

function isWhole(table: Buffer): boolean {
  const end = table.length - FOOTER_BYTES;
  if (end < 0 || table.readBigUInt64LE(table.length - 8) !== MAGIC) {
    return false;
  }
  try {
    const footer = new ByteReader(table.subarray(end));
    const indexes = [readHandle(footer), readHandle(footer)];
    return indexes.every((handle) => {
      const index = readBlock(table, handle);
      return index !== undefined && handlesIn(index).every((part) => readBlock(table, part));
    });
  } catch (error) {
    if (error instanceof RangeError) {
      return false;
    }
    throw error;
  }
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() };
}

function readBlock(table: Buffer, { offset, size }: BlockHandle): Buffer | undefined {
  const end = offset + size;
  if (end + TRAILER_BYTES > table.length - FOOTER_BYTES) {
    return undefined;
  }
  // The sum is over the block and the byte that says how it is compressed; ours never are.
  const fits = maskedCrc32c(table.subarray(offset, end + 1)) === table.readUInt32LE(end + 1);
  return fits && table.readUInt8(end) === NOT_COMPRESSED ? table.subarray(offset, end) : undefined;
}

/** The blocks that an index block points to. */
function handlesIn(index: Buffer): readonly BlockHandle[] {
  const restarts = index.readUInt32LE(index.length - 4);
  const reader = new ByteReader(index.subarray(0, index.length - 4 - 4 * restarts));
  const handles: BlockHandle[] = [];
  while (!reader.isAtEnd) {
    reader.varint(); // bytes that the key shares with the one before
    const keyBytes = reader.varint();
    const valueBytes = reader.varint();
    reader.take(keyBytes);
    handles.push(readHandle(new ByteReader(reader.take(valueBytes))));
  }
  return handles;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
