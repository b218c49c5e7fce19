/**
 * What LevelDB's files still know and the database does not: it writes a new version of a row, or that there is none
 * any more, beside the older one, which stays in the files until both meet in a compaction.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { undefinedIfMissing } from "#src/stores/files.ts";
import { writesOfLog, writesOfTable, type LoggedWrite } from "./salvage.ts";

/**
 * Keys with more in the files than their present value. The newest log is left out: after a compaction, that is what
 * was written since.
 */
export async function staleKeys(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).toSorted();
  const newestLog = names.findLast((name) => name.endsWith(".log"));
  const present = new Set<string>();
  const stale = new Set<string>();
  const add = ({ key, value }: LoggedWrite) => {
    const name = key.toString();
    if (value === undefined || present.has(name)) stale.add(name);
    present.add(name);
  };
  for (const name of names) {
    const read = readerOf(name);
    if (read === undefined || name === newestLog) continue;
    // One that LevelDB removed meanwhile is what it should be.
    const bytes = await readFile(join(folder, name)).catch(undefinedIfMissing);
    for (const write of bytes === undefined ? [] : read(bytes)) {
      add(write);
    }
  }
  return [...stale];
}

function readerOf(name: string): ((bytes: Buffer) => Iterable<LoggedWrite>) | undefined {
  if (name.endsWith(".log")) return writesOfLog;
  return /\.(?:ldb|sst)$/.test(name) ? writesOfTable : undefined;
}
