/**
 * Reads the table files of a database before LevelDB does. LevelDB trusts them: an assertion in it ends the
 * whole process on some damaged ones, and others give altered rows. Every block has a checksum; a table
 * whose blocks all fit is what was written.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, undefinedIfMissing } from "#src/stores/files.ts";
import { liveTables } from "./manifest.ts";
import { isWholeTable } from "./table-file.ts";

/** What is wrong, in words; `undefined` when all tables are whole. */
export async function findDamagedTable(folder: string): Promise<string | undefined> {
  const current = await readIfThere(join(folder, "CURRENT"));
  const name = /^(MANIFEST-\d+)\n$/.exec(current?.toString("latin1") ?? "")?.[1];
  const manifest = name === undefined ? undefined : await readIfThere(join(folder, name));
  if (manifest === undefined) {
    // A new database, or one that LevelDB refuses to open.
    return undefined;
  }
  for (const number of liveTables(manifest)) {
    const file = `${String(number).padStart(6, "0")}.ldb`;
    const bytes = await readIfThere(join(folder, file));
    if (bytes === undefined) {
      return `${file} is missing`;
    }
    if (!isWholeTable(bytes)) {
      return `${file} is damaged`;
    }
  }
  return undefined;
}

function readIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: unknown) =>
    // A folder in the place of a file is no file.
    hasCode(error, "EISDIR") ? undefined : undefinedIfMissing(error),
  );
}
