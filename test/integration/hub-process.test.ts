/** The hub as a process: killed, restarted, started wrongly. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { type HubProcess, freePort, runMain, startHubProcess } from "#test/support/hub-process.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { signIn } from "#test/support/test-hub.ts";

describe("a hub that is killed", { timeout: 400_000 }, () => {
  let docker: DockerRun;
  let dataDir: string;
  let port: number;
  let hub: HubProcess;
  let maria: HttpClient;
  let env: Record<string, string>;

  before(async () => {
    docker = await createDockerRun();
    dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
    await writeFile(join(dataDir, "secrets.json"), JSON.stringify(docker.secrets), { mode: 0o600 });
    port = await freePort();
    env = { HOMEROOM_NOTEBOOK_IMAGE: await buildStubNotebook(), HOMEROOM_POOL: docker.pool };
    hub = await startHubProcess({ port, dataDir, env });
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
  });

  async function openNotebook(client: HttpClient, name: string): Promise<void> {
    const end = performance.now() + 60_000;
    while (performance.now() < end) {
      const answer = await client.get("/hub/spawn", { follow: true });
      if (answer.url === `/user/${name}/lab` && answer.status === 200) return;
      await sleep(250);
    }
    throw new Error(`the notebook of ${name} does not open`);
  }

  it("takes people from the command line while it runs, and while it does not", async () => {
    const added = await runMain(
      ["user", "add", "María", "--display", "María López", "--password-stdin"],
      { dataDir, input: "maria has words\n" },
    );
    assert.deepEqual(added, { code: 0, stdout: "", stderr: added.stderr });
    maria = hub.client();
    assert.equal((await signIn(maria, "/", "maria", "maria has words")).status, 302);
    await hub.kill("SIGTERM");
    const away = await runMain(["user", "add", "jose"], { dataDir });
    assert.equal(away.code, 0, away.stderr);
    assert.match(away.stdout, /^\S{8,}\n$/);
    hub = await startHubProcess({ port, dataDir, env });
    const jose = hub.client();
    const first = await signIn(jose, "/", "jose", away.stdout.trim());
    assert.match(first.location, /^\/hub\/first/);
    const twice = await runMain(["user", "add", "JOSE "], { dataDir });
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /already someone with the user name jose/);
  });

  it("tells its owner why nobody can sign in behind a web server that it does not know of", async () => {
    const people = hub.client();
    const headers = { host: "hub:8000", origin: "https://school.example" };
    await people.get("/hub/login", { headers });
    const form = { username: "maria", password: "maria has words" };
    const refused = await people.post("/hub/login", form, { headers });
    assert.equal(refused.status, 403);
    assert.doesNotMatch(refused.text, /HOMEROOM_/, "that is no student's business");
    const said = () =>
      hub
        .output()
        .split("\n")
        .find((text) => text.includes("foreign_origin"));
    for (let tries = 0; said() === undefined && tries < 1200; tries += 1) await sleep(50);
    assert.match(said() ?? "", /https:\/\/school\.example.*http:\/\/hub:8000.*HOMEROOM_PUBLIC_URL/);
    await hub.kill("SIGTERM");
    const known = { ...env, HOMEROOM_PUBLIC_URL: "https://school.example" };
    hub = await startHubProcess({ port, dataDir, env: known });
    const answer = await people.post("/hub/login", form, { headers });
    assert.equal(answer.status, 302);
    await hub.kill("SIGTERM");
    hub = await startHubProcess({ port, dataDir, env });
  });

  it("comes back to sessions, routes and running notebooks", async () => {
    await openNotebook(maria, "maria");
    const before = await docker.containers();
    assert.equal(before.length, 1);
    await hub.kill("SIGKILL");
    hub = await startHubProcess({ port, dataDir, env });
    assert.equal((await maria.get("/user/maria/api/status")).status, 200);
    assert.equal((await maria.get("/hub/home")).status, 200);
    assert.deepEqual(await docker.containers(), before);
  });

  it("finishes a start in which it was killed, at whatever moment", async () => {
    for (const delayMs of [0, 40, 90, 150, 230, 320, 450]) {
      await maria.get("/hub/home");
      await maria.post("/hub/stop/maria");
      const asked = maria.get("/hub/spawn").catch(() => undefined);
      await sleep(delayMs);
      await hub.kill("SIGKILL");
      await asked;
      hub = await startHubProcess({ port, dataDir, env });
      await openNotebook(maria, "maria");
      const containers = await docker.containers();
      assert.equal(containers.length, 1, `killed after ${delayMs} ms: ${containers.join()}`);
    }
  });

  it("notices a removed container and opens a new one", async () => {
    await openNotebook(maria, "maria");
    const [container = ""] = await docker.containers();
    await docker.remove(container);
    let status = 0;
    for (let tries = 0; status !== 424 && tries < 240; tries += 1) {
      await sleep(250);
      ({ status } = await maria.get("/user/maria/api/status"));
    }
    assert.equal(status, 424);
    await openNotebook(maria, "maria");
  });

  it("keeps what it knows for itself", async () => {
    const secrets = await stat(join(dataDir, "secrets.json"));
    assert.equal(secrets.mode & 0o777, 0o600);
    const control = await stat(join(dataDir, "control.sock"));
    assert.equal(control.mode & 0o777, 0o600);
    assert.doesNotMatch(hub.output(), /maria has words/);
    assert.doesNotMatch(hub.output(), new RegExp(docker.secrets.instanceKey));
  });

  it("refuses a second hub on the same data folder in words", async () => {
    const second = await runMain([], {
      dataDir,
      env: { ...env, HOMEROOM_PORT: String(await freePort()) },
    });
    assert.equal(second.code, 1);
    assert.match(second.stderr + second.stdout, /in use by another Homeroom/);
  });
});

describe("a hub that is started wrongly", () => {
  let dataDir: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
  });
  after(() => rm(dataDir, { recursive: true, force: true }));

  it("names every problem of its settings at once and ends with 2", async () => {
    const { code, stderr } = await runMain([], {
      dataDir,
      env: {
        HOMEROOM_BASE_PATH: "/jupyterhub",
        HOMEROOM_PORT: "eighty",
        HOMEROOM_POOL: "10.0.0.0/33",
        HOMEROOM_BASEPATH: "/x/",
      },
    });
    assert.equal(code, 2);
    for (const word of [
      "HOMEROOM_BASE_PATH",
      "HOMEROOM_PORT",
      "HOMEROOM_POOL",
      "HOMEROOM_BASEPATH",
    ]) {
      assert.match(stderr, new RegExp(word));
    }
  });

  it("says which port is taken", async () => {
    const other = createServer();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, stderr, stdout } = await runMain([], {
      dataDir,
      env: { HOMEROOM_PORT: String(port) },
    });
    other.close();
    assert.equal(code, 1);
    assert.match(stderr + stdout, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is already used`));
  });

  it("serves people without Docker, and says to staff what is wrong", async () => {
    const port = await freePort();
    await using hub = await startHubProcess({
      port,
      dataDir,
      env: { HOMEROOM_DOCKER_SOCKET: join(dataDir, "no.sock") },
    });
    await runMain(["user", "add", "ada", "--role", "owner", "--password-stdin"], {
      dataDir,
      input: "ada has many words",
    });
    const ada = hub.client();
    assert.equal((await signIn(ada, "/", "ada", "ada has many words")).location, "/hub/admin");
    const page = await ada.get("/hub/admin");
    assert.match(page.text, /Docker does not answer/);
    const opened = await ada.get("/hub/spawn", { follow: true });
    assert.match(opened.text, /cannot open notebooks just now|Docker does not answer/);
  });
});
