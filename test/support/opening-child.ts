/**
 * Opens data folders in a process of its own: LevelDB may end the whole process on a damaged database, and its
 * lock is between processes. Run as a program, it answers each folder named on standard input with a line.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { HubError } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import type { Restored } from "#src/stores/restored.ts";
import type { Store } from "#src/stores/store.ts";
import { collect } from "./records.ts";
import { silentLog } from "./silent-log.ts";

export interface StoreFacts {
  /** Every row of people, names, classes and so on, as `collection!key text`. */
  readonly rows: readonly string[];
  /** The oldest first, without what a restore adds. */
  readonly audit: readonly string[];
  readonly restored?: Restored;
}

export type OpeningOutcome =
  StoreFacts | { readonly refused: string; readonly detail: string } | { readonly ended: string };

/** One process for many folders, until it ends. */
export class OpeningChild implements AsyncDisposable {
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #lines: AsyncIterator<string> | undefined;

  async open(dataDir: string): Promise<OpeningOutcome> {
    const file = fileURLToPath(import.meta.url);
    this.#child ??= spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"] });
    const child = this.#child;
    this.#lines ??= createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write(`${dataDir}\n`);
    const line = await this.#lines.next();
    if (line.done !== true) {
      return JSON.parse(line.value) as OpeningOutcome;
    }
    this.#child = undefined;
    this.#lines = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, "exit");
    }
    return { ended: child.signalCode ?? `exit code ${child.exitCode}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== undefined) {
      child.stdin.end();
      await once(child, "exit");
    }
  }
}

export async function openInChild(dataDir: string): Promise<OpeningOutcome> {
  await using child = new OpeningChild();
  return await child.open(dataDir);
}

export async function factsOf(store: Store): Promise<StoreFacts> {
  const rows = (["users", "names", "groups", "members", "servers"] as const).flatMap((name) =>
    Array.from(store.entries(name), ([key, record]) => `${name}!${key} ${JSON.stringify(record)}`),
  );
  const audit = (await collect(store.audit()))
    .filter(({ action }) => action !== "store.restored")
    .map((record) => JSON.stringify(record));
  const { restored } = store.health();
  return { rows, audit: audit.toReversed(), ...(restored !== undefined && { restored }) };
}

async function openForFacts(dataDir: string): Promise<OpeningOutcome> {
  try {
    await using store = await openStore(dataDir, { log: silentLog });
    return await factsOf(store);
  } catch (error) {
    if (error instanceof HubError) {
      const { detail, path } = error.params;
      return { refused: error.code, detail: String(detail ?? path ?? "") };
    }
    throw error;
  }
}

if (import.meta.main) {
  for await (const dataDir of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await openForFacts(dataDir))}\n`);
  }
}
