/** A home without room: one student's disk is full, at the start and at work, with the real notebook. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { labelsOf, objectName } from "#src/spawners/docker/names.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { UserId } from "#src/stores/records.ts";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import type { Answer, HttpClient } from "#test/support/http-client.ts";
import { type LoopDisk, makeLoopDisk, whyNoLoopDisk } from "#test/support/loop-disk.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { type TestHub, createTestHub, signIn } from "#test/support/test-hub.ts";

const skip = (await whyNoLoopDisk()) ?? false;
/** What people must be able to read in the dialog of Lab. */
const DISK_FULL = /No space left on device/;

describe("a home without room", { timeout: 400_000, skip }, () => {
  const store = createMemoryStore();
  let docker: DockerRun;
  let disk: LoopDisk;
  let box: TestHub;
  let maria: HttpClient;
  let jose: HttpClient;

  before(async () => {
    docker = await createDockerRun();
    disk = await makeLoopDisk(24, 600);
    box = await createTestHub({
      config: { spawner: { image: await notebookImage(), pool: docker.pool } },
      secrets: docker.secrets,
      overrides: { store, spawnerLabels: docker.labels },
    });
    await box.setUp();
    [maria, jose] = (await Promise.all(["maria", "jose"].map(addPerson))) as [
      HttpClient,
      HttpClient,
    ];
    await makeHome("maria");
    await openNotebook(maria, "maria");
    await openNotebook(jose, "jose");
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });

  async function addPerson(name: string): Promise<HttpClient> {
    const password = `${name} has many words`;
    await box.command("POST", "accounts", { name, password });
    const client = box.client();
    assert.equal((await signIn(client, "/", name, password)).status, 302);
    return client;
  }

  function userId(name: string): UserId {
    return store.get("names", name)?.userId ?? assert.fail(name);
  }

  /** As the spawner would make it, but on the small disk: it takes it as theirs. */
  async function makeHome(name: string): Promise<void> {
    const { instanceId } = docker.secrets;
    const labels = { ...docker.labels, ...labelsOf(instanceId, "home", { userId: userId(name) }) };
    const args = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    const options = ["--opt", "type=ext4", "--opt", `device=${disk.device}`];
    const volume = objectName(instanceId, "home", userId(name));
    await docker.cli("volume", "create", "--driver", "local", ...options, ...args, volume);
  }

  async function openNotebook(client: HttpClient, name: string): Promise<void> {
    let last: Answer | undefined;
    for (let tries = 0; tries < 300; tries += 1) {
      last = await client.get("/hub/spawn", { follow: true });
      if (last.url === `/user/${name}/lab` && last.status === 200) return;
      await sleep(200);
    }
    throw new Error(`the notebook does not open: ${last?.url} ${last?.status} ${last?.text}`);
  }

  async function stopNotebook(client: HttpClient, name: string): Promise<void> {
    await client.get("/hub/home");
    assert.equal((await client.post(`/hub/stop/${name}`)).status, 302);
  }

  async function inside(name: string, script: string): Promise<string> {
    const filter = ["--filter", `label=homeroom.user=${userId(name)}`];
    const kind = ["--filter", "label=homeroom.kind=server"];
    const container = await docker.cli("ps", "--quiet", ...filter, ...kind);
    return docker.cli(
      "exec",
      container,
      "sh",
      "-c",
      `cd /home/jovyan && { ${script}; } 2>&1 || true`,
    );
  }

  function contents(client: HttpClient, name: string, method: string, file: string, text?: string) {
    const path = `/user/${name}/api/contents/${file}`;
    const xsrf = client.cookie("_xsrf", `/user/${name}/lab`) ?? "";
    const body = { type: "file", format: "text", content: text };
    return client.ask(path, {
      method,
      headers: { "x-xsrftoken": xsrf },
      ...(text === undefined ? {} : { json: body }),
    });
  }

  async function assertOthersWork(): Promise<void> {
    assert.equal((await maria.get("/hub/home")).status, 200);
    assert.equal((await jose.get("/hub/home")).status, 200);
    const saved = await contents(jose, "jose", "PUT", "own.txt", "x".repeat(100_000));
    assert.ok([200, 201].includes(saved.status), saved.text);
    const newcomer = await addPerson(`newcomer${Math.random().toString(36).slice(2)}`);
    assert.equal((await newcomer.get("/hub/home")).status, 200);
  }

  // Again and again: what the disk keeps aside for data on the way is free once they are written.
  const FILL_BLOCKS =
    "for more in filler filler2 filler3 filler4; do dd if=/dev/zero of=$more bs=1k; sync; done";
  const FILL_INODES = "mkdir -p many; i=0; while touch many/$i; do i=$((i+1)); done";

  it("is the small disk, with the files that a new home begins with", async () => {
    assert.match(await inside("maria", "df -k . | tail -1"), new RegExp(disk.device));
    assert.notEqual(await inside("maria", "ls -A"), "");
    assert.equal(await inside("maria", "stat -c %u ."), "1000");
  });

  it("says why it cannot save, and saves again when a file was deleted", async () => {
    await contents(maria, "maria", "PUT", "work.txt", "the work of an hour");
    assert.match(await inside("maria", FILL_BLOCKS), DISK_FULL);
    const refused = await contents(maria, "maria", "PUT", "more.txt", "x".repeat(300_000));
    assert.equal(refused.status, 500);
    assert.match(refused.text, DISK_FULL);
    assert.equal((await contents(maria, "maria", "GET", "more.txt")).status, 404, "half a file");
    await assertOthersWork();
    const kept = await contents(maria, "maria", "GET", "work.txt");
    assert.match(kept.text, /the work of an hour/);
    assert.equal((await contents(maria, "maria", "DELETE", "filler")).status, 204);
    const saved = await contents(maria, "maria", "PUT", "more.txt", "x".repeat(300_000));
    assert.equal(saved.status, 201, saved.text);
  });

  for (const room of [0, 10, 14, 18]) {
    it(`keeps what was saved before when a longer text does not fit into ${room} kB`, async () => {
      const name = `work${room}.txt`;
      const old = "the work of an hour".padEnd(6000, "o");
      await inside("maria", "rm -f filler*");
      assert.equal((await contents(maria, "maria", "PUT", name, old)).status, 201);
      await inside("maria", FILL_BLOCKS);
      if (room > 0) await inside("maria", `truncate --size=-${room}k filler`);
      const refused = await contents(maria, "maria", "PUT", name, "n".repeat(30_000));
      assert.equal(refused.status, 500);
      assert.match(refused.text, DISK_FULL);
      const kept = JSON.parse((await contents(maria, "maria", "GET", name)).text) as object;
      assert.ok("content" in kept && kept.content === old, JSON.stringify(kept).slice(0, 300));
      assert.equal(await inside("maria", `ls -A | grep '[.]~' || true`), "", "a copy is left");
      assert.equal((await contents(maria, "maria", "DELETE", "filler")).status, 204);
      assert.equal((await contents(maria, "maria", "PUT", name, "fits again")).status, 200);
    });
  }

  it("opens when it is full: Lab answers, a file can be deleted, and then saved", async () => {
    assert.match(await inside("maria", FILL_BLOCKS), DISK_FULL);
    await stopNotebook(maria, "maria");
    await openNotebook(maria, "maria");
    assert.match(
      await inside(
        "maria",
        "echo much more than nothing > new; cat new; dd if=/dev/zero of=new2 bs=64k count=4",
      ),
      DISK_FULL,
    );
    await assertOthersWork();
    assert.equal((await contents(maria, "maria", "DELETE", "filler")).status, 204);
    const saved = await contents(maria, "maria", "PUT", "after.txt", "x".repeat(300_000));
    assert.equal(saved.status, 201, saved.text);
  });

  it("opens without a file left to give, too, and works again when some are deleted", async () => {
    assert.match(await inside("maria", FILL_INODES), DISK_FULL);
    const refused = await contents(maria, "maria", "PUT", "one.txt", "one more");
    assert.equal(refused.status, 500);
    assert.match(refused.text, DISK_FULL);
    await stopNotebook(maria, "maria");
    await openNotebook(maria, "maria");
    assert.equal((await contents(maria, "maria", "DELETE", "many/1")).status, 204);
    assert.equal((await contents(maria, "maria", "DELETE", "many/2")).status, 204);
    const saved = await contents(maria, "maria", "PUT", "one.txt", "one more");
    assert.equal(saved.status, 201, saved.text);
    await assertOthersWork();
  });
});
