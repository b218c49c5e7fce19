/**
 * Which table files a LevelDB database is made of. Others may lie in its folder, half written when the
 * power went away, and are none of its business.
 *
 * https://github.com/google/leveldb/blob/main/doc/log_format.md, db/version_edit.cc
 */
import { ByteReader } from "./byte-reader.ts";
import { maskedCrc32c } from "./crc32c.ts";

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

/** Numbers of the tables; as far as the manifest can be read (LevelDB itself refuses a damaged one). */
export function liveTables(manifest: Buffer): ReadonlySet<number> {
  const live = new Set<number>();
  for (const record of records(manifest)) {
    if (!apply(record, live)) {
      break;
    }
  }
  return live;
}

function* records(bytes: Buffer): Generator<Buffer> {
  let parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const block = bytes.subarray(start, start + BLOCK_BYTES);
    let position = 0;
    while (position + HEADER_BYTES <= block.length) {
      const sum = block.readUInt32LE(position);
      const end = position + HEADER_BYTES + block.readUInt16LE(position + 4);
      const type = block.readUInt8(position + 6);
      if (end > block.length || maskedCrc32c(block.subarray(position + 6, end)) !== sum) {
        return;
      }
      const part = block.subarray(position + HEADER_BYTES, end);
      parts = type === FULL || type === FIRST ? [part] : [...parts, part];
      if (type === FULL || type === LAST) {
        yield Buffer.concat(parts);
      } else if (type !== FIRST && type !== MIDDLE) {
        return;
      }
      position = end;
    }
  }
}

function apply(record: Buffer, live: Set<number>): boolean {
  const reader = new ByteReader(record);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    switch (tag) {
      case 1: // comparator
        reader.text();
        break;
      case 2: // log number
      case 3: // next file number
      case 4: // last sequence
      case 9: // previous log number
        reader.varint();
        break;
      case 5: // compaction pointer: level, key
        reader.varint();
        reader.text();
        break;
      case 6: // deleted file: level, number
        reader.varint();
        live.delete(reader.varint());
        break;
      case 7: // new file: level, number, size, smallest and largest key
        reader.varint();
        live.add(reader.varint());
        reader.varint();
        reader.text();
        reader.text();
        break;
      default:
        return false;
    }
  }
  return true;
}
