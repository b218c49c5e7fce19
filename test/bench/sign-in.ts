/** A hundred people sign in at the bell: until all are in, and what everybody else notices of it meanwhile. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createDockerRun } from "#test/support/docker.ts";
import { HttpClient } from "#test/support/http-client.ts";
import { type HubProcess, freePort, startHubProcess } from "#test/support/hub-process.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { median, quantile, readRssMib, report } from "./figures.ts";

const PEOPLE = 100;
const PROBE_EVERY_MS = 20;
const LOGIN = "/hub/login";

export async function benchSignIn(rounds: number): Promise<void> {
  await using docker = await createDockerRun();
  const image = await buildStubNotebook();
  const dataDir = await mkdtemp(join(tmpdir(), "homeroom-bench-"));
  await writeFile(join(dataDir, "secrets.json"), JSON.stringify(docker.secrets), { mode: 0o600 });
  const env = { HOMEROOM_NOTEBOOK_IMAGE: image, HOMEROOM_POOL: docker.pool };
  try {
    await using hub = await startHubProcess({ port: await freePort(), dataDir, env });
    const names = Array.from({ length: PEOPLE }, (_, index) => `student${index}`);
    const owner = new HttpClient("http://localhost", { socketPath: join(dataDir, "control.sock") });
    await Promise.all(["ann", ...names].map((name) => addPerson(owner, name)));
    const ann = hub.client();
    await signIn(ann, "ann");
    await openNotebook(ann);
    const idleMib = await rssMib(hub);
    const quiet = await probe(hub, ann, sleep(3000));
    const storms: Storm[] = [];
    for (let round = 0; round < rounds; round += 1) {
      storms.push(await storm(hub, ann, names));
      await sleep(2000);
    }
    reportAll({ quiet, storms, idleMib, afterMib: await rssMib(hub) });
    await ann.get("/hub/home");
    await ann.post("/hub/stop/ann");
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Storm {
  readonly ms: number;
  readonly notIn: number;
  readonly times: Times;
  readonly mostMib: number;
}

/** Milliseconds of each request. */
interface Times {
  readonly login: number[];
  readonly home: number[];
  readonly notebook: number[];
}

async function storm(hub: HubProcess, ann: HttpClient, names: readonly string[]): Promise<Storm> {
  const clients = names.map((name) => ({ name, client: hub.client() }));
  for (const { client } of clients) await client.get(LOGIN);
  let mostMib = 0;
  const watch = setInterval(
    () => void rssMib(hub).then((mib) => (mostMib = Math.max(mostMib, mib))),
    250,
  );
  const started = performance.now();
  let ms = 0;
  const signingIn = Promise.all(
    clients.map(async ({ name, client }) => {
      const answer = await client.post(LOGIN, { username: name, password: passwordOf(name) });
      ms = performance.now() - started;
      return answer.status;
    }),
  );
  const times = await probe(hub, ann, signingIn);
  clearInterval(watch);
  const notIn = (await signingIn).filter((status) => status !== 302).length;
  return { ms, notIn, times, mostMib };
}

/** Looks at three pages again and again until `until` is kept. */
async function probe(hub: HubProcess, ann: HttpClient, until: Promise<unknown>): Promise<Times> {
  const over = new AbortController();
  const done = until.finally(() => over.abort());
  const stranger = hub.client();
  const times: Times = { login: [], home: [], notebook: [] };
  const lanes: [number[], () => Promise<{ status: number }>][] = [
    [times.login, () => stranger.get(LOGIN)],
    [times.home, () => ann.get("/hub/home")],
    [times.notebook, () => ann.get("/user/ann/lab")],
  ];
  const looking = lanes.map(async ([into, look]) => {
    while (!over.signal.aborted) {
      const started = performance.now();
      const { status } = await look();
      if (status !== 200) throw new Error(`a page answered ${status}`);
      into.push(performance.now() - started);
      await sleep(PROBE_EVERY_MS);
    }
  });
  await Promise.all([done, ...looking]);
  return times;
}

function reportAll(figures: {
  readonly quiet: Times;
  readonly storms: readonly Storm[];
  readonly idleMib: number;
  readonly afterMib: number;
}): void {
  const { quiet, storms, idleMib, afterMib } = figures;
  const ofStorms = (pick: (storm: Storm) => number): number => median(storms.map(pick));
  report(
    `${PEOPLE} sign-ins at once, median of ${storms.length}`,
    ofStorms(({ ms }) => ms),
    "ms",
    "≤ 20000",
  );
  report("of them not let in, most", Math.max(...storms.map(({ notIn }) => notIn)), "", "0");
  for (const page of ["login", "home", "notebook"] as const) {
    for (const share of [0.5, 0.95]) {
      const name = `${page}, p${share * 100}`;
      report(`${name}, nobody signs in`, quantile(quiet[page], share), "ms");
      const during = ofStorms(({ times }) => quantile(times[page], share));
      report(`${name}, during the sign-ins`, during, "ms", share === 0.95 ? "≤ 50" : undefined);
    }
  }
  report("resident memory before", idleMib, "MiB");
  report(
    "resident memory, most meanwhile",
    Math.max(...storms.map(({ mostMib }) => mostMib)),
    "MiB",
    "≤ before + 150",
  );
  report("resident memory after", afterMib, "MiB");
}

async function addPerson(owner: HttpClient, name: string): Promise<void> {
  const json = { name, password: passwordOf(name) };
  const answer = await owner.ask("/hub/api/accounts", { method: "POST", json });
  if (answer.status !== 201) throw new Error(`adding answered ${answer.status}: ${answer.text}`);
}

async function signIn(client: HttpClient, name: string): Promise<void> {
  await client.get(LOGIN);
  const answer = await client.post(LOGIN, { username: name, password: passwordOf(name) });
  if (answer.status !== 302) throw new Error(`sign-in answered ${answer.status}: ${answer.text}`);
}

async function openNotebook(client: HttpClient): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await client.get("/hub/spawn", { follow: true });
    if (answer.url === "/user/ann/lab" && answer.status === 200) return;
    await sleep(100);
  }
  throw new Error("the notebook does not open");
}

function passwordOf(name: string): string {
  return `${name} likes cold tea`;
}

async function rssMib(hub: HubProcess): Promise<number> {
  const pid = hub.child.pid ?? 0;
  return readRssMib(pid, await readFile(`/proc/${pid}/status`, "utf8"));
}
