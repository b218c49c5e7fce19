/**
 * Opens a data folder in a process of its own: LevelDB may end the whole process on a damaged database, and its
 * lock is between processes. Run as a program: `node opening-child.ts <data folder>`.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HubError } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import type { Restored } from "#src/stores/restored.ts";
import { collect } from "./records.ts";
import { silentLog } from "./silent-log.ts";

export interface StoreFacts {
  /** Every row but meta, settings and sessions, and every line of the audit. */
  readonly rows: Readonly<Record<string, string>>;
  readonly restored?: Restored;
}

export type OpeningOutcome = StoreFacts | { readonly refused: string } | { readonly ended: string };

export function openInChild(dataDir: string): Promise<OpeningOutcome> {
  const { promise, resolve } = Promise.withResolvers<OpeningOutcome>();
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const file = fileURLToPath(import.meta.url);
  execFile(process.execPath, [file, dataDir], options, (error, output, errors) => {
    if (error === null) {
      resolve(JSON.parse(output) as OpeningOutcome);
    } else {
      resolve({ ended: `${error.message} ${errors}`.slice(0, 500) });
    }
  });
  return promise;
}

export async function openForFacts(dataDir: string): Promise<OpeningOutcome> {
  try {
    await using store = await openStore(dataDir, { log: silentLog });
    const rows: Record<string, string> = {};
    for (const name of ["users", "names", "groups", "members", "servers"] as const) {
      for (const [key, record] of store.entries(name)) {
        rows[`${name}!${key}`] = JSON.stringify(record);
      }
    }
    const audit = (await collect(store.audit())).filter(
      ({ action }) => action !== "store.restored",
    );
    for (const [index, record] of audit.toReversed().entries()) {
      rows[`audit!${index}`] = JSON.stringify(record);
    }
    const { restored } = store.health();
    return { rows, ...(restored !== undefined && { restored }) };
  } catch (error) {
    if (error instanceof HubError) {
      return { refused: error.code };
    }
    throw error;
  }
}

if (import.meta.main) {
  process.stdout.write(JSON.stringify(await openForFacts(process.argv[2] ?? "")));
}
