/**
 * Which table files a LevelDB database is made of. Others may lie in its folder, half written when the
 * power went away, and are none of its business.
 *
 * https://github.com/google/leveldb/blob/main/db/version_edit.cc
 */
import { ByteReader } from "./byte-reader.ts";
import { records } from "./log-records.ts";

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
