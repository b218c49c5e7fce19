/** Words in the files of a folder. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { undefinedIfMissing } from "#src/stores/files.ts";

const unzip = promisify(gunzip);

/** `word in file` for each of `words` in each file below `folder`, also in what is packed. */
export async function tracesOf(words: readonly string[], folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === "reserve") continue;
    const file = join(entry.parentPath, entry.name);
    // An export that is just being finished has another name by now.
    const bytes = await readFile(file).catch(undefinedIfMissing);
    if (bytes === undefined) continue;
    const texts = [bytes, file.endsWith(".gz") ? await unzip(bytes) : bytes];
    for (const word of words.filter((text) => texts.some((part) => part.includes(text)))) {
      found.push(`${word} in ${file.slice(folder.length + 1)}`);
    }
  }
  return found;
}
