/**
 * The records in a log of LevelDB: its manifest is one, and what is in no table yet.
 *
 * https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
import { maskedCrc32c } from "./crc32c.ts";

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

/** As far as they are whole; with `skipsDamage` also those in later blocks. */
export function* records(
  bytes: Buffer,
  { skipsDamage = false }: { readonly skipsDamage?: boolean } = {},
): Generator<Buffer> {
  let parts: readonly Buffer[] | undefined;
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    for (const fragment of fragments(bytes.subarray(start, start + BLOCK_BYTES))) {
      if (fragment === undefined) {
        if (!skipsDamage) {
          return;
        }
        parts = undefined;
        continue;
      }
      const { type, part } = fragment;
      if (type === FULL) {
        yield part;
      } else if (type === FIRST) {
        parts = [part];
      } else if (parts !== undefined) {
        parts = [...parts, part];
        if (type === LAST) {
          yield Buffer.concat(parts);
          parts = undefined;
        }
      }
    }
  }
}

/** Ends with `undefined` where the block is damaged. */
function* fragments(block: Buffer): Generator<{ type: number; part: Buffer } | undefined> {
  let position = 0;
  while (position + HEADER_BYTES <= block.length) {
    const sum = block.readUInt32LE(position);
    const end = position + HEADER_BYTES + block.readUInt16LE(position + 4);
    const type = block.readUInt8(position + 6);
    const isWhole =
      end <= block.length &&
      [FULL, FIRST, MIDDLE, LAST].includes(type) &&
      maskedCrc32c(block.subarray(position + 6, end)) === sum;
    if (!isWhole) {
      yield undefined;
      return;
    }
    yield { type, part: block.subarray(position + HEADER_BYTES, end) };
    position = end;
  }
}
