/** Two notebooks of one person on the real engine, each a real JupyterLab: beside each other, after a restart, deleted. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { Kernel } from "#test/support/kernel.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { type TestHub, createTestHub, signIn } from "#test/support/test-hub.ts";

const hub = "/jupyterhub/hub/";
const first = "/jupyterhub/user/maria/";
const named = `${first}%C3%A9t%C3%A9%202/`;
const password = "maria likes tea";

describe("two notebooks of one person", { timeout: 900_000 }, () => {
  let docker: DockerRun;
  let dataDir: string;
  let image: string;
  let box: TestHub;
  let maria: HttpClient;
  let owner: HttpClient;

  function boot(): Promise<TestHub> {
    return createTestHub({
      config: {
        basePath: "/jupyterhub/",
        dataDir,
        spawner: {
          image,
          pool: docker.pool,
          stopTimeoutSeconds: 5,
          namedServers: { allow: true, limitPerUser: 2, home: "own" },
        },
      },
      secrets: docker.secrets,
      overrides: { spawnerLabels: docker.labels },
    });
  }

  before(async () => {
    docker = await createDockerRun();
    dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
    image = await notebookImage();
    box = await boot();
    owner = await box.setUp();
    await box.command("POST", "accounts", { name: "maria", password });
    maria = box.client();
    await signIn(maria, "/jupyterhub/", "maria", password);
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function opens(path: string, lab: string): Promise<void> {
    let last = await maria.get(path, { follow: true });
    for (let tries = 0; tries < 600 && last.url.split("?")[0] !== lab; tries += 1) {
      await sleep(200);
      last = await maria.get(path, { follow: true });
    }
    assert.deepEqual([last.url.split("?")[0], last.status], [lab, 200], last.text.slice(0, 500));
  }

  async function until(holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 120_000;
    while (!(await holds())) {
      assert.ok(performance.now() < end, "it did not come to that");
      await sleep(200);
    }
  }

  /** What the code prints in a kernel of the notebook at `place`, as a browser on its page would have it run. */
  async function run(place: string, code: string): Promise<string> {
    await maria.get(`${place}lab`);
    const xsrf = maria.cookie("_xsrf", place) ?? assert.fail("no form token of this notebook");
    const headers = { "x-xsrftoken": xsrf };
    const made = await maria.ask(`${place}api/kernels`, { method: "POST", json: {}, headers });
    assert.equal(made.status, 201, made.text);
    const { id } = JSON.parse(made.text) as { id: string };
    const socket = maria.webSocket(`${place}api/kernels/${id}/channels`, { origin: box.origin });
    await once(socket, "open");
    using kernel = Kernel.over(socket);
    return (await kernel.run(code)).text.trim();
  }

  async function homes(): Promise<number> {
    const labels = [`homeroom.instance=${docker.secrets.instanceId}`, "homeroom.kind=home"];
    const filters = labels.flatMap((label) => ["--filter", `label=${label}`]);
    const text = await docker.cli("volume", "ls", "--quiet", ...filters);
    return text === "" ? 0 : text.split("\n").length;
  }

  it("run beside each other, at addresses and with files of their own", async () => {
    await opens(`${hub}spawn`, `${first}lab`);
    const made = await maria.post(`${hub}servers`, { name: "été 2" });
    assert.equal(made.headers.location, `${hub}spawn/maria/%C3%A9t%C3%A9%202`);
    await opens(made.headers.location, `${named}lab`);
    const page = await maria.get(`${named}lab`);
    assert.ok(page.text.includes(`"baseUrl": "${named}"`), page.text.slice(0, 2000));
    const write = (text: string) =>
      `open("own.txt", "x").write("${text}"); print(open("own.txt").read())`;
    assert.equal(await run(first, write("first")), "first");
    assert.equal(await run(named, write("second")), "second");
    assert.equal(
      await run(named, 'import os; print(os.environ["JUPYTERHUB_SERVER_NAME"])'),
      "été 2",
    );
    assert.equal((await docker.containers()).length, 2);
    assert.equal(await homes(), 2);
  });

  it("are counted together on their person's page", async () => {
    await run(named, 'print(open("big", "wb").write(bytes(3_000_000)))');
    let text = "";
    for (let tries = 0; tries < 300 && !/ in \d+ files/.test(text); tries += 1) {
      await sleep(200);
      text = (await owner.get(`${hub}admin/people/maria`)).text;
    }
    assert.match(text, /<bdi>3 MB<\/bdi> in /);
  });

  it("lead every spelling of the address to the one that counts", async () => {
    for (const [asked, counts] of [
      [`${first}%c3%a9t%c3%a9%202/lab?reset`, `${named}lab?reset`],
      [`${first}e%CC%81te%CC%81%202/tree`, `${named}tree`],
      [named.slice(0, -1), named],
    ] as const) {
      const answer = await maria.get(asked);
      assert.deepEqual([answer.status, answer.headers.location], [302, counts]);
    }
  });

  it("are both taken in by a hub that starts anew, with what runs in them", async () => {
    const before = await docker.containers();
    await box.stop();
    box = await boot();
    const back = box.client();
    await signIn(back, "/jupyterhub/", "maria", password);
    maria = back;
    assert.deepEqual(await docker.containers(), before);
    assert.equal(await run(first, 'print(open("own.txt").read())'), "first");
    assert.equal(await run(named, 'print(open("own.txt").read())'), "second");
  });

  it("stop one without the other", async () => {
    const stopped = await box.command("DELETE", "users/maria/servers/%C3%A9t%C3%A9%202", {});
    assert.ok([202, 204].includes(stopped.status), stopped.text);
    await until(async () => (await docker.containers()).length === 1);
    assert.equal((await maria.get(`${named}lab`)).status, 424);
    assert.equal((await maria.get(`${first}api/status`)).status, 200);
    await opens(`${hub}spawn/maria/%C3%A9t%C3%A9%202`, `${named}lab`);
    assert.equal(await run(named, 'print(open("own.txt").read())'), "second");
  });

  it("delete one with its files, while it runs; the first one and its files stay", async () => {
    const removed = await box.command("DELETE", "users/maria/servers/%C3%A9t%C3%A9%202", {
      remove: true,
    });
    assert.ok([202, 204].includes(removed.status), removed.text);
    await until(async () => (await homes()) === 1);
    assert.equal((await docker.containers()).length, 1);
    await until(async () => {
      const asked = box.command("GET", "users/maria/servers/%C3%A9t%C3%A9%202");
      return asked.then(
        () => false,
        (error: unknown) => String(error).includes(": 404 "),
      );
    });
    assert.equal(await run(first, 'print(open("own.txt").read())'), "first");
  });

  it("go with their person: erased, nothing of either is left", async () => {
    await maria.post(`${hub}servers`, { name: "two" });
    await opens(`${hub}spawn/maria/two`, `${first}two/lab`);
    assert.equal(await homes(), 2);
    await box.command("DELETE", "accounts/maria");
    const { users } = JSON.parse((await box.command("GET", "trash")).text) as {
      users: { id: string }[];
    };
    await box.command("DELETE", `trash/${users[0]?.id}`, { confirm: "maria" });
    await until(async () => (await homes()) === 0);
    assert.deepEqual(await docker.containers(), []);
  });
});
