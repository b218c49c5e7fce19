/** A hub that is asked to end by the API: its process, and the notebooks that it leaves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { type HubProcess, freePort, runMain, startHubProcess } from "#test/support/hub-process.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { signIn } from "#test/support/test-hub.ts";

describe("a hub that is asked to end", { timeout: 600_000 }, () => {
  let docker: DockerRun;
  let dataDir: string;
  let hub: HubProcess;
  let ada: HttpClient;
  let start: () => Promise<HubProcess>;

  before(async () => {
    docker = await createDockerRun();
    dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
    await writeFile(join(dataDir, "secrets.json"), JSON.stringify(docker.secrets), { mode: 0o600 });
    const port = await freePort();
    const env = { HOMEROOM_NOTEBOOK_IMAGE: await buildStubNotebook(), HOMEROOM_POOL: docker.pool };
    start = () => startHubProcess({ port, dataDir, env });
    hub = await start();
    await runMain(["user", "add", "ada", "--role", "owner", "--password-stdin"], {
      dataDir,
      input: "ada has many words",
    });
    ada = hub.client();
    assert.equal((await signIn(ada, "/", "ada", "ada has many words")).status, 302);
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
  });

  function api(method: string, path: string, json?: unknown) {
    const headers = { "x-xsrftoken": ada.cookie("_xsrf", "/hub/") ?? "" };
    return ada.ask(`/hub/api/${path}`, {
      method,
      headers,
      ...(json === undefined ? {} : { json }),
    });
  }

  async function ends(json?: unknown): Promise<void> {
    const ended = once(hub.child, "exit");
    const answer = await api("POST", "shutdown", json);
    assert.deepEqual(
      [answer.status, JSON.parse(answer.text)],
      [202, { message: "Shutting down Hub" }],
    );
    assert.deepEqual(await ended, [0, null], hub.output());
  }

  it("ends well, and leaves notebooks running for the next one", async () => {
    const started = await api("POST", "users/ada/server");
    assert.ok([201, 202].includes(started.status), started.text);
    while ((await ada.get("/user/ada/api/status")).status !== 200) await sleep(100);
    const before = await docker.containers();
    assert.equal(before.length, 1);
    await ends();
    assert.deepEqual(await docker.containers(), before);
    hub = await start();
    assert.equal((await ada.get("/user/ada/api/status")).status, 200);
    assert.deepEqual(await docker.containers(), before);
  });

  it("looks at the engine when it is asked to, and has the routes of what runs", async () => {
    assert.equal((await api("POST", "proxy")).status, 200);
    const routes = JSON.parse((await api("GET", "proxy")).text) as object;
    assert.deepEqual(Object.keys(routes), ["/", "/user/ada/"]);
  });

  it("counts what it passes on to notebooks, and what it could not", async () => {
    const figure = async (name: string): Promise<string> => {
      const { text } = await ada.get("/hub/metrics");
      return new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1] ?? "";
    };
    const before = Number(await figure("homeroom_proxy_request_seconds_count"));
    for (let asked = 0; asked < 3; asked += 1) await ada.get("/user/ada/api/status");
    assert.equal(Number(await figure("homeroom_proxy_request_seconds_count")), before + 3);
    assert.equal(await figure('homeroom_proxy_failures_total\\{reason="unreachable"\\}'), "");
    assert.equal(await figure("jupyterhub_running_servers"), "1");
  });

  it("does not end when it is asked in a way that it does not understand", async () => {
    assert.equal((await api("POST", "shutdown", { servers: "yes" })).status, 400);
    assert.equal((await ada.get("/hub/health")).status, 200);
    assert.equal(hub.child.exitCode, null);
  });

  it("stops notebooks first when that was asked, and not by itself afterwards", async () => {
    await ends({ servers: true, proxy: false });
    assert.deepEqual(await docker.containers(), []);
    hub = await start();
    assert.equal((await ada.get("/user/ada/api/status")).status, 424);
    const lines = JSON.parse((await api("GET", "audit?limit=50")).text) as {
      records: { action: string; actor_name: string; detail: unknown }[];
    };
    assert.deepEqual(
      lines.records
        .filter(({ action }) => action === "hub.shut_down")
        .map(({ actor_name: who, detail }) => [who, detail]),
      [
        ["ada", { stopServers: true }],
        ["ada", { stopServers: false }],
      ],
    );
  });
});
