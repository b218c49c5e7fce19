/**
 * A new database out of exports and journals, in the place of one that is damaged or gone.
 *
 * It is made beside the damaged one and takes its name at the end: whoever is killed in between finds the damage
 * again, or the new database under its other name.
 */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isoTime, type Clock } from "#src/clock.ts";
import { failureText, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { Checksum } from "#src/stores/checksum.ts";
import type { ExportsFolder } from "#src/stores/exports/exports-folder.ts";
import { findNewestState, type Findings } from "#src/stores/exports/newest-state.ts";
import {
  detailOf,
  FOLDER_MODE,
  hasCode,
  syncFolder,
  undefinedIfMissing,
} from "#src/stores/files.ts";
import { schemaAfter, type Migration } from "#src/stores/migrations/migrations.ts";
import { restoredNotice } from "#src/stores/restored.ts";
import { Database } from "./database.ts";
import { leftovers } from "./kept-files.ts";
import { folderNumber, RestoreLock } from "./restore-lock.ts";
import { restoredContent, type RestoredContent } from "./restored-content.ts";

const KEPT_ASIDE = 3;
/** How names of what a restore leaves behind begin, after that of the database. */
const LEFT = ["lock", "restoring", "restored"];

interface RestoreOptions {
  readonly path: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly migrations: readonly Migration[];
  readonly folder: ExportsFolder;
  /** Changes that there were at least. */
  readonly changes: number;
  readonly reason: string;
  /** The folder that was found damaged: see `folderNumber`. */
  readonly seen: number | undefined;
}

/** A new database that was finished under its other name before a kill. */
export async function finishRestore(path: string): Promise<void> {
  if ((await folderNumber(path)) === undefined) {
    await rename(`${path}.restored`, path).catch(undefinedIfMissing);
  }
}

/** What a restore that was killed left behind. Only for who holds the database open. */
export async function tidyAfterRestore(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (LEFT.some((left) => name.startsWith(`${basename(path)}.${left}`))) {
      await rm(join(dirname(path), name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** Throws `database_unreadable` when there is nothing to restore from: then nothing was changed. */
export async function restoreDatabase(options: RestoreOptions): Promise<void> {
  const { path, log, clock, folder, reason, seen } = options;
  const findings = await findNewestState(folder);
  const state = usableState(findings, options);
  await using _lock = await RestoreLock.take(path, seen);
  const aside = await asidePath(path);
  const content = await restoredContent(state, {
    at: isoTime(clock),
    knownChanges: Math.max(findings.knownChanges, options.changes),
    damaged: path,
    reason,
    aside: aside === undefined ? undefined : basename(aside),
  });
  await makeBeside(path, content);
  await takePlace(path, aside);
  const { note } = content;
  const words = failureText(restoredNotice(note), "teacher");
  log.warn({ path, ...note, unusable: findings.unusable }, words);
}

function usableState(
  { state, unusable }: Findings,
  { path, reason, migrations }: RestoreOptions,
): NonNullable<Findings["state"]> {
  if (state === undefined) {
    const exports =
      unusable.length === 0
        ? "there is no export beside it"
        : `none of the ${unusable.length} exports beside it is whole`;
    throw new HubError("database_unreadable", { path, detail: `${reason}; ${exports}` });
  }
  const known = schemaAfter(migrations);
  if (state.schema > known) {
    throw new HubError("database_newer", { path, found: state.schema, known });
  }
  return state;
}

/** `undefined` when there are no files to keep. */
async function asidePath(path: string): Promise<string | undefined> {
  const files = (await readdir(path)).filter((name) => name !== "LOCK");
  if (files.length === 0 && (await leftovers(path)).length === 0) {
    return undefined;
  }
  const number = ((await asides(path)).at(-1)?.number ?? 0) + 1;
  return `${path}.damaged-${number}`;
}

/** Databases that were put aside: nobody may look at them any more. */
export async function removeAsides(path: string): Promise<void> {
  const unfinished = `${basename(path)}.unfinished-`;
  const names = await readdir(dirname(path));
  const asideNames = (await asides(path)).map(({ name }) => name);
  for (const name of [...asideNames, ...names.filter((other) => other.startsWith(unfinished))]) {
    await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

/** The oldest first. */
async function asides(path: string): Promise<readonly { name: string; number: number }[]> {
  const names = await readdir(dirname(path));
  return names
    .flatMap((name) => {
      const [, base, number] = /^(.*)\.damaged-(\d+)$/.exec(name) ?? [];
      return base === basename(path) ? [{ name, number: Number(number) }] : [];
    })
    .toSorted((a, b) => a.number - b.number);
}

async function makeBeside(path: string, content: RestoredContent): Promise<void> {
  const unfinished = `${path}.restoring`;
  await rm(unfinished, { recursive: true, force: true });
  await rm(`${path}.restored`, { recursive: true, force: true });
  await mkdir(unfinished, { mode: FOLDER_MODE });
  const database = await Database.open(unfinished, { create: true });
  try {
    const checksum = Checksum.of(content.rows, content.changes);
    const rows = [...content.rows].flatMap(([collection, texts]) =>
      Array.from(texts, ([key, text]) => ({ collection, key, text })),
    );
    await database.write({ rows: [...rows, checksum.row()], audit: content.audit });
  } finally {
    await database.close();
  }
  await syncFolder(unfinished);
  await rename(unfinished, `${path}.restored`);
  await syncFolder(dirname(path));
}

async function takePlace(path: string, aside: string | undefined): Promise<void> {
  if (aside === undefined) {
    await rm(path, { recursive: true, force: true });
  } else {
    // What an earlier opening kept of it must not be put back in the place of the new one.
    for (const copy of await leftovers(path)) {
      await rename(copy, join(path, basename(copy)));
    }
    await rename(path, aside);
  }
  await rename(`${path}.restored`, path).catch((error: unknown) => {
    // Another hub began to restore in this very moment: it has the exports, too.
    throw hasCode(error, "ENOTEMPTY", "EEXIST")
      ? new HubError("database_locked", { path }, { cause: error })
      : error;
  });
  await syncFolder(dirname(path));
  for (const { name } of (await asides(path)).slice(0, -KEPT_ASIDE)) {
    await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

export function reasonOf(error: HubError): string {
  return String(error.params["detail"] ?? detailOf(error));
}
