/**
 * Keeps other hubs out while a damaged database is replaced. LevelDB locks the file `LOCK` in its folder, but the
 * damaged database must not be opened; so an empty one is, whose `LOCK` leads to the damaged one's.
 */
import { mkdir, open, rm, stat, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { HubError } from "#src/errors.ts";
import { FILE_MODE, FOLDER_MODE, undefinedIfMissing } from "#src/stores/files.ts";
import { Database } from "./database.ts";

export class RestoreLock implements AsyncDisposable {
  readonly #path: string;
  readonly #database: Database;

  private constructor(path: string, database: Database) {
    this.#path = path;
    this.#database = database;
  }

  /**
   * Throws `database_locked` when another hub has the database, or has replaced it since it was `seen`;
   * where none was seen, when one has come to be.
   * The folder of the database is there afterwards.
   */
  static async take(path: string, seen: number | undefined): Promise<RestoreLock> {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    await (await open(join(path, "LOCK"), "a", FILE_MODE)).close();
    const lockPath = `${path}.lock-${crypto.randomUUID()}`;
    await mkdir(lockPath, { mode: FOLDER_MODE });
    await symlink(join("..", basename(path), "LOCK"), join(lockPath, "LOCK"));
    const database = await Database.open(lockPath, { create: true }).catch(
      async (error: unknown) => {
        // Who has the database tidies such folders away.
        const isTidied = (await folderNumber(lockPath)) === undefined;
        await rm(lockPath, { recursive: true, force: true });
        const isLocked = error instanceof HubError && error.code === "database_locked";
        const isReplaced = (await folderNumber(join(path, "LOCK"))) === undefined;
        throw isLocked || isTidied || isReplaced ? locked(path, error) : error;
      },
    );
    const lock = new RestoreLock(lockPath, database);
    const isAnother =
      seen === undefined
        ? (await folderNumber(join(path, "CURRENT"))) !== undefined
        : (await folderNumber(path)) !== seen;
    if (isAnother) {
      await lock[Symbol.asyncDispose]();
      throw locked(path);
    }
    return lock;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close();
    await rm(this.#path, { recursive: true, force: true });
  }
}

function locked(path: string, cause?: unknown): HubError {
  return new HubError("database_locked", { path }, { cause });
}

/** The same as long as it is the same folder or file, whatever its name; nothing when there is none. */
export async function folderNumber(path: string): Promise<number | undefined> {
  return (await stat(path).catch(undefinedIfMissing))?.ino;
}
