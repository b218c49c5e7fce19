/** Health of the box: the page, the line on other pages, and the API, through the whole hub. */
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { RESTORED_KEY } from "#src/stores/restored.ts";
import { openStore } from "#src/stores/create.ts";
import { FakeClock } from "#test/support/fake-clock.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { silentLog } from "#test/support/silent-log.ts";
import {
  type TestHub,
  addPerson,
  createTestHub,
  OWNER,
  OWNER_PASSWORD,
  signIn,
  signInFirst,
} from "#test/support/test-hub.ts";

const basePath = "/a/b/";
const hub = `${basePath}hub/`;
const page = `${hub}admin/health`;

describe("the health of the box", () => {
  // Stands still: what was found is told again for some seconds.
  const clock = new FakeClock(Date.now());
  let box: TestHub;
  let spawner: FakeSpawner;
  let owner: HttpClient;
  let teacher: HttpClient;
  let student: HttpClient;
  let console_: HttpClient;

  async function start(): Promise<void> {
    spawner = new FakeSpawner();
    box = await createTestHub({
      config: { basePath, ...(box === undefined ? {} : { dataDir: box.dataDir }) },
      ...(box === undefined ? {} : { secrets: box.secrets }),
      overrides: { clock, spawner: { spawner, homes: new FakeHomes() } },
    });
    console_ = box.control();
  }

  before(async () => {
    await start();
    owner = await box.setUp();
    const people = [
      ["tom", "teacher"],
      ["ann", "student"],
    ] as const;
    const clients: HttpClient[] = [];
    for (const [username, role] of people) {
      const person = { displayName: username, username, role };
      const password = await addPerson(owner, basePath, person);
      const client = box.client();
      await signInFirst(client, basePath, username, password, `${username} has some words`);
      clients.push(client);
    }
    [teacher, student] = clients as [HttpClient, HttpClient];
  });
  after(() => box[Symbol.asyncDispose]());

  const checksOf = async (client: HttpClient) => {
    const answer = await client.get(`${hub}api/checks?anew=1`);
    assert.equal(answer.status, 200, answer.text);
    const { checks } = JSON.parse(answer.text) as {
      checks: readonly { name: string; status: string; text: string; advice?: string }[];
    };
    return new Map(checks.map((check) => [check.name, check]));
  };

  it("is for owners and the console alone", async () => {
    for (const client of [teacher, student]) {
      assert.equal((await client.get(page)).status, 403);
      assert.equal((await client.post(page)).status, 403);
      assert.equal((await client.post(`${page}/notice`)).status, 403);
      assert.equal((await client.get(`${hub}api/checks`)).status, 403);
      assert.doesNotMatch((await client.get(`${hub}home`)).text, /admin\/health/);
    }
    assert.doesNotMatch((await teacher.get(`${hub}admin`)).text, /admin\/health/);
    assert.equal((await box.client().get(page)).status, 302);
    assert.equal((await owner.get(page)).status, 200);
    assert.ok((await checksOf(console_)).size > 8);
  });

  it("lets nobody but the console reset an owner", async () => {
    for (const client of [owner, teacher, student]) {
      const answer = await client.post(`${hub}api/owner/reset`, {}, { json: {} });
      assert.equal(answer.status, 403);
    }
  });

  it("is on the page in words, for the real disk, database and copies", async () => {
    const { text } = await owner.get(page);
    for (const words of [
      /Docker/,
      /of .* are free/,
      /Every row|rows are there/,
      /Look at it|Fine/,
    ]) {
      assert.match(text, words);
    }
    const found = await checksOf(owner);
    assert.equal(found.get("database")?.status, "ok");
    assert.equal(found.get("exports")?.status, "ok");
    assert.equal(found.get("owners")?.status, "warning");
  });

  it("is one line on the pages of an owner, with a link", async () => {
    for (const path of ["home", "admin"]) {
      const { text } = await owner.get(hub + path);
      assert.match(text, /The box is well\./);
      assert.ok(text.includes(`href="${page}"`));
    }
  });

  it("looks anew when asked by the button, and comes back to the page", async () => {
    await owner.get(page);
    spawner.reported = { version: "19.03.5" };
    assert.doesNotMatch((await owner.get(page)).text, /19\.03\.5/, "found some seconds ago");
    const answer = await owner.post(page, {}, { follow: true });
    assert.equal(answer.url, page);
    assert.match(answer.text, /19\.03\.5/);
    assert.match(answer.text, /Bring Docker up to date/);
    spawner.reported = {};
  });

  it("sees secrets that others can read", async () => {
    const path = join(box.dataDir, "secrets.json");
    // A test hub gets its secrets without a file.
    await writeFile(path, JSON.stringify(box.secrets), { mode: 0o600 });
    assert.equal((await checksOf(owner)).get("secrets")?.status, "ok");
    await chmod(path, 0o644);
    const secrets = (await checksOf(owner)).get("secrets");
    assert.equal(secrets?.status, "bad");
    assert.match(secrets?.advice ?? "", /chmod 600/);
    await chmod(path, 0o600);
  });

  it("tells of a restored database until an owner has read it", async () => {
    await box.stop();
    const value = {
      at: new Date().toISOString(),
      exportMade: "2026-11-20T07:00:00.000Z",
      upTo: "2026-11-20T07:00:00.000Z",
      lostChanges: 2,
      reason: "a table is damaged",
    };
    {
      await using store = await openStore(box.dataDir, { log: silentLog });
      await store.change(() => ({
        writes: [{ put: "settings", key: RESTORED_KEY, record: { value } }],
        result: undefined,
      }));
    }
    await start();
    owner = box.client();
    await signIn(owner, basePath, OWNER, OWNER_PASSWORD);
    assert.match((await owner.get(`${hub}home`)).text, /restored as it was on/);
    const told = (await owner.get(page)).text;
    assert.match(told, /I have read this/);
    assert.match(told, /2026-11-20 07:00/);
    const read = await owner.post(`${page}/notice`, {}, { follow: true });
    assert.equal(read.status, 200);
    assert.doesNotMatch(read.text, /I have read this/);
    assert.match((await owner.get(`${hub}home`)).text, /The box is well\./);
    const audit = JSON.parse((await console_.get(`${hub}api/audit?limit=5`)).text) as {
      records: readonly { action: string; actor_name: string; detail: object | null }[];
    };
    const line = audit.records.find(({ action }) => action === "settings.changed");
    assert.equal(line?.actor_name, OWNER);
    assert.deepEqual(line?.detail, { setting: "restored", value: "read" });
  });
});
