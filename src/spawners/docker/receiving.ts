/** Files that come from elsewhere, all of them or none: taken in apart, and moved when they are there. */
import { HubError } from "#src/errors.ts";

const APART = "./.homeroom-moving-in";
/** A tar ends with two blocks of zeros; one that was cut off at the end of a file looks fine without them. */
const END_BYTES = 1024;

// Folders that nobody may write into would not let go of their files.
const DISCARD_APART = `[ ! -e ${APART} ] || { find ${APART} -type d -exec chmod u+rwx {} + && rm -rf ${APART}; }`;

/** What an earlier try left goes first. */
export const TAKE_APART = `cd "$1" && { ${DISCARD_APART}; } && mkdir -m 700 ${APART} && exec tar -xf - -C ${APART}`;
/**
 * By hard links, which is quick and takes no room. Whatever the tar says of the folder itself: its person goes on
 * writing into it.
 */
export const MOVE_IN = `cd "$1" && mkdir -p "./$2" && cp -alf ${APART}/. "./$2/" && chmod u+rwx "./$2" && { ${DISCARD_APART}; }`;
export const DISCARD = `cd "$1" && { ${DISCARD_APART}; }`;

/** Throws `archive_incomplete` behind a tar that ends too early. */
export async function* wholeTar(tar: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  let zeros = 0;
  for await (const part of tar) {
    const chunk = Buffer.from(part as Uint8Array); // A stream of bytes has no other parts.
    const trailing = trailingZeros(chunk);
    zeros = trailing === chunk.length ? zeros + trailing : trailing;
    yield chunk;
  }
  if (zeros < END_BYTES) throw new HubError("archive_incomplete");
}

function trailingZeros(chunk: Buffer): number {
  let at = chunk.length;
  while (at > 0 && chunk[at - 1] === 0) at -= 1;
  return chunk.length - at;
}
