/**
 * `secrets.json` in the data folder: made once, readable by the hub alone. A copy lies beside the exports of the
 * database: with another instance id the hub would not find anybody's files again.
 */
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import {
  FILE_MODE,
  FOLDER_MODE,
  folderDetail,
  hasCode,
  replaceFile,
  syncFolder,
  undefinedIfMissing,
} from "#src/stores/files.ts";
import { isId, makeId, makeSecret } from "#src/stores/ids.ts";
import type { InstanceId } from "#src/stores/records.ts";
import type { Secrets } from "./schema.ts";

type Log = Pick<Logger, "warn">;

const FILE_NAME = "secrets.json";
const OTHERS = 0o077;

const schema = v.strictObject({
  instanceId: v.custom<InstanceId>((text) => typeof text === "string" && isId(text)),
  instanceKey: v.pipe(v.string(), v.regex(/^[\w-]{43}$/)),
  /** Written by hand: what is wrong with them is said, and is no damage. */
  serviceTokens: v.optional(v.record(v.string(), v.string())),
});
/** 32 characters of JupyterHub's own tokens have 128 bits. */
const SERVICE_TOKEN = /^[\w.~-]{32,200}$/;

/**
 * Throws `data_folder` when there is a database and neither the file nor its copy can be read, and when the two
 * are of different boxes.
 */
export async function loadSecrets(
  dataDir: string,
  { log }: { readonly log: Log },
): Promise<Secrets> {
  const path = join(dataDir, FILE_NAME);
  const copy = join(dataDir, "exports", FILE_NAME);
  try {
    await mkdir(dataDir, { recursive: true, mode: FOLDER_MODE });
    const secrets = (await readOrRestore(path, copy, log)) ?? (await make(path, dataDir));
    checkServiceTokens(dataDir, secrets);
    await keepCopy(copy, secrets, { dataDir, log });
    return secrets;
  } catch (error) {
    throw error instanceof HubError ? error : failure(dataDir, folderDetail(error), error);
  }
}

/** `undefined` when neither is there. */
async function readOrRestore(path: string, copy: string, log: Log): Promise<Secrets | undefined> {
  const found = await read(path, log);
  if (found !== undefined && found !== "damaged") {
    return found;
  }
  const copied = await read(copy, log);
  if (copied === undefined || copied === "damaged") {
    if (found === "damaged" || copied === "damaged") {
      const detail = `${FILE_NAME} in it is damaged, and so is its copy or there is none. Put it back from a backup`;
      throw failure(dirname(path), detail);
    }
    return undefined;
  }
  // Several may start at the same moment: one of them has made it, or put it back, meanwhile.
  const now = await read(path, log);
  if (now !== undefined && now !== "damaged") {
    return now;
  }
  if (now === "damaged") {
    await setAside(path, log);
  }
  await replaceFile(path, format(copied), temporaryOf(path));
  const was = found === "damaged" ? "damaged (it is secrets.json.damaged now)" : "missing";
  log.warn({ path, from: copy }, `secrets.json was ${was} and was put back from its copy`);
  return copied;
}

/** As it was found. What somebody else has put back meanwhile is not taken away. */
async function setAside(path: string, log: Log): Promise<void> {
  const aside = temporaryOf(path);
  await copyFile(path, aside);
  if ((await read(aside, log)) === "damaged") {
    await rename(aside, `${path}.damaged`);
  } else {
    await rm(aside);
  }
}

async function read(path: string, log: Log): Promise<Secrets | "damaged" | undefined> {
  const opened = await open(path, "r").catch(undefinedIfMissing);
  if (opened === undefined) {
    return undefined;
  }
  await using file = opened;
  const { mode } = await file.stat();
  if ((mode & OTHERS) !== 0) {
    await file.chmod(FILE_MODE);
    log.warn(
      { path },
      "secrets.json could be read by others on this machine; its mode is 0600 now",
    );
  }
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), schema),
    await file.readFile("utf8"),
  );
  return parsed.success ? parsed.output : "damaged";
}

