/**
 * LevelDB's table files, without LevelDB.
 *
 * https://github.com/google/leveldb/blob/main/doc/table_format.md
 */
import { ByteReader } from "./byte-reader.ts";
import { maskedCrc32c } from "./crc32c.ts";

const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Behind each block: how it is compressed, and the sum. */
const TRAILER_BYTES = 5;
const NOT_COMPRESSED = 0;

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

interface Entry {
  /** In a block of rows: with LevelDB's number and kind of the write behind it. */
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Whether all blocks fit their sums. */
export function isWholeTable(table: Buffer): boolean {
  return orIfCutShort(false, () => indexesOf(table).every((handle) => isWholeIndex(table, handle)));
}

/** The rows of all blocks that fit their sums. */
export function* readableEntries(table: Buffer): Generator<Entry> {
  const [, rowIndex] = orIfCutShort([], () => indexesOf(table));
  const index = rowIndex === undefined ? undefined : readBlock(table, rowIndex);
  for (const { value } of orIfCutShort([], () => entriesOf(index))) {
    yield* orIfCutShort([], () => entriesOf(readBlock(table, readHandle(new ByteReader(value)))));
  }
}

/** Of the blocks about blocks, and of the blocks of rows. */
function indexesOf(table: Buffer): readonly BlockHandle[] {
  const end = table.length - FOOTER_BYTES;
  if (end < 0 || table.readBigUInt64LE(table.length - 8) !== MAGIC) {
    throw new RangeError("There is no footer");
  }
  const footer = new ByteReader(table.subarray(end));
  return [readHandle(footer), readHandle(footer)];
}

function isWholeIndex(table: Buffer, handle: BlockHandle): boolean {
  const index = readBlock(table, handle);
  return (
    index !== undefined &&
    entriesOf(index).every(
      ({ value }) => readBlock(table, readHandle(new ByteReader(value))) !== undefined,
    )
  );
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

function entriesOf(block: Buffer | undefined): readonly Entry[] {
  const entries: Entry[] = [];
  if (block === undefined) {
    return entries;
  }
  const restarts = block.readUInt32LE(block.length - 4);
  const reader = new ByteReader(block.subarray(0, block.length - 4 - 4 * restarts));
  let before = Buffer.alloc(0);
  while (!reader.isAtEnd) {
    const shared = reader.varint();
    const keyBytes = reader.varint();
    const valueBytes = reader.varint();
    const key = Buffer.concat([before.subarray(0, shared), reader.take(keyBytes)]);
    entries.push({ key, value: reader.take(valueBytes) });
    before = key;
  }
  return entries;
}

/** Numbers in a damaged file lead anywhere. */
function orIfCutShort<Result>(otherwise: Result, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) {
      return otherwise;
    }
    throw error;
  }
}
