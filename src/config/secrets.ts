/** `secrets.json` in the data folder: made once, readable by the hub alone. */
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { isId, makeId, makeSecret } from "#src/stores/ids.ts";
import type { InstanceId } from "#src/stores/records.ts";
import type { Secrets } from "./schema.ts";

const MODE = 0o600;
const OTHERS = 0o077;

const schema = v.strictObject({
  instanceId: v.custom<InstanceId>((text) => typeof text === "string" && isId(text)),
  instanceKey: v.pipe(v.string(), v.regex(/^[\w-]{43}$/)),
});

/**
 * Throws `data_folder` when the file is damaged, or missing beside a database: with another instance id the
 * hub would not find anybody's files again.
 */
export async function loadSecrets(
  dataDir: string,
  { log }: { readonly log: Pick<Logger, "warn"> },
): Promise<Secrets> {
  const path = join(dataDir, "secrets.json");
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    return (await read(path, dataDir, log)) ?? (await make(path, dataDir, log));
  } catch (error) {
    throw error instanceof HubError ? error : failure(dataDir, error);
  }
}

async function read(
  path: string,
  dataDir: string,
  log: Pick<Logger, "warn">,
): Promise<Secrets | undefined> {
  const text = await open(path, "r").catch(undefinedIfMissing);
  if (text === undefined) {
    return undefined;
  }
  await using file = text;
  const { mode } = await file.stat();
  if ((mode & OTHERS) !== 0) {
    await file.chmod(MODE);
    log.warn(
      { path },
      "secrets.json could be read by others on this machine; its mode is 0600 now",
    );
  }
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), schema),
    await file.readFile("utf8"),
  );
  if (!parsed.success) {
    const detail = "secrets.json in it is damaged. Put it back from a backup";
    throw new HubError("data_folder", { path: dataDir, detail });
  }
  return parsed.output;
}

async function make(path: string, dataDir: string, log: Pick<Logger, "warn">): Promise<Secrets> {
  if (await hasDatabase(dataDir)) {
    const detail =
      "it has a database, but secrets.json is missing. Put it back from a backup: without it " +
      "nobody's files would be found";
    throw new HubError("data_folder", { path: dataDir, detail });
  }
  const secrets: Secrets = { instanceId: makeId<"instance">(), instanceKey: makeSecret() };
  const temporary = `${path}.${secrets.instanceId}`;
  await writeSynced(temporary, `${JSON.stringify(secrets, undefined, 2)}\n`);
  try {
    // Unlike a rename, this leaves alone what a hub started at the same moment has put there.
    await link(temporary, path);
  } catch (error) {
    if (hasCode(error, "EPERM") || hasCode(error, "ENOTSUP")) {
      // A file system without hard links.
      await rename(temporary, path);
    } else if (!hasCode(error, "EEXIST")) {
      throw error;
    }
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dataDir);
  return (await read(path, dataDir, log)) ?? secrets;
}

async function hasDatabase(dataDir: string): Promise<boolean> {
  const signs = ["initialised", join("db", "CURRENT")];
  const found = await Promise.all(
    signs.map((name) => readFile(join(dataDir, name)).catch(undefinedIfMissing)),
  );
  return found.some((content) => content !== undefined);
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, "wx", MODE);
  await file.writeFile(text);
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

function undefinedIfMissing(error: unknown): undefined {
  if (!hasCode(error, "ENOENT")) {
    throw error;
  }
  return undefined;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function failure(path: string, cause: unknown): HubError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new HubError("data_folder", { path, detail }, { cause });
}
