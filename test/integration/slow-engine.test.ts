/**
 * An engine that leaves one person's call without an answer: everybody else's notebooks start and stop meanwhile,
 * and the calls of the API come back. The real engine, behind a socket that holds back what it is told to.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import { EngineProxy } from "#test/support/engine-proxy.ts";
import { type Folder, makeFolder } from "#test/support/folder.ts";
import { type Answer, HttpClient } from "#test/support/http-client.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { type TestHub, createTestHub } from "#test/support/test-hub.ts";

const api = "/hub/api/";
/** For what comes soon unless the machine is busy. */
const PATIENCE_MS = 120_000;
/** The hub asks one thing right after the other. */
const QUIET_MS = 500;

describe("an engine that does not answer for one person", { timeout: 1_800_000 }, () => {
  let docker: DockerRun;
  let folder: Folder;
  let proxy: EngineProxy;
  let box: TestHub;
  let console_: HttpClient;

  before(async () => {
    docker = await createDockerRun();
    folder = await makeFolder();
    proxy = new EngineProxy(join(folder.path, "engine.sock"));
    await proxy.listen();
    const spawner = {
      image: await buildStubNotebook(),
      pool: docker.pool,
      socketPath: proxy.socketPath,
      concurrentStarts: 2,
    };
    box = await createTestHub({ config: { spawner }, secrets: docker.secrets });
    await box.setUp();
    const socketPath = join(box.dataDir, "control.sock");
    console_ = new HttpClient("http://localhost", { socketPath });
    for (const name of ["alex", "kim"]) {
      await console_.ask(`${api}accounts`, { method: "POST", json: { name, role: "student" } });
    }
    await isQuiet();
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await folder?.remove();
    await docker?.[Symbol.asyncDispose]();
  });

  afterEach(() => {
    proxy.delay = undefined;
  });

  /** The hub has looked around: what is held back from now on belongs to a start or a stop. */
  async function isQuiet(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    let seen = -1;
    let since = 0;
    while (performance.now() < since + QUIET_MS || !proxy.asked.some((call) => isOfEvents(call))) {
      assert.ok(performance.now() < end, proxy.asked.join("\n"));
      if (seen !== proxy.asked.length || proxy.waiting > 0) since = performance.now();
      seen = proxy.asked.length;
      await sleep(20);
    }
  }

  function isOfEvents(call: string): boolean {
    return call.startsWith("GET /events");
  }

  /** Holds back the first call like it, until it is let go. */
  function hold(call: RegExp): { readonly begun: Promise<void>; release(): void } {
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let isHeld = false;
    proxy.delay = (method, url) => {
      if (isHeld || !call.test(`${method} ${url}`)) return undefined;
      isHeld = true;
      begun.resolve();
      return held.promise;
    };
    return { begun: begun.promise, release: held.resolve };
  }

  function ask(method: "POST" | "DELETE", name: string): Promise<Answer> {
    const options = method === "POST" ? { method, json: {} } : { method };
    return console_.ask(`${api}users/${name}/server`, options);
  }

  async function stateOf(name: string): Promise<string> {
    const { text } = await console_.ask(`${api}users/${name}?include_stopped_servers`);
    const { servers } = JSON.parse(text) as {
      servers: Record<string, { ready: boolean; pending: string | null }>;
    };
    const server = servers[""];
    return server?.ready === true ? "ready" : (server?.pending ?? "stopped");
  }

  async function becomes(name: string, state: string): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (let now = await stateOf(name); now !== state; now = await stateOf(name)) {
      assert.ok(performance.now() < end, `${name} is ${now}, not ${state}`);
      await sleep(100);
    }
  }

  /** Alex starts and stops, and Kim, whose notebook runs, stops, all of it while the call is held. */
  async function othersGoOn(name: string, pending: "spawn" | "stop"): Promise<void> {
    const answers = await Promise.all([ask("POST", "alex"), ask("DELETE", "kim")]);
    for (const { status, text } of answers) assert.ok(status < 300, text);
    await Promise.all([becomes("alex", "ready"), becomes("kim", "stopped")]);
    assert.ok((await ask("DELETE", "alex")).status < 300);
    await becomes("alex", "stopped");
    assert.equal(await stateOf(name), pending, "the call is still held");
  }

  async function isNeverAsked(call: RegExp): Promise<never> {
    await sleep(PATIENCE_MS, undefined, { ref: false });
    return assert.fail(
      `nothing like ${call.source} was asked: ${proxy.asked.slice(-30).join("\n")}`,
    );
  }

  async function makeReady(name: string): Promise<void> {
    const json = { name, role: "student" };
    const made = await console_.ask(`${api}accounts`, { method: "POST", json });
    assert.equal(made.status, 201, made.text);
    await ask("POST", "kim");
    await becomes("kim", "ready");
  }

  const steps = {
    start: [
      /^GET \/volumes\/hr-\w+-hub-/,
      /^GET \/images\//,
      /^GET \/containers\/json/,
      /^GET \/networks\?.*homeroom\.server/,
      /^GET \/volumes\/hr-\w+-home-/,
      /^POST \/volumes\/create/,
      /^POST \/networks\/create/,
      /^POST \/containers\/create/,
      /^POST \/containers\/\w+\/start/,
      /^GET \/containers\/\w{64}\/json/,
    ],
    stop: [
      /^GET \/volumes\/hr-\w+-hub-/,
      /^GET \/containers\/json/,
      /^POST \/containers\/\w+\/stop/,
      /^DELETE \/containers\//,
      /^GET \/networks\?.*homeroom\.server/,
      /^DELETE \/networks\//,
    ],
  };

  for (const [index, call] of steps.start.entries()) {
    it(`lets others go on while a start waits for ${call.source}`, async () => {
      const name = `start-${index}`;
      await makeReady(name);
      const held = hold(call);
      const asked = ask("POST", name);
      await Promise.race([held.begun, isNeverAsked(call)]);
      await othersGoOn(name, "spawn");
      held.release();
      assert.ok((await asked).status < 300);
      await becomes(name, "ready");
      await ask("DELETE", name);
      await becomes(name, "stopped");
    });
  }

  for (const [index, call] of steps.stop.entries()) {
    it(`lets others go on while a stop waits for ${call.source}`, async () => {
      const name = `stop-${index}`;
      await makeReady(name);
      await ask("POST", name);
      await becomes(name, "ready");
      const held = hold(call);
      const asked = ask("DELETE", name);
      await Promise.race([held.begun, isNeverAsked(call)]);
      await othersGoOn(name, "stop");
      held.release();
      assert.ok((await asked).status < 300);
      await becomes(name, "stopped");
    });
  }
});
