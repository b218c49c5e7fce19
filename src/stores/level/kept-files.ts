/**
 * The database's files as they were before LevelDB opened them.
 *
 * Opening replays the log, drops what cannot be read and removes the file that it came from: a damaged
 * database would lose the rest by being looked at. LevelDB never alters a file that it has closed, so a
 * second name (a hard link) for each file keeps all of them for nothing, until the rows were found to fit.
 */
import { copyFile, link, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hasCode, undefinedIfMissing } from "#src/stores/files.ts";
import { RestoreLock } from "./restore-lock.ts";

/** A first start writes some 370 bytes, the first person as much again. */
const FIRST_LOG_BYTES = 600;

export class KeptFiles {
  readonly #path: string;
  /** The oldest comes first. */
  readonly #copies: readonly string[];
  readonly #own: string | undefined;
  /** Here or in a copy is more than a first start writes. */
  readonly looksUsed: boolean;

  private constructor(
    path: string,
    copies: readonly string[],
    own: string | undefined,
    looksUsed: boolean,
  ) {
    this.#path = path;
    this.#copies = copies;
    this.#own = own;
    this.looksUsed = looksUsed;
  }

  static async make(path: string): Promise<KeptFiles> {
    const earlier = await copiesOf(path);
    const files = await filesOf(path);
    const folders = [path, ...earlier];
    const used = (await Promise.all(folders.map((folder) => looksUsed(folder)))).includes(true);
    const own = files.length === 0 ? undefined : await keep(path, files);
    return new KeptFiles(path, own === undefined ? earlier : [...earlier, own], own, used);
  }

  /** The rows fit: what was kept is not needed. Only for who holds the database open. */
  async drop(): Promise<void> {
    for (const copy of await leftovers(this.#path)) {
      // Another hub that is just starting may be making one.
      await rm(copy, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** Another hub has the database: its files are its own business. */
  async dropOurs(): Promise<void> {
    if (this.#own !== undefined) {
      await rm(this.#own, { recursive: true, force: true });
    }
  }

  /**
   * Back to the files of the first opening that did not go well. The database must be closed. When another hub has it
   * by now, or there is no room for a lock, the copies stay as they are, for that one or for the next opening.
   */
  async putBack(): Promise<void> {
    if (this.#copies.length === 0) return;
    await using lock = await RestoreLock.take(this.#path, undefined).catch(() => undefined);
    if (lock === undefined) return;
    const names = await Promise.all(this.#copies.map((copy) => filesOf(copy)));
    const oldest = names.findIndex((files) => files.length > 0);
    const copy = this.#copies[oldest];
    if (copy === undefined) return;
    await replaceFiles(this.#path, copy, names[oldest] ?? []);
    await this.drop();
  }

  /** Out of the way, for who wants to look at them. The database must be closed. */
  async setAside(): Promise<void> {
    await this.putBack();
    await rename(this.#path, `${this.#path}.unfinished-${Date.now()}`);
  }
}

async function filesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile() && entry.name !== "LOCK").map(({ name }) => name);
}

async function looksUsed(path: string): Promise<boolean> {
  const files = await filesOf(path);
  const logs = files.filter((file) => file.endsWith(".log"));
  const sizes = await Promise.all(
    logs.map(async (file) => (await stat(join(path, file)).catch(undefinedIfMissing))?.size ?? 0),
  );
  const logBytes = sizes.reduce((sum, size) => sum + size, 0);
  return logBytes > FIRST_LOG_BYTES || files.some((file) => /\.(?:ldb|sst)$/.test(file));
}

/** Everything that an opening made beside the database, whole or not. */
export async function leftovers(path: string): Promise<readonly string[]> {
  const start = `${basename(path)}.opening-`;
  const names = await readdir(dirname(path)).catch(() => []);
  return names.filter((name) => name.startsWith(start)).map((name) => join(dirname(path), name));
}

async function copiesOf(path: string): Promise<readonly string[]> {
  return (await leftovers(path))
    .filter((copy) => numberOf(copy) > 0)
    .toSorted((a, b) => numberOf(a) - numberOf(b));
}

/** 0 for a copy that is not complete. */
function numberOf(copy: string | undefined): number {
  return Number(/\.opening-(\d+)$/.exec(copy ?? "")?.[1] ?? 0);
}

/** Only a complete copy gets the name that is looked for; `undefined` when another hub is at the files. */
async function keep(path: string, files: readonly string[]): Promise<string | undefined> {
  const unfinished = `${path}.opening-${crypto.randomUUID()}`;
  await mkdir(unfinished);
  try {
    for (const file of files) {
      await linkOrCopy(join(path, file), join(unfinished, file));
    }
    const number = numberOf((await copiesOf(path)).at(-1)) + 1;
    const copy = `${path}.opening-${number}`;
    await rename(unfinished, copy);
    return copy;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) {
      return undefined;
    }
    throw error;
  }
}

/** The folder stays, with its `LOCK`; the copy, too, until all files are there. */
async function replaceFiles(path: string, copy: string, files: readonly string[]): Promise<void> {
  for (const name of await readdir(path)) {
    if (name !== "LOCK") await rm(join(path, name), { recursive: true, force: true });
  }
  for (const file of files) {
    await linkOrCopy(join(copy, file), join(path, file));
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    // No hard links on this file system (a USB disk, say).
    await copyFile(from, to);
  }
}
