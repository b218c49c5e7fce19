/** `stop-notebooks`: what `./homeroom down` does before the hub itself ends. */
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import type { Spawner } from "#src/spawners/spawner.ts";
import { CommandError, type ControlClient, readBody } from "./control-client.ts";
import { failureWords } from "./failure-words.ts";
import { type ExitCode, exitCodes, type Host } from "./host.ts";

/** Notebooks that are stopped at the same time: each has half a minute to save. */
const AT_ONCE = 8;
const STOP_TIMEOUT_MS = 120_000;
const PAUSE_MS = 500;

/** The most that the hub lists at once. */
const PAGE = 200;

const people = v.array(
  v.object({ name: v.string(), servers: v.record(v.string(), v.looseObject({})) }),
);

/** Through the hub when one runs, so that it knows; else by the labels of the containers. */
export async function runStopNotebooks(
  host: Host,
  client: ControlClient,
  openSpawner: () => Promise<Spawner>,
): Promise<ExitCode> {
  const running = await runningNotebooks(client);
  const failures: string[] = [];
  const stop = async (what: string, stopping: () => Promise<void>) => {
    try {
      await stopping();
    } catch (error) {
      failures.push(`${what}: ${failureWords(error)}`);
    }
  };
  if (running === undefined) {
    await using spawner = await openSpawner();
    const servers = await spawner.list(AbortSignal.timeout(STOP_TIMEOUT_MS));
    await eachOf(servers, ({ serverId }) =>
      stop(serverId, () => spawner.stop(serverId, AbortSignal.timeout(STOP_TIMEOUT_MS))),
    );
  } else {
    await eachOf(running, (notebook) =>
      stop(notebook.title, () => stopThroughHub(notebook.path, client)),
    );
  }
  if (failures.length > 0) {
    host.err(`Some notebooks may still run.\n${failures.map((line) => `  ${line}\n`).join("")}`);
    return exitCodes.failed;
  }
  host.err("No notebook is running any more.\n");
  return exitCodes.done;
}

interface Notebook {
  readonly title: string;
  readonly path: string;
}

/** Also those that are coming up, and those with names of their own. `undefined` without a hub. */
async function runningNotebooks(client: ControlClient): Promise<readonly Notebook[] | undefined> {
  const found: Notebook[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const path = `api/users?state=active&limit=${PAGE}&offset=${offset}`;
    const answer = await client.request("GET", path);
    if (answer === undefined) return undefined;
    const page = readBody(people, answer);
    found.push(...page.flatMap((person) => notebooksOf(person)));
    if (page.length < PAGE) return found;
  }
}

function notebooksOf({ name, servers }: v.InferOutput<typeof people>[number]): Notebook[] {
  return Object.keys(servers).map((server) => ({
    title: server === "" ? name : `${name}, ${server}`,
    path:
      `api/users/${encodeURIComponent(name)}/server` +
      (server === "" ? "" : `s/${encodeURIComponent(server)}`),
  }));
}

async function stopThroughHub(path: string, client: ControlClient): Promise<void> {
  const end = performance.now() + STOP_TIMEOUT_MS;
  for (;;) {
    const answer = await client.request("DELETE", path, { timeoutMs: STOP_TIMEOUT_MS });
    if (answer === undefined) {
      throw new CommandError("the hub went away");
    }
    // 202: it takes its time.
    if (answer.status !== 202) {
      return;
    }
    if (performance.now() > end) {
      throw new CommandError("it does not stop");
    }
    await sleep(PAUSE_MS);
  }
}

async function eachOf<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
