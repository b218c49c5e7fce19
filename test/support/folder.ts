/** A folder of a test's own, below the system's temporary folder. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Folder extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "homeroom-test-"));
  const remove = () => rm(path, { recursive: true, force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
}

/** What a store has in its data folder; the reserve of the disk comes when it comes. */
export async function filesBeside(dataDir: string): Promise<readonly string[]> {
  const names = await readdir(dataDir);
  return names.filter((name) => !name.startsWith("reserve")).toSorted();
}
