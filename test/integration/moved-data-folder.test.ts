/** A data folder that was copied: to another machine, back again, and beside its original. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeId } from "#src/stores/ids.ts";
import { docker } from "#test/support/docker.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { ProcessBox, copyFolder } from "#test/support/process-box.ts";

const secretsOf = (box: ProcessBox) => readFile(join(box.dataDir, "secrets.json"), "utf8");

/** Containers, networks and homes of the instance; not the mark of the hub, which each hub makes anew. */
async function notebookObjects(box: ProcessBox): Promise<string[]> {
  return (await box.lasting()).filter((name) => !name.includes("-hub-"));
}

async function write(box: ProcessBox, container: string, text: string): Promise<void> {
  await box.docker.cli("exec", container, "sh", "-c", `echo ${text} > /home/jovyan/work.txt`);
}

async function read(box: ProcessBox, container: string): Promise<string> {
  return box.docker.cli("exec", container, "sh", "-c", "cat /home/jovyan/work.txt 2>&1 || true");
}

async function only(box: ProcessBox): Promise<string> {
  const [container = "", ...more] = await box.containers();
  assert.deepEqual([container === "", more], [false, []]);
  return container;
}

describe("a data folder that was copied", { timeout: 900_000 }, () => {
  let home: ProcessBox;
  let copy: ProcessBox;

  before(async () => {
    home = await ProcessBox.start();
    await home.addPerson("ada", "owner");
    await home.openNotebook(await home.addPerson("maria"), "maria");
    await home.addPerson("kim");
    await write(home, await only(home), "first");
  });
  after(async () => {
    await copy?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  describe("while its original runs beside it", () => {
    let containers: string[];
    let objects: string[];
    let ownerOfCopy: HttpClient;

    before(async () => {
      copy = await ProcessBox.make({ folder: home });
      // Somebody whom the copy does not know: to it, his notebook would be nobody's.
      await home.openNotebook(await home.addPerson("jose"), "jose");
      await home.openNotebook(await home.signIn("kim"), "kim");
      containers = await home.containers();
      objects = await home.lasting();
      assert.equal(containers.length, 3);
      await copy.start();
    });

    async function assertUntouched(): Promise<void> {
      assert.deepEqual(await home.containers(), containers);
      assert.deepEqual(await home.lasting(), objects);
      for (const name of ["maria", "jose", "kim"]) {
        const client = await home.signIn(name);
        assert.equal((await client.get(`/user/${name}/api/status`)).status, 200, name);
      }
    }

    it("lets people in, and leaves the notebooks to the other hub", async () => {
      assert.equal(await secretsOf(copy), await secretsOf(home));
      ownerOfCopy = await copy.signIn("ada");
      const maria = await copy.signIn("maria");
      assert.equal((await maria.get("/hub/home")).status, 200);
      assert.equal((await maria.get("/user/maria/api/status")).status, 424);
      // Long enough for the sweep that follows the first look at the engine.
      await sleep(1500);
      await assertUntouched();
    });

    it("says to the owner what is wrong, and to a student that it cannot open notebooks", async () => {
      const page = await ownerOfCopy.get("/hub/admin");
      assert.match(page.text, /copy of this one(&#39;|'|’)s data folder runs on this machine/);
      const maria = await copy.signIn("maria");
      const opened = await maria.get("/hub/spawn", { follow: true });
      assert.match(opened.text, /cannot open notebooks just now/);
      assert.doesNotMatch(opened.text, /copy of this one/);
      await assertUntouched();
    });

    it("stops and removes nothing of the other's, by no way", async () => {
      await ownerOfCopy.get("/hub/admin");
      await ownerOfCopy.post("/hub/stop/kim");
      await copy.console("DELETE", "users/kim/server");
      assert.equal((await copy.console("DELETE", "accounts/kim")).status, 204);
      await sleep(500);
      await assertUntouched();
      await copy.kill("SIGTERM");
      const down = await copy.command("stop-notebooks");
      assert.equal(down.code, 1);
      assert.match(down.stderr, /data folder runs on this machine/);
      await assertUntouched();
      await copy.start();
    });

    it("does not take the notebooks while the original is away for a moment", async () => {
      await home.restart("SIGKILL");
      // The copy asks again after one second, two, four.
      await sleep(4500);
      await assertUntouched();
      assert.match((await ownerOfCopy.get("/hub/admin")).text, /data folder runs on this machine/);
    });

    it("works for the instance when it is the only one that is left and is started again", async () => {
      await home.kill("SIGTERM");
      await copy.restart("SIGTERM");
      const maria = await copy.signIn("maria");
      assert.equal((await maria.get("/user/maria/api/status")).status, 200);
      // Of people whom it does not know, or removed, there are no notebooks any more.
      await until(async () => (await copy.containers()).length === 1);
    });
  });

  describe("and opened where there is nothing of it", () => {
    const foreign = makeId<"instance">();
    let maria: HttpClient;
    let users: unknown;
    let strangers: string[];

    before(async () => {
      await copy[Symbol.asyncDispose]();
      await home.start();
      maria = await home.signIn("maria");
      await home.openNotebook(maria, "maria");
      users = await peopleIn(home);
      await home.kill("SIGTERM");
      copy = await ProcessBox.make({ folder: home });
      // Another machine in effect.
      await home.docker.clear();
      assert.deepEqual(await home.objects(), []);
      strangers = await makeStrangers();
      await copy.start();
    });

    /** What must not be taken for ours: another instance's, and look-alikes without labels. */
    async function makeStrangers(): Promise<string[]> {
      const { instanceId } = home.docker.secrets;
      const { label } = home.docker;
      const image = home.env["HOMEROOM_NOTEBOOK_IMAGE"] ?? "";
      const server = ["--label", "homeroom.kind=server", "--label", `homeroom.user=${makeId()}`];
      server.push("--label", `homeroom.server=${makeId()}`, "--label", "homeroom.generation=1");
      const others = ["--label", `homeroom.instance=${foreign}`, ...server];
      return [
        await docker("run", "--detach", "--label", label, ...others, image, "sleep", "3600"),
        await docker(
          "create",
          "--label",
          label,
          "--name",
          `hr-${instanceId}-server-${makeId()}`,
          image,
        ),
        await docker("volume", "create", "--label", label, `hr-${instanceId}-home-${makeId()}`),
      ];
    }

    it("keeps its instance, its people and who is signed in", async () => {
      assert.equal(await secretsOf(copy), await secretsOf(home));
      assert.deepEqual(await peopleIn(copy), users);
      await copy.signIn("jose");
      const kept = copy.hub.client();
      const status = await kept.ask("/hub/home", {
        headers: { cookie: maria.cookieHeader("/hub/home") },
      });
      assert.equal(status.status, 200);
    });

    it("says that notebooks rest, and nothing of a failure that there was not", async () => {
      maria = await copy.signIn("maria");
      const page = await maria.get("/hub/home");
      assert.doesNotMatch(page.text, /closed from outside|stopped by itself|did not start/);
      assert.equal((await maria.get("/user/maria/api/status")).status, 424);
      const ada = await copy.signIn("ada");
      const people = await ada.get("/hub/admin");
      assert.doesNotMatch(people.text, /removed, but not by Homeroom|Docker|data folder/);
      assert.deepEqual(await notebookObjects(copy), []);
    });

    it("makes homes anew, and takes nothing that is not its own", async () => {
      await copy.openNotebook(maria, "maria");
      const container = await only(copy);
      assert.match(await read(copy, container), /No such file/);
      await write(copy, container, "second");
      await copy.console("POST", "accounts", { name: "zoe", password: "zoe has many words" });
      for (const stranger of strangers) await docker("inspect", stranger);
      assert.equal(
        await docker("inspect", "--format", "{{.State.Running}}", strangers[0] ?? ""),
        "true",
      );
    });

    it("says whose volume it is when a home's name is taken by one without labels", async () => {
      const zoe = await copy.signIn("zoe");
      const ada = await copy.signIn("ada");
      const before = await copy.lasting();
      await copy.openNotebook(zoe, "zoe");
      await zoe.get("/hub/home");
      await zoe.post("/hub/stop/zoe");
      const added = (await copy.lasting()).filter((name) => !before.includes(name));
      const volume = added.find((name) => name.startsWith("volume "))?.slice(7) ?? assert.fail();
      await docker("volume", "rm", volume);
      await docker("volume", "create", "--label", copy.docker.label, volume);
      await zoe.get("/hub/spawn");
      await until(async () => (await ada.get("/hub/admin")).text.includes(volume));
      assert.match((await ada.get("/hub/admin")).text, /already has a <bdi>volume<\/bdi> called/);
      await docker("volume", "rm", volume);
      await copy.openNotebook(zoe, "zoe");
    });

    it("is the original again when it is copied back", async () => {
      const containers = await copy.containers();
      await copy.kill("SIGTERM");
      await copyFolder(copy.dataDir, home.dataDir);
      await home.start();
      assert.deepEqual(await home.containers(), containers);
      const again = await home.signIn("maria");
      await home.signIn("zoe");
      assert.equal((await again.get("/user/maria/api/status")).status, 200);
      const texts = await Promise.all(containers.map((one) => read(home, one)));
      assert.ok(texts.includes("second"), texts.join());
    });
  });
});

async function peopleIn(box: ProcessBox): Promise<unknown> {
  const { text } = await box.console("GET", "accounts");
  const { users } = JSON.parse(text) as {
    users: { name: string; role: string; created: string }[];
  };
  return users.map(({ name, role, created }) => ({ name, role, created }));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 120_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error("it did not come to that");
    await sleep(100);
  }
}
