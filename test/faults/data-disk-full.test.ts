/** The disk of the data folder is full, at work and at the start of the hub: a real file system without room. */
import assert from "node:assert/strict";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fillDisk } from "#test/support/fill-disk.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { type LoopDisk, makeLoopDisk, whyNoLoopDisk } from "#test/support/loop-disk.ts";
import { ProcessBox } from "#test/support/process-box.ts";

/** A disk may be slow. */
const PATIENCE_MS = 120_000;
const skip = (await whyNoLoopDisk()) ?? false;

describe("a data folder on a full disk", { timeout: 1_800_000, skip }, () => {
  let disk: LoopDisk;
  let path: string;
  let box: ProcessBox;
  let maria: HttpClient;
  let ada: HttpClient;
  let fillers = 0;

  before(async () => {
    disk = await makeLoopDisk(112, 500);
    path = await disk.mount();
    box = await ProcessBox.start({ dataDir: join(path, "data") });
    ada = await box.addPerson("ada", "owner");
    maria = await box.addPerson("maria");
    await box.addPerson("jose");
    await box.openNotebook(maria, "maria");
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });

  const fill = () => fillDisk(join(path, "filler"));
  const empty = () => rm(join(path, "filler"), { force: true });

  /** Room is looked for at the start and now and then. */
  async function untilReserved(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      const found = await stat(join(path, "data/reserve")).catch(() => undefined);
      if (found !== undefined && found.size > 0) return;
      await sleep(20);
    }
    throw new Error("there is no reserve");
  }

  async function troubleOnRecord(): Promise<string | undefined> {
    const { text } = await box.console("GET", "checks");
    const { checks } = JSON.parse(text) as { checks: { name: string; code?: string }[] };
    return checks.find(({ name, code }) => name === "exports" && code === "disk_reserve_used")
      ?.code;
  }

  async function accounts(): Promise<string> {
    const { text } = await box.console("GET", "accounts");
    const { users } = JSON.parse(text) as { users: Record<string, unknown>[] };
    return JSON.stringify(
      users.map(({ name, role, display_name, state }) => [name, role, display_name, state]),
    );
  }

  /** Until the store has noticed, and its reserve is used up, too: a few bytes may still find room in blocks that are there. */
  async function untilRefused(): Promise<void> {
    for (let tries = 0; tries < 500; tries += 1) {
      await fill();
      const answer = await box.console("POST", "accounts", {
        name: `filler${(fillers += 1)}`,
        password: "many words here",
      });
      if (answer.status === 503) return;
      assert.equal(answer.status, 201, answer.text);
    }
    throw new Error("the disk is never full");
  }

  const changes: readonly (readonly [
    what: string,
    method: string,
    path: string,
    json?: unknown,
  ])[] = [
    [
      "an account that is added",
      "POST",
      "accounts",
      { name: "zoe", password: "zoe has many words" },
    ],
    ["a name", "PATCH", "accounts/jose", { name: "joseph" }],
    ["a role", "PATCH", "accounts/jose", { role: "teacher" }],
    ["a lock", "PATCH", "accounts/jose", { disabled: true }],
    ["a new first password", "POST", "accounts/jose/reset"],
    ["a removal", "DELETE", "accounts/jose"],
  ];

  it("refuses every change of an account in words, and does nothing by halves", async () => {
    await untilRefused();
    const before = await accounts();
    for (const [what, method, to, json] of changes) {
      const answer = await box.console(method, to, json);
      assert.equal(answer.status, 503, `${what}: ${answer.text}`);
      assert.match(answer.text, /could not (?:save that|be written)/, what);
      assert.match(answer.text, /Nothing was changed/, what);
      assert.equal(await accounts(), before, what);
    }
    const trash = JSON.parse((await box.console("GET", "trash")).text) as { users: unknown[] };
    assert.deepEqual(trash.users, []);
  });

  it("says it on pages, too, and keeps those who are signed in and their notebooks", async () => {
    assert.equal((await maria.get("/hub/home")).status, 200);
    assert.equal((await maria.get("/user/maria/api/status")).status, 200);
    assert.equal((await ada.get("/hub/admin")).status, 200);
    await maria.get("/hub/account");
    const refused = await maria.post("/hub/change-password", {
      current: "maria has many words",
      password: "other words than before",
      password_repeat: "other words than before",
    });
    assert.equal(refused.status, 503);
    assert.match(refused.text, /could not save that/);
  });

  it("lets people in with their passwords, or says why not", async (t) => {
    const client = box.hub.client();
    await client.get("/hub/login");
    const answer = await client.post("/hub/login", {
      username: "jose",
      password: "jose has many words",
    });
    t.diagnostic(`signing in answered ${answer.status}`);
    if (answer.status === 302) {
      assert.equal((await client.get("/hub/home")).status, 200);
    } else {
      assert.equal(answer.status, 503);
      assert.match(answer.text, /could not save that/);
    }
    const wrong = await client.post("/hub/login", { username: "jose", password: "not his words" });
    assert.ok(wrong.status === 403 || wrong.status === 503, String(wrong.status));
  });

  it("signs people out all the same", async () => {
    await empty();
    const there = await box.signIn("maria");
    await untilRefused();
    await there.get("/hub/home");
    const answer = await there.post("/hub/logout");
    assert.equal(answer.status, 302, answer.text);
    assert.equal((await there.get("/hub/home")).status, 302);
    assert.equal((await there.get("/user/maria/api/status")).status, 403);
  });

  it("works again when there is room, without a restart, and has lost nothing", async () => {
    const before = await accounts();
    await empty();
    const added = await box.console("POST", "accounts", {
      name: "kim",
      password: "kim has many words",
    });
    assert.equal(added.status, 201, added.text);
    await box.signIn("kim");
    await box.signIn("jose");
    const after = await accounts();
    assert.equal(after, before.replace(/\]$/, ',["kim","student","kim","active"]]'));
    await box.restart("SIGKILL");
    assert.equal(await accounts(), after);
  });

  it("starts on a full disk that its reserve is left of, lets people in, and says what is to be done", async () => {
    await untilReserved();
    const before = await accounts();
    await box.kill("SIGTERM");
    await fill();
    await box.start();
    assert.equal(await accounts(), before);
    for (let count = 0; count < 20 || (await troubleOnRecord()) === undefined; count += 1) {
      assert.ok(count < 200, "the disk is never full");
      // Whatever is free yet, or free again as files were tidied away.
      if ((await troubleOnRecord()) === undefined) await fill();
      await box.signIn("jose");
    }
    assert.equal(await troubleOnRecord(), "disk_reserve_used");
    await empty();
    await box.restart("SIGTERM");
    await untilReserved();
    assert.equal(await accounts(), before);
    assert.equal(await troubleOnRecord(), undefined);
  });
});
