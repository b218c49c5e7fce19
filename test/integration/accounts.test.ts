/** Accounts through the whole hub: spellings, locks, the trash and erasing, asked as browsers and commands do. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createHub } from "#src/hub.ts";
import { createLog } from "#src/log.ts";
import { openStore } from "#src/stores/create.ts";
import type { CollectionName } from "#src/stores/records.ts";
import { FakeEngine } from "#test/support/fake-engine.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import { type Answer, HttpClient } from "#test/support/http-client.ts";
import { collect } from "#test/support/records.ts";
import {
  OWNER_PASSWORD,
  type TestHub,
  createTestHub,
  makeSecrets,
  signIn,
  testConfig,
} from "#test/support/test-hub.ts";

const api = "/hub/api/";

let box: TestHub;
let console_: HttpClient;
const engine = new FakeEngine();
const homes = new FakeHomes();

before(async () => {
  box = await createTestHub({
    overrides: { spawner: { spawner: new FakeSpawner(engine), homes } },
  });
  await box.setUp();
  console_ = consoleOf(box.dataDir);
});
after(() => box[Symbol.asyncDispose]());

function consoleOf(dataDir: string): HttpClient {
  return new HttpClient("http://box", { socketPath: join(dataDir, "control.sock") });
}

function command(
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  json?: unknown,
): Promise<Answer> {
  return console_.ask(api + path, { method, ...(json === undefined ? {} : { json }) });
}

async function add(name: string, role = "student"): Promise<string> {
  const password = `${name} likes tea`;
  const answer = await command("POST", "accounts", { name, role, password });
  assert.equal(answer.status, 201, answer.text);
  return password;
}

async function signedIn(name: string, password: string): Promise<HttpClient> {
  const client = box.client();
  const answer = await signIn(client, "/", name, password);
  assert.equal(answer.status, 302, answer.text);
  return client;
}

function start(client: HttpClient, name: string): Promise<Answer> {
  const path = `${api}users/${name}/server`;
  const token = client.cookie("_xsrf", path) ?? "";
  return client.ask(path, { method: "POST", headers: { "x-xsrftoken": token } });
}

function codeIn(answer: Answer): string {
  return /"code":"(\w+)"/.exec(answer.text)?.[1] ?? `${answer.status}`;
}

async function trashId(name: string): Promise<string> {
  const { text } = await command("GET", "trash");
  const found = (JSON.parse(text) as { users: { id: string; name: string }[] }).users;
  return found.find((user) => user.name === name)?.id ?? "nobody";
}

async function listed(): Promise<readonly string[]> {
  const { text } = await command("GET", "accounts");
  return (JSON.parse(text) as { users: { name: string }[] }).users.map(({ name }) => name);
}

describe("one name, however it is typed", () => {
  const spellings = ["Zoë", " ZOE ", "ｚｏｅ", "zoe\u0308", "zoé"];

  before(() => add("Zoe"));

  it("is one account at every entrance", async () => {
    for (const spelling of spellings) {
      await signedIn(spelling, "Zoe likes tea");
      const path = `accounts/${encodeURIComponent(spelling)}`;
      const shown = await command("GET", path);
      assert.equal((JSON.parse(shown.text) as { user: { name: string } }).user.name, "zoe");
      const added = await command("POST", "accounts", { name: spelling });
      assert.equal(codeIn(added), "name_taken", spelling);
      const kept = await command("PATCH", path, { name: spelling });
      assert.equal(kept.status, 200, spelling);
    }
    assert.equal((await listed()).filter((name) => name.startsWith("z")).length, 1);
  });

  it("is taken in a list, by a rename and for a restore", async () => {
    const owner = await signedIn("ada", OWNER_PASSWORD);
    await add("yuri");
    await add("xena");
    await command("DELETE", "accounts/xena");
    const id = await trashId("xena");
    const path = "/hub/admin/people/preview";
    await owner.get("/hub/admin/people/add");
    for (const spelling of spellings) {
      const listed = await owner.post(path, { list: `Zoe B;${spelling}\nNew One;newone` });
      assert.match(listed.text, /already/, spelling);
      const renamed = await command("PATCH", "accounts/yuri", { name: spelling });
      assert.equal(codeIn(renamed), "name_taken", spelling);
      const restored = await command("POST", `trash/${id}/restore`, { name: spelling });
      assert.equal(codeIn(restored), "name_taken", spelling);
    }
    assert.deepEqual(
      (await listed()).filter((name) => /^[xyz]/.test(name)),
      ["zoe", "yuri"],
    );
  });
});

describe("a rename", () => {
  it("keeps people signed in, moves the address of the notebook, and frees the old one", async () => {
    const client = await signedIn("maria", await add("maria"));
    const started = await start(client, "maria");
    assert.equal(started.status, 201, started.text);
    const renamed = await command("PATCH", "accounts/maria", { name: "Marie" });
    assert.equal(renamed.status, 200, renamed.text);
    const self = await client.get(`${api}user`);
    assert.equal((JSON.parse(self.text) as { name: string }).name, "marie");
    for (const path of ["/user/maria/api/status", "/user/nobody/api/status"]) {
      assert.equal((await client.get(path)).status, 404, path);
    }
    assert.notEqual((await client.get("/user/marie/api/status")).status, 404);
    // Whoever gets the name does not get the notebook, and the other way round.
    const next = await signedIn("maria", await add("maria"));
    assert.equal((await next.get("/user/marie/api/status")).status, 404);
    assert.equal((await next.get("/user/maria/api/status")).status, 424);
  });
});

describe("a lock", () => {
  it("is told to those alone who know the password", async () => {
    const password = await add("leo");
    const client = await signedIn("leo", password);
    assert.equal((await command("PATCH", "accounts/leo", { disabled: true })).status, 200);
    const right = await signIn(box.client(), "/", "leo", password);
    assert.equal(right.status, 403);
    assert.match(right.text, /account is locked/);
    const wrong = await signIn(box.client(), "/", "leo", "leo likes coffee");
    const unknown = await signIn(box.client(), "/", "leonie", "leo likes coffee");
    assert.equal(wrong.status, 403);
    assert.doesNotMatch(wrong.text, /locked/);
    const bare = (text: string): string => text.replaceAll(/(?:value|data-now)="[^"]*"/g, "");
    assert.equal(bare(wrong.text), bare(unknown.text));
    // Cookies from before are worth nothing, on pages, in the API and at the notebook.
    assert.equal((await client.get("/hub/home")).headers.location?.startsWith("/hub/login"), true);
    assert.equal((await client.get(`${api}user`)).status, 403);
    assert.equal((await client.get("/user/leo/api/status")).status, 403);
    const started = await start(await signedIn("ada", OWNER_PASSWORD), "leo");
    assert.equal(started.status, 403);
    assert.equal(codeIn(started), "user_disabled");
    assert.equal((await command("PATCH", "accounts/leo", { disabled: false })).status, 200);
    await signedIn("leo", password);
  });
});

describe("another role", () => {
  it("needs a new sign-in, whatever was open before", async () => {
    const password = await add("tess", "teacher");
    const before = await signedIn("tess", password);
    assert.equal((await before.get("/hub/admin")).status, 200);
    await command("PATCH", "accounts/tess", { role: "student" });
    assert.equal((await before.get("/hub/admin")).status, 302);
    const after = await signedIn("tess", password);
    assert.equal((await after.get("/hub/admin")).status, 403);
  });
});

describe("the same request again", () => {
  it("has a sane answer", async () => {
    await add("rita");
    const twice = async (...asked: Parameters<typeof command>): Promise<readonly string[]> => [
      codeIn(await command(...asked)),
      codeIn(await command(...asked)),
    ];
    const change = { name: "rita", display_name: "Rita", disabled: false, role: "student" };
    assert.deepEqual(await twice("PATCH", "accounts/rita", change), ["200", "200"]);
    assert.deepEqual(await twice("PATCH", "accounts/rita", {}), ["200", "200"]);
    assert.deepEqual(await twice("POST", "accounts/rita/accept"), ["200", "200"]);
    assert.deepEqual(await twice("DELETE", "accounts/rita"), ["204", "user_not_found"]);
    const id = await trashId("rita");
    const restore = ["POST", `trash/${id}/restore`, {}] as const;
    assert.deepEqual(await twice(...restore), ["200", "not_in_trash"]);
    await command("DELETE", "accounts/rita");
    const erase = (confirm: string) => ["DELETE", `trash/${id}`, { confirm }] as const;
    assert.deepEqual(await twice(...erase("rito")), ["confirmation_wrong", "confirmation_wrong"]);
    assert.deepEqual(await twice(...erase("RITA")), ["204", "not_in_trash"]);
    const empty = await command("DELETE", `trash/${id}`);
    assert.equal(empty.status, 400);
  });

  it("of fields that do not exist changes nothing", async () => {
    const rows = await command("GET", "accounts/ada");
    for (const json of [{ admin: true }, { id: "x" }, { password: "x" }, { disabled: "yes" }]) {
      const answer = await command("PATCH", "accounts/ada", json);
      assert.equal(answer.status, 400, JSON.stringify(json));
    }
    assert.equal((await command("GET", "accounts/ada")).text, rows.text);
  });
});

describe("erasing with a command while no hub runs", () => {
  it("is certain at once, and done when the hub runs; then nothing knows the name", async () => {
    // No id and no hash has a dash or a bracket.
    const name = "zora-of-9b";
    const dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
    const [secrets, log] = [makeSecrets(), createLog("silent")];
    const config = testConfig({ dataDir });
    const open = (only?: "people") => {
      const overrides = { spawner: { spawner: new FakeSpawner(), homes } };
      return createHub({ config, secrets, log, overrides, ...(only && { only }) });
    };
    const console_ = consoleOf(dataDir);
    const ask = (method: "GET" | "POST" | "DELETE", path: string, json: unknown = {}) =>
      console_.ask(api + path, { method, ...(method === "GET" ? {} : { json }) });
    try {
      let id: string;
      {
        await using _ = await open("people");
        await ask("POST", "accounts", { name: "boss", role: "owner", password: "some long words" });
        const added = await ask("POST", "accounts", { name, display_name: "Zora (Zwick)" });
        assert.equal(added.status, 201, added.text);
        await ask("DELETE", `accounts/${name}`);
        const { text } = await ask("GET", "trash");
        id = (JSON.parse(text) as { users: { id: string }[] }).users[0]?.id ?? "";
        await homes.ensure(id as Parameters<typeof homes.ensure>[0]);
        const erased = await ask("DELETE", `trash/${id}`, { confirm: name });
        assert.equal(erased.status, 202);
        assert.deepEqual(JSON.parse(erased.text), { erasing: true });
        const restored = await ask("POST", `trash/${id}/restore`);
        assert.equal(codeIn(restored), "erasing_now");
        assert.match((await ask("GET", "trash")).text, /"erasing":true/);
        assert.equal(homes.files.has(id as never), true);
      }
      {
        await using _ = await open();
        // The record goes after the files.
        for (let tries = 0; (await ask("GET", "trash")).text.includes(id); tries += 1) {
          assert.ok(tries < 3000, "not erased");
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assert.equal(homes.files.has(id as never), false);
        assert.doesNotMatch((await ask("GET", "trash")).text, /zora-of-9b/);
      }
      await using store = await openStore(dataDir, { log });
      const names: readonly CollectionName[] = ["users", "names", "members", "servers", "sessions"];
      const rows = names.flatMap((name) => Array.from(store.entries(name)));
      const audit = await collect(store.audit());
      assert.ok(audit.some(({ action }) => action === "user.erased"));
      assert.doesNotMatch(JSON.stringify([rows, audit]), /zora-of-9b|zwick\)/i);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
