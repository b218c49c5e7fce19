/** What renaming, locking, removing and erasing a person do to containers and volumes of a real engine. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type WebSocket from "ws";
import { type DockerRun, createDockerRun } from "#test/support/docker.ts";
import { type Answer, HttpClient } from "#test/support/http-client.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";
import { OWNER_PASSWORD, type TestHub, createTestHub, signIn } from "#test/support/test-hub.ts";

const api = "/jupyterhub/hub/api/";
const MARKER = "/home/jovyan/work-of-a-year.txt";

describe("a person's files and notebook", { timeout: 300_000 }, () => {
  let docker: DockerRun;
  let box: TestHub;
  let maria: HttpClient;
  let socket: WebSocket;

  before(async () => {
    docker = await createDockerRun();
    const image = await buildStubNotebook();
    box = await createTestHub({
      config: { basePath: "/jupyterhub/", spawner: { image, pool: docker.pool } },
      secrets: docker.secrets,
    });
    await box.setUp();
    await add("maria");
    maria = await signedIn("maria", "maria likes tea");
  });
  after(async () => {
    socket?.terminate();
    await box?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  function command(method: string, path: string, json?: unknown): Promise<Answer> {
    const socketPath = join(box.dataDir, "control.sock");
    const options = { method, ...(json === undefined ? {} : { json }) };
    return new HttpClient(box.origin, { socketPath }).ask(api + path, options);
  }

  async function add(name: string): Promise<void> {
    const json = { name, password: `${name} likes tea` };
    assert.equal((await command("POST", "accounts", json)).status, 201);
  }

  async function signedIn(name: string, password: string): Promise<HttpClient> {
    const client = box.client();
    assert.equal((await signIn(client, "/jupyterhub/", name, password)).status, 302);
    return client;
  }

  async function open(client: HttpClient, name: string): Promise<void> {
    const path = `${api}users/${name}/server`;
    const headers = { "x-xsrftoken": client.cookie("_xsrf", path) ?? "" };
    const answer = await client.ask(path, { method: "POST", headers });
    assert.ok(answer.status === 201 || answer.status === 202, answer.text);
    await answers(client, name);
  }

  async function answers(client: HttpClient, name: string): Promise<void> {
    const path = `/jupyterhub/user/${name}/api/status`;
    let answer = await client.get(path);
    for (let tries = 0; answer.status !== 200 && tries < 240; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      answer = await client.get(path);
    }
    assert.equal(answer.status, 200, answer.text);
  }

  async function gone(): Promise<void> {
    for (let tries = 0; (await docker.containers()).length > 0 && tries < 240; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.deepEqual(await docker.containers(), []);
  }

  async function homes(): Promise<readonly string[]> {
    const labels = [`homeroom.instance=${docker.secrets.instanceId}`, "homeroom.kind=home"];
    const filters = labels.flatMap((label) => ["--filter", `label=${label}`]);
    const text = await docker.cli("volume", "ls", "--quiet", ...filters);
    return text === "" ? [] : text.split("\n").sort();
  }

  async function inTrash(): Promise<readonly { id: string; display_name: string }[]> {
    const { text } = await command("GET", "trash");
    return (JSON.parse(text) as { users: { id: string; display_name: string }[] }).users;
  }

  /** Asked for, an erasure is certain; it ends with the record of the person. */
  async function erase(id: string, name: string): Promise<void> {
    const erased = await command("DELETE", `trash/${id}`, { confirm: name });
    assert.ok(erased.status === 204 || erased.status === 202, erased.text);
    for (let tries = 0; (await inTrash()).some((user) => user.id === id); tries += 1) {
      assert.ok(tries < 240, `${name} is still in the trash`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async function hasMarker(): Promise<boolean> {
    const [container = ""] = await docker.containers();
    const found = await docker.cli("exec", container, "sh", "-c", `ls ${MARKER} || true`);
    return found !== "";
  }

  async function openSocket(name: string): Promise<void> {
    socket = maria.webSocket(`/jupyterhub/user/${name}/api/kernels/x/channels`, {
      origin: box.origin,
    });
    await once(socket, "open");
  }

  it("move with a rename to the new address, and the old one is nobody's", async () => {
    await open(maria, "maria");
    const [container = ""] = await docker.containers();
    await docker.cli("exec", container, "sh", "-c", `echo work > ${MARKER}`);
    const before = await homes();
    const renamed = await command("PATCH", "accounts/maria", { name: "Marie" });
    assert.equal(renamed.status, 200, renamed.text);
    await answers(maria, "marie");
    assert.equal(await hasMarker(), true);
    assert.deepEqual(await homes(), before);
    assert.equal((await docker.containers()).length, 1);
    assert.equal((await maria.get("/jupyterhub/user/maria/api/status")).status, 404);
  });

  it("are cut off by another role, and open again after the next sign-in", async () => {
    await openSocket("marie");
    const closed = once(socket, "close");
    await command("PATCH", "accounts/marie", { role: "teacher" });
    await closed;
    assert.equal((await maria.get("/jupyterhub/user/marie/api/status")).status, 403);
    maria = await signedIn("marie", "maria likes tea");
    await answers(maria, "marie");
  });

  it("are closed by a lock, files kept, and open again without it", async () => {
    await openSocket("marie");
    const closed = once(socket, "close");
    await command("PATCH", "accounts/marie", { disabled: true });
    await closed;
    assert.equal((await maria.get("/jupyterhub/user/marie/api/status")).status, 403);
    await gone();
    await command("PATCH", "accounts/marie", { disabled: false });
    maria = await signedIn("marie", "maria likes tea");
    await open(maria, "marie");
    assert.equal(await hasMarker(), true);
  });

  it("stay in the trash, where whoever gets the name does not find them", async () => {
    assert.equal((await command("DELETE", "accounts/marie")).status, 204);
    await gone();
    await add("marie");
    const next = await signedIn("marie", "marie likes tea");
    await open(next, "marie");
    assert.equal(await hasMarker(), false);
    assert.equal((await homes()).length, 2);
    await command("DELETE", "accounts/marie");
    await gone();
  });

  it("come back out of it, and are gone after erasing", async () => {
    const [next = "", first = ""] = (await inTrash()).map(({ id }) => id);
    await command("POST", `trash/${first}/restore`, { name: "maria" });
    maria = await signedIn("maria", "maria likes tea");
    await open(maria, "maria");
    assert.equal(await hasMarker(), true);

    // Erased at once after the removal: the notebook is just being stopped.
    await command("DELETE", "accounts/maria");
    const wrong = await command("DELETE", `trash/${first}`, { confirm: "marie" });
    assert.equal(wrong.status, 400);
    await erase(first, "maria");
    assert.equal((await homes()).length, 1);
    await erase(next, "marie");
    assert.deepEqual(await homes(), []);
    assert.deepEqual(JSON.parse((await command("GET", "trash")).text), { users: [] });
    await signedIn("ada", OWNER_PASSWORD);
  });
});