async function make(path: string, dataDir: string): Promise<Secrets> {
  if (await hasDatabase(dataDir)) {
    const detail =
      "it has a database, but secrets.json and its copy are missing. Put it back from a backup: " +
      "without it nobody's files would be found";
    throw failure(dataDir, detail);
  }
  const secrets: Secrets = { instanceId: makeId<"instance">(), instanceKey: makeSecret() };
  const temporary = `${path}.${secrets.instanceId}`;
  await writeSynced(temporary, format(secrets));
  try {
    // Unlike a rename, this leaves alone what a hub started at the same moment has put there.
    await link(temporary, path);
  } catch (error) {
    if (hasCode(error, "EPERM", "ENOTSUP")) {
      // A file system without hard links.
      await rename(temporary, path);
    } else if (!hasCode(error, "EEXIST")) {
      throw error;
    }
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dataDir);
  const made = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), await readFile(path, "utf8"));
  return made.success ? made.output : secrets;
}

/** Which one is wrong, and not what it is. */
function checkServiceTokens(dataDir: string, { serviceTokens = {} }: Secrets): void {
  const seen = new Map<string, string>();
  for (const [name, token] of Object.entries(serviceTokens)) {
    if (!SERVICE_TOKEN.test(token)) {
      const rule = "must have 32 to 200 characters, of A-Z, a-z, 0-9 and . _ ~ - alone";
      throw failure(dataDir, `in ${FILE_NAME} the token of the service “${name}” ${rule}`);
    }
    const other = seen.get(token);
    if (other !== undefined) {
      const twins = `“${other}” and “${name}” have the same token; each needs its own`;
      throw failure(dataDir, `in ${FILE_NAME} the services ${twins}`);
    }
    seen.set(token, name);
  }
}

/** In the way of a start only when it is of another box: nobody knows then whose files are meant. */
async function keepCopy(
  copy: string,
  secrets: Secrets,
  { dataDir, log }: { readonly dataDir: string; readonly log: Log },
): Promise<void> {
  try {
    const text = await readFile(copy, "utf8").catch(undefinedIfMissing);
    checkSameBox(dataDir, secrets, text);
    if (text !== format(secrets)) {
      await mkdir(dirname(copy), { recursive: true, mode: FOLDER_MODE });
      await replaceFile(copy, format(secrets), temporaryOf(copy));
    }
  } catch (error) {
    if (error instanceof HubError) throw error;
    log.warn({ err: error, path: copy }, "the copy of secrets.json was not written");
  }
}

function checkSameBox(dataDir: string, secrets: Secrets, copy: string | undefined): void {
  const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), copy);
  if (!success) return;
  const both = `${FILE_NAME} in it and its copy exports/${FILE_NAME}`;
  if (output.instanceId !== secrets.instanceId) {
    const detail =
      `${both} are of two boxes, ${secrets.instanceId} and ${output.instanceId}. With the wrong one nobody's files ` +
      `would be found. Look which of them the names of the volumes have (docker volume ls), and remove the other file`;
    throw failure(dataDir, detail);
  }
  if (output.instanceKey !== secrets.instanceKey) {
    const detail =
      `${both} have different keys. With the wrong one no notebook that runs and no token of a service works. ` +
      `Remove the file that was damaged or changed; when the key is to be another one, remove the copy`;
    throw failure(dataDir, detail);
  }
}

async function hasDatabase(dataDir: string): Promise<boolean> {
  const signs = ["initialised", join("db", "CURRENT")];
  const found = await Promise.all(
    signs.map((name) => readFile(join(dataDir, name)).catch(undefinedIfMissing)),
  );
  const exports = (await readdir(join(dataDir, "exports")).catch(undefinedIfMissing)) ?? [];
  return (
    found.some((content) => content !== undefined) ||
    exports.some((name) => name.endsWith(".jsonl.gz"))
  );
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, "wx", FILE_MODE);
  await file.writeFile(text);
  await file.sync();
}

/** Each has its own: several commands may start at the same moment. */
function temporaryOf(path: string): string {
  return `${path}.${crypto.randomUUID()}.new`;
}

function format(secrets: Secrets): string {
  return `${JSON.stringify(secrets, undefined, 2)}\n`;
}

function failure(path: string, detail: string, cause?: unknown): HubError {
  return new HubError("data_folder", { path, detail }, { cause });
}
