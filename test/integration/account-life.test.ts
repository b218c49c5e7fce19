/** Accounts and the engine when things come at the wrong moment: kills, an engine that is away, two wishes at once. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "#test/support/docker.ts";
import { EngineProxy } from "#test/support/engine-proxy.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { ProcessBox } from "#test/support/process-box.ts";

const WORK = "/home/jovyan/work.txt";

async function until(what: string, holds: () => Promise<boolean>, withinMs = 90_000) {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it did not come to that: ${what}`);
    await sleep(100);
  }
}

describe("the life of an account on a real engine", { timeout: 500_000 }, () => {
  let folder: string;
  let engine: EngineProxy;
  let box: ProcessBox;
  let bystander: HttpClient;
  let bystanders: readonly string[];
  let people = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "homeroom-engine-"));
    engine = new EngineProxy(join(folder, "docker.sock"));
    await engine.listen();
    box = await ProcessBox.start({ env: { HOMEROOM_DOCKER_SOCKET: engine.socketPath } });
    bystander = await box.addPerson("jose");
    await box.openNotebook(bystander, "jose");
    await docker("exec", (await box.containers())[0] ?? "", "sh", "-c", `echo jose > ${WORK}`);
    bystanders = await box.lasting();
  });
  after(async () => {
    engine.disturb = () => undefined;
    await box?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** What there is on the engine of everybody but José. */
  async function others(kind?: "container" | "network" | "volume"): Promise<string[]> {
    const all = (await box.lasting()).filter((name) => !bystanders.includes(name));
    return kind === undefined ? all : all.filter((name) => name.startsWith(`${kind} `));
  }

  async function assertJoseIsThere(): Promise<void> {
    const all = await box.lasting();
    assert.deepEqual(
      bystanders.filter((name) => !all.includes(name)),
      [],
    );
    assert.equal((await bystander.get("/user/jose/api/status")).status, 200);
  }

  async function addStudent(): Promise<{ name: string; client: HttpClient }> {
    people += 1;
    const name = `student${people}`;
    return { name, client: await box.addPerson(name) };
  }

  /** With a file in the home. */
  async function addWorker(): Promise<{ name: string; client: HttpClient }> {
    const worker = await addStudent();
    await box.openNotebook(worker.client, worker.name);
    await inNotebook(`echo ${worker.name} > ${WORK}`);
    return worker;
  }

  async function inNotebook(script: string): Promise<string> {
    const [container = ""] = await others("container");
    return docker("exec", container.replace("container ", ""), "sh", "-c", script);
  }

  async function remove(name: string): Promise<string> {
    const removed = await box.console("DELETE", `accounts/${name}`);
    assert.equal(removed.status, 204, removed.text);
    return (await inTrash(name))?.id ?? assert.fail(`${name} is not in the trash`);
  }

  async function inTrash(name: string) {
    const answer = await box.console("GET", "trash");
    const { users } = JSON.parse(answer.text) as {
      users: { id: string; name: string; erasing: string | null | boolean }[];
    };
    return users.find((user) => user.name === name);
  }

  async function erase(id: string, name: string): Promise<void> {
    const erased = await box.console("DELETE", `trash/${id}`, { confirm: name });
    assert.ok(erased.status === 204 || erased.status === 202, erased.text);
  }

  async function untilErased(name: string): Promise<void> {
    await until(`${name} is erased`, async () => (await inTrash(name)) === undefined);
    assert.deepEqual(await others(), []);
    await assertJoseIsThere();
  }

  it("erasing goes on after kill -9, at whatever moment, and takes that home alone", async () => {
    for (const delayMs of [0, 5, 15, 40, 90, 200]) {
      const { name } = await addWorker();
      const id = await remove(name);
      const asked = box.console("DELETE", `trash/${id}`, { confirm: name }).catch(() => undefined);
      await sleep(delayMs);
      await box.restart("SIGKILL");
      await asked;
      // Killed before it was written down, it was never asked for.
      if ((await inTrash(name))?.erasing === false) await erase(id, name);
      await untilErased(name);
    }
  });

  it("erasing waits for an engine that is away, over a restart too, and lets the name go meanwhile", async () => {
    const { name } = await addWorker();
    const id = await remove(name);
    await until("the notebook is closed", async () => (await others("container")).length === 0);
    const [home] = await others("volume");
    await engine.close();
    await erase(id, name);
    assert.ok((await inTrash(name)) !== undefined);
    assert.deepEqual(await others("volume"), [home]);
    await box.addPerson(name);
    await box.restart("SIGKILL");
    assert.ok((await inTrash(name)) !== undefined);
    await engine.listen();
    await until("they are erased", async () => (await inTrash(name)) === undefined);
    const next = await box.signIn(name);
    await box.openNotebook(next, name);
    assert.equal(
      await inNotebook(`ls ${WORK} 2>&1 || true`).then((text) => /No such/.test(text)),
      true,
    );
    assert.ok(!(await others("volume")).includes(home ?? ""));
    await erase(await remove(name), name);
    await untilErased(name);
  });

  it("a person who is removed while the notebook starts leaves nothing that runs, and a home", async () => {
    for (const delayMs of [0, 30, 80, 150, 250, 400]) {
      const { name, client } = await addStudent();
      const asked = client.get("/hub/spawn").catch(() => undefined);
      await sleep(delayMs);
      const id = await remove(name);
      await asked;
      const nothingRuns = async () => (await others()).every((name) => name.startsWith("volume "));
      await until("nothing runs, and it stays like that", async () => {
        if (!(await nothingRuns())) return false;
        // What the engine was just making when it was called off comes, and goes.
        await sleep(300);
        return nothingRuns();
      });
      assert.equal((await client.get(`/user/${name}/api/status`)).status, 403);
      await erase(id, name);
      await untilErased(name);
    }
  });

  it("erased while the files are being counted, a home is not made anew by the count", async () => {
    const { name } = await addWorker();
    const ada = await box.addPerson("ada", "owner");
    const held = Promise.withResolvers<void>();
    let isHeld = false;
    // The count has seen that there is a home, and asks for its container later.
    engine.delay = (method, url) => {
      if (method !== "POST" || !/containers\/create\?.*&name=hr-\w+-task-/.test(url))
        return undefined;
      isHeld = true;
      return held.promise;
    };
    try {
      const page = ada.get(`/hub/admin/people/${name}`);
      await until("the count has begun", async () => isHeld);
      const id = await remove(name);
      const erased = box.console("DELETE", `trash/${id}`, { confirm: name });
      await sleep(1500);
      held.resolve();
      assert.equal((await page).status, 200);
      assert.ok((await erased).status < 300);
    } finally {
      held.resolve();
      engine.delay = undefined;
    }
    await untilErased(name);
    await until("whatever was still under way has ended", async () =>
      (await box.objects()).every((object) => !/-task-/.test(object)),
    );
    assert.deepEqual(await others(), []);
  });

  it("locked or removed while the engine is away, a notebook is closed when it is back", async () => {
    for (const way of ["lock", "remove"] as const) {
      for (const signal of [undefined, "SIGKILL"] as const) {
        const { name } = await addWorker();
        await engine.close();
        const done =
          way === "lock"
            ? await box.console("PATCH", `accounts/${name}`, { disabled: true })
            : await box.console("DELETE", `accounts/${name}`);
        assert.ok(done.status < 300, done.text);
        assert.equal((await others("container")).length, 1);
        if (signal !== undefined) await box.restart(signal);
        await engine.listen();
        await until(`${way} ${signal}`, async () => (await others("container")).length === 0);
        assert.equal((await others("volume")).length, 1);
        if (way === "lock") await remove(name);
        await erase((await inTrash(name))?.id ?? "", name);
        await untilErased(name);
      }
    }
  });

  it("restored while the notebook is still being closed, it opens with its files", async () => {
    for (const delayMs of [0, 50, 200]) {
      const { name } = await addWorker();
      const id = await remove(name);
      await sleep(delayMs);
      const restored = await box.console("POST", `trash/${id}/restore`, {});
      assert.equal(restored.status, 200, restored.text);
      const client = await box.signIn(name);
      await box.openNotebook(client, name);
      assert.equal(await inNotebook(`cat ${WORK}`), name);
      await erase(await remove(name), name);
      await untilErased(name);
    }
  });

  it("renamed while the notebook starts or the hub is killed, it opens at the new address, with its files", async () => {
    for (const kill of [false, true]) {
      const { name, client } = await addWorker();
      await client.get("/hub/home");
      await client.post(`/hub/stop/${name}`);
      const asked = client.get("/hub/spawn").catch(() => undefined);
      await sleep(60);
      const renamed = await box.console("PATCH", `accounts/${name}`, { name: `${name}-b` });
      assert.equal(renamed.status, 200, renamed.text);
      if (kill) await box.restart("SIGKILL");
      await asked;
      await box.openNotebook(client, `${name}-b`);
      assert.equal(await inNotebook(`cat ${WORK}`), name);
      assert.equal((await others("container")).length, 1);
      assert.equal((await others("volume")).length, 1);
      assert.equal((await client.get(`/user/${name}/api/status`)).status, 404);
      const newcomer = await box.addPerson(name);
      assert.equal((await newcomer.get(`/user/${name}-b/api/status`)).status, 404);
      await erase(await remove(name), name);
      await erase(await remove(`${name}-b`), `${name}-b`);
      await untilErased(`${name}-b`);
    }
  });
});
