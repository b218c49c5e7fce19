/** A folder of a test's own, below the system's temporary folder. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Folder extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "homeroom-test-"));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 10 });
  return { path, remove, [Symbol.asyncDispose]: remove };
}

/** As a kill leaves it, while a store works in it: without what it has not finished. */
export function copyAsKilled(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, filter: (name) => !name.endsWith(".new") });
}

/** What a store has in its data folder; the reserve of the disk comes when it comes. */
export async function filesBeside(dataDir: string): Promise<readonly string[]> {
  const names = await readdir(dataDir);
  return names.filter((name) => !name.startsWith("reserve")).toSorted();
}
