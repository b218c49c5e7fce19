/** Words in the files of a folder. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { hasCode } from "#src/stores/files.ts";

const unzip = promisify(gunzip);

/** More would be a hub that never comes to rest. */
const WALKS = 50;

/** `word in file` for each of `words` in each file below `folder`, also in what is packed. */
export async function tracesOf(words: readonly string[], folder: string): Promise<string[]> {
  for (let walk = 1; ; walk += 1) {
    try {
      return await walkThrough(words, folder);
    } catch (error) {
      // A hub at work renames and clears away: what has another name by now could be missed, so everything is read anew.
      if (walk === WALKS || !hasCode(error, "ENOENT")) throw error;
    }
  }
}

async function walkThrough(words: readonly string[], folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === "reserve") continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    const texts = [bytes, file.endsWith(".gz") ? await unzip(bytes) : bytes];
    for (const word of words.filter((text) => texts.some((part) => part.includes(text)))) {
      found.push(`${word} in ${file.slice(folder.length + 1)}`);
    }
  }
  return found;
}
