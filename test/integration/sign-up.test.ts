/** Making an own account, asked of the whole hub by browsers without scripts. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createLog } from "#src/log.ts";
import { openStore } from "#src/stores/create.ts";
import type { GroupRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import { HttpClient } from "#test/support/http-client.ts";
import { MovableClock } from "#test/support/people.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { collect } from "#test/support/records.ts";
import { addClass, firstClass, withoutPassword } from "#test/support/sign-up.ts";
import {
  type TestHub,
  addPerson,
  createTestHub,
  signIn,
  signInFirst,
} from "#test/support/test-hub.ts";

const basePath = "/a/b/";
const hub = `${basePath}hub/`;
const PASSWORD = "green paper boats";
/** For what comes at once unless the machine is busy. */
const PATIENCE_MS = 60_000;
const CODE = /[34679CDFGHJKMNPQRTVWXY]{4}-[34679CDFGHJKMNPQRTVWXY]{4}/;

interface World extends AsyncDisposable {
  readonly box: TestHub;
  readonly store: Store;
  readonly clock: MovableClock;
  readonly owner: HttpClient;
  readonly group: GroupRecord;
  /** The answer is the code, if there is one. */
  set(form: Readonly<Record<string, string>>): Promise<string>;
  /** All that is kept of people and classes. */
  kept(): string;
}

async function createWorld(): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), "homeroom-test-"));
  const clock = new MovableClock();
  const store = await openStore(dataDir, { log: createLog("silent"), clock });
  const spawner = { spawner: new FakeSpawner(), homes: new FakeHomes() };
  const box = await createTestHub({
    config: { basePath, dataDir },
    overrides: { store, clock, spawner },
  });
  const owner = await box.setUp();
  const group = firstClass(store);
  return {
    box,
    store,
    clock,
    owner,
    group,
    async set(form) {
      await owner.get(`${hub}admin/sign-up`);
      const change = { class: group.id, time: "until_closed", places: "", ...form };
      const answer = await owner.post(`${hub}admin/sign-up`, change, { follow: true });
      assert.equal(answer.status, 200);
      return CODE.exec(answer.text.replace(/^.*<main/s, ""))?.[0] ?? "";
    },
    kept: () =>
      JSON.stringify(
        (["users", "names", "members", "groups"] as const).map((name) => [...store.entries(name)]),
      ),
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The first step; the answer of it, and the browser for the second. */
async function begin(box: TestHub, form: Readonly<Record<string, string>>, query = "") {
  const browser = box.client();
  await browser.get(`${hub}signup${query}`);
  const answer = await browser.post(`${hub}signup`, { step: "names", ...form });
  return { browser, answer };
}

function finish(browser: HttpClient, form: Readonly<Record<string, string>>, password = PASSWORD) {
  return browser.post(`${hub}signup`, {
    step: "password",
    password,
    password_repeat: password,
    ...form,
  });
}

describe("signing up with a join code", () => {
  let world: World;
  let code: string;

  before(async () => {
    world = await createWorld();
    code = await world.set({ mode: "code" });
  });
  after(() => world[Symbol.asyncDispose]());

  it("is offered where people sign in, with the code of the address typed in already", async () => {
    const visitor = world.box.client();
    assert.match((await visitor.get(`${hub}login`)).text, /href="\/a\/b\/hub\/signup"/);
    const page = await visitor.get(`${hub}signup?code=${code}`);
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(`name="code"[^>]*value="${code}"`));
    assert.match(
      (await world.owner.get(`${hub}admin/sign-up`)).text,
      new RegExp(`${world.box.origin}/a/b/hub/signup\\?code=${code}`),
    );
  });

  it("says what would be, and saves nothing before the second step", async () => {
    const before = world.kept();
    const typed = { display_name: "María López", username: " MARÍA ", code: code.toLowerCase() };
    const { browser, answer } = await begin(world.box, typed);
    assert.equal(answer.status, 200);
    assert.match(answer.text, /You will sign in as <bdi>maria<\/bdi>/);
    assert.match(answer.text, /name="name" value="maria"/);
    const back = await browser.post(`${hub}signup`, { ...typed, name: "maria", step: "back" });
    assert.match(back.text, /name="display_name"[^>]*value="María López"/);
    assert.match(back.text, /name="username"[^>]*value=" MARÍA "/);
    assert.match(back.text, new RegExp(`name="code"[^>]*value="${code.toLowerCase()}"`));
    assert.equal(world.kept(), before);
  });

  it("makes the account in the second step, and signs in", async () => {
    const { browser } = await begin(world.box, { display_name: "Tom", code });
    const answer = await finish(browser, { display_name: "Tom", name: "tom", code });
    assert.deepEqual([answer.status, answer.headers.location], [302, `${hub}home`]);
    assert.match((await browser.get(`${hub}home`)).text, /Hello <bdi>Tom</);
    const other = await signIn(world.box.client(), basePath, "TOM", PASSWORD);
    assert.deepEqual([other.status, other.location], [302, `${hub}home`]);
    const [, row] = (await collect(world.store.audit())).filter(({ action }) =>
      ["user.joined", "session.signed_in"].includes(action),
    );
    assert.deepEqual([row?.action, row?.actorName], ["user.joined", "tom"]);

    await browser.get(`${hub}signup`);
    const again = await browser.get(`${hub}signup`);
    assert.deepEqual([again.status, again.headers.location], [302, `${hub}home`]);
    // A second click sends the form of before the sign-in.
    for (const [name, status] of [
      ["tom", 302],
      ["ann", 403],
    ] as const) {
      const form = { _xsrf: "old", display_name: "Tom", name, code, step: "password" };
      const clicked = await browser.ask(`${hub}signup`, { method: "POST", form });
      assert.equal(clicked.status, status, clicked.text);
      assert.equal(clicked.headers.location, status === 302 ? `${hub}home` : undefined);
    }
  });

  it("refuses a second step that is sent again, and knows a free name", async () => {
    const before = world.kept();
    const { browser } = await begin(world.box, { display_name: "Tom", code });
    const answer = await finish(browser, {
      display_name: "Tom",
      username: "tom",
      name: "tom",
      code,
    });
    assert.equal(answer.status, 409);
    assert.match(answer.text, /already someone with the user name <bdi>tom</);
    assert.match(answer.text, /name="take" value="tom2"/);
    assert.match(answer.text, /href="\/a\/b\/hub\/login\?username=tom"/);
    assert.equal(world.kept(), before);
    const taken = await browser.post(`${hub}signup`, {
      display_name: "Tom",
      username: "tom",
      code,
      take: "tom2",
    });
    assert.match(taken.text, /You will sign in as <bdi>tom2<\/bdi>/);
    assert.match(taken.text, /already someone called <bdi>tom</);
    assert.match(taken.text, /href="\/a\/b\/hub\/login\?username=tom"/);
  });

  it("stays in the second step until the password is good, with a status that says so", async () => {
    const before = world.kept();
    const form = { display_name: "Ann", name: "ann", code };
    const { browser } = await begin(world.box, form);
    for (const [password, repeat, expected] of [
      ["short", "short", /at least <bdi[^>]*>8/],
      [PASSWORD, "another one", /not the same/],
      ["ann2026!!", "ann2026!!", /more than your user name/],
    ] as const) {
      const answer = await finish(browser, { ...form, password, password_repeat: repeat });
      assert.equal(answer.status, 400);
      assert.match(answer.text, expected);
      assert.match(answer.text, /You will sign in as <bdi>ann</);
    }
    assert.equal(world.kept(), before);
  });

  it("shows a form that was open for too long again, with what was typed", async () => {
    const browser = world.box.client();
    await browser.get(`${hub}signup`);
    const form = { _xsrf: "old", display_name: "Ann", username: "ann", code, step: "names" };
    const answer = await browser.post(`${hub}signup`, form);
    assert.equal(answer.status, 403);
    assert.match(answer.text, /open for too long/);
    assert.match(answer.text, /name="display_name"[^>]*value="Ann"/);
  });

  it("never happens on the page for signing in", async () => {
    const before = world.kept();
    for (const name of ["tmo", "toom", "new-name"]) {
      assert.equal((await signIn(world.box.client(), basePath, name, PASSWORD)).status, 403);
    }
    assert.equal(world.kept(), before);
  });

  it("gives one answer to every code that does not work, and counts the tries", async () => {
    const form = { display_name: "Eve", username: "eve" };
    const refuse = async (wrong: string): Promise<void> => {
      const before = world.kept();
      const { browser, answer } = await begin(world.box, { ...form, code: wrong });
      const second = await finish(browser, { ...form, name: "eve", code: wrong });
      for (const { status, text } of [answer, second]) {
        assert.equal(status, 403);
        assert.match(text, /That code does not work \(any more\)/);
      }
      assert.equal(world.kept(), before);
    };
    const works = async (right: string): Promise<void> => {
      const { answer } = await begin(world.box, { ...form, code: right });
      assert.match(answer.text, /You will sign in as <bdi>eve</);
    };
    await refuse("XXXX-XXXX");
    await works(code);
    const revoked = code;
    code = await world.set({ mode: "code", places: "1", time: "lesson" });
    await refuse(revoked);
    const { browser } = await begin(world.box, { ...form, code });
    assert.equal((await finish(browser, { ...form, name: "eve", code })).status, 302);
    await refuse(code);
    assert.match((await world.owner.get(`${hub}admin/sign-up`)).text, /All places are taken/);
    code = await world.set({ mode: "code", time: "lesson" });
    await begin(world.box, { ...form, username: "eve2", code });
    world.clock.jump(-3_600_000);
    world.clock.pass(2 * 3_600_000);
    await refuse(code);
    assert.match((await world.owner.get(`${hub}admin/sign-up`)).text, /This code is over/);
    const closed = await world.box.client().get(`${hub}login`);
    assert.doesNotMatch(closed.text, /hub\/signup/);

    code = await world.set({ mode: "code" });
    for (let tries = 0; tries < 5; tries += 1) {
      await begin(world.box, { ...form, code: "XXXX-XXXX" });
    }
    const { answer } = await begin(world.box, { ...form, code: "XXXX-XXXX" });
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
    const refused = (await collect(world.store.audit())).filter(
      ({ action }) => action === "sign_up.refused",
    );
    assert.ok(refused.length >= 10);
    assert.ok(!JSON.stringify(refused).includes("XXXX"));
  });
});

describe("signing up while no class takes people in", () => {
  it("is answered with whom to ask, and changes nothing", async () => {
    await using world = await createWorld();
    const before = world.kept();
    const visitor = world.box.client();
    assert.doesNotMatch((await visitor.get(`${hub}login`)).text, /signup/);
    const page = await visitor.get(`${hub}signup?code=K7QM-4XWP`);
    assert.equal(page.status, 403);
    assert.match(page.text, /<h1>Ask your teacher for an account<\/h1>/);
    const form = { display_name: "Eve", username: "eve", name: "eve", code: "K7QM-4XWP" };
    for (const step of ["names", "password", "back"]) {
      const answer = await finish(visitor, { ...form, step });
      assert.equal(answer.status, 403);
      assert.match(answer.text, /Ask your teacher for an account/);
    }
    assert.equal(world.kept(), before);
    const json = await visitor.get(`${hub}signup`, { headers: { accept: "application/json" } });
    assert.equal((JSON.parse(json.text) as { code: string }).code, "sign_up_closed");
  });
});

describe("fifty who want one name at the same moment", () => {
  it("are one account, with the password of the one who got it", async () => {
    await using world = await createWorld();
    await world.set({ mode: "open" });
    const form = { display_name: "Anna", username: "anna", name: "anna" };
    const browsers = await Promise.all(
      Array.from({ length: 50 }, async () => (await begin(world.box, form)).browser),
    );
    const answers = await Promise.all(
      browsers.map((browser, index) => finish(browser, form, `three small words ${index}`)),
    );
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 302).length, 1);
    assert.equal(statuses.filter((status) => status === 409).length, 49);
    const winner = statuses.indexOf(302);
    const right = await signIn(world.box.client(), basePath, "anna", `three small words ${winner}`);
    assert.equal(right.status, 302);
    const loser = (winner + 1) % 50;
    const wrong = await signIn(world.box.client(), basePath, "anna", `three small words ${loser}`);
    assert.equal(wrong.status, 403);
  });

  it("are one, when the account waits for its first password", async () => {
    await using world = await createWorld();
    await addPerson(world.owner, basePath, { displayName: "Anna", username: "anna" });
    const entry = world.store.get("names", "anna");
    const anna = world.store.get("users", entry?.userId ?? "");
    assert.ok(anna !== undefined);
    await withoutPassword(world.store, anna);
    await world.set({ mode: "open" });
    const form = { display_name: "Whoever", username: "ANNA", name: "anna" };
    const { answer } = await begin(world.box, form);
    assert.match(answer.text, /Your teacher has made this account already/);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { browser } = await begin(world.box, form);
        return finish(browser, form, `three small words ${index}`);
      }),
    );
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 302).length, 1);
    const password = `three small words ${statuses.indexOf(302)}`;
    assert.equal((await signIn(world.box.client(), basePath, "anna", password)).status, 302);
    assert.equal(world.store.get("users", anna.id)?.displayName, "Anna");
  });
});

describe("newcomers before their teacher", () => {
  let world: World;
  before(async () => {
    world = await createWorld();
    await world.set({ mode: "open" });
  });
  after(() => world[Symbol.asyncDispose]());

  async function joinAs(name: string): Promise<HttpClient> {
    const form = { display_name: `Known as ${name}`, username: name, name };
    const { browser } = await begin(world.box, form);
    assert.equal((await finish(browser, form)).status, 302);
    return browser;
  }

  it("are on the class page at once, with where they come from", async () => {
    const stream = await openStream(world.owner, `${hub}admin/events`);
    await joinAs("nia");
    const part = /"target":"newcomers".*Known as nia.*127\.0\.0\.1/;
    assert.ok(await eventually(() => part.test(stream.text()), PATIENCE_MS), stream.text());
    assert.match(stream.text(), /event: stale/);
    const page = await world.owner.get(`${hub}admin`);
    assert.match(page.text, /New in your class: <bdi>?1|New in your class: 1/);
    assert.match(page.text, /formaction="\/a\/b\/hub\/admin\/people\/nia\/accept"/);
    assert.match(page.text, /<span class="new mark">new<\/span>/);
    stream.end();
  });

  it("belong to the class when the teacher says so", async () => {
    await joinAs("ola");
    const stream = await openStream(world.owner, `${hub}admin/events`);
    assert.ok(await eventually(() => stream.text().includes("row-ola"), PATIENCE_MS));
    await world.owner.get(`${hub}admin`);
    const answer = await world.owner.post(`${hub}admin/people/ola/accept`);
    assert.deepEqual(
      [answer.status, answer.headers.location],
      [302, `${hub}admin?notice=person_accepted`],
    );
    const count = (): number => stream.text().split('"target":"newcomers"').length - 1;
    const rows = (): number => stream.text().split('"target":"row-ola"').length - 1;
    assert.ok(await eventually(() => count() >= 2 && rows() >= 2, PATIENCE_MS));
    assert.deepEqual([count(), rows()], [2, 2]);
    stream.end();
    const page = await world.owner.get(`${hub}admin?notice=person_accepted`);
    assert.doesNotMatch(page.text, /people\/ola\/accept/);
    assert.match(page.text, /That person belongs to the class now/);
    const row = (await collect(world.store.audit()))[0];
    assert.deepEqual([row?.action, row?.subjectName], ["user.accepted", "ola"]);
    const refused = await world.owner.post(`${hub}admin/people/ola/refuse`);
    assert.equal(refused.status, 409, "a button of an old page puts nobody into the trash");
    assert.notEqual(world.store.get("names", "ola"), undefined);
  });

  it("are out at once when the teacher refuses them: signed out, notebook closed, in the trash", async () => {
    const browser = await joinAs("pip");
    const api = `${hub}api/users/pip/server`;
    await browser.get(`${hub}spawn-pending/pip`);
    const started = await browser.post(`${hub}spawn/pip`);
    assert.equal(started.status, 302);
    const isRunning = async (): Promise<boolean> =>
      (JSON.parse((await world.owner.get(api)).text) as { ready?: boolean }).ready === true;
    const end = performance.now() + PATIENCE_MS;
    while (!(await isRunning())) {
      assert.ok(performance.now() < end, "it does not run");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const userId = world.store.get("names", "pip")?.userId ?? "";
    await world.owner.get(`${hub}admin`);
    const answer = await world.owner.post(`${hub}admin/people/pip/refuse`);
    assert.equal(answer.status, 302);
    assert.equal(
      (await browser.get(`${hub}home`)).headers.location?.startsWith(`${hub}login`),
      true,
    );
    assert.equal((await signIn(world.box.client(), basePath, "pip", PASSWORD)).status, 403);
    assert.notEqual(world.store.get("users", userId)?.deleted, undefined);
    assert.equal((await browser.get(`${basePath}user/pip/lab`)).status, 302);
    const row = (await collect(world.store.audit())).find(
      ({ action }) => action === "user.removed",
    );
    assert.equal(row?.subjectName, "pip");
    const again = await joinAs("pip");
    assert.equal((await again.get(`${hub}home`)).status, 200);
    assert.notEqual(world.store.get("names", "pip")?.userId, userId);
  });

  it("are decided about by their teachers and owners alone", async () => {
    const newcomer = await joinAs("quin");
    const other = await addClass(world.store, "Other class");
    const teacher = await addTeacher(world, "tess", world.group);
    const stranger = await addTeacher(world, "fred", other);
    for (const action of ["accept", "refuse"]) {
      const path = `${hub}admin/people/quin/${action}`;
      assert.equal((await newcomer.post(path)).status, 403);
      assert.equal((await stranger.post(path)).status, 404);
      assert.equal((await world.box.client().post(path)).status, 403);
    }
    assert.doesNotMatch((await stranger.get(`${hub}admin`)).text, /quin/);
    assert.match((await teacher.get(`${hub}admin`)).text, /people\/quin\/accept/);
    assert.equal((await teacher.post(`${hub}admin/people/quin/accept`)).status, 302);
  });

  it("who were made staff meanwhile are not decided about by a colleague", async () => {
    await joinAs("rae");
    const teacher = await addTeacher(world, "toni", world.group);
    await world.owner.ask(`${hub}api/accounts/rae`, {
      method: "PATCH",
      json: { role: "teacher" },
      headers: { "x-xsrftoken": world.owner.cookie("_xsrf", hub) ?? "" },
    });
    assert.match((await teacher.get(`${hub}admin`)).text, /row-rae/);
    for (const action of ["accept", "refuse"]) {
      assert.equal((await teacher.post(`${hub}admin/people/rae/${action}`)).status, 404);
    }
    assert.doesNotMatch((await teacher.get(`${hub}admin`)).text, /people\/rae\/accept/);
  });
});

describe("who lets people into which class", () => {
  it("is the class's teacher or an owner, on the page and by the API", async () => {
    await using world = await createWorld();
    const { box, group, store } = world;
    const other = await addClass(store, "Other class");
    const tess = await addTeacher(world, "tess", group);
    const first = await addPerson(world.owner, basePath, { displayName: "Sam", username: "sam" });
    const sam = box.client();
    await signInFirst(sam, basePath, "sam", first, PASSWORD);
    const mode = (of: GroupRecord): string => store.get("groups", of.id)?.signUp.mode ?? "";
    const put = (who: HttpClient, of: GroupRecord, json: unknown) =>
      who.ask(`${hub}api/classes/${of.id}/sign-up`, {
        method: "PUT",
        json,
        headers: { "x-xsrftoken": who.cookie("_xsrf", hub) ?? "" },
      });
    const post = (who: HttpClient, of: GroupRecord) =>
      who.post(`${hub}admin/sign-up`, { class: of.id, mode: "open" });

    await sam.get(`${hub}home`);
    for (const each of [group, other]) {
      assert.equal((await post(sam, each)).status, 403);
      assert.equal((await put(sam, each, { mode: "open" })).status, 403);
    }
    assert.equal((await sam.get(`${hub}admin/sign-up`)).status, 403);
    assert.equal((await sam.get(`${hub}api/classes`)).status, 403);
    assert.equal((await box.client().get(`${hub}api/classes`)).status, 403);

    const page = await tess.get(`${hub}admin/sign-up`);
    assert.match(page.text, /<bdi>Class<\/bdi>/);
    assert.doesNotMatch(page.text, /Other class/);
    assert.equal((await post(tess, other)).status, 404);
    assert.equal((await put(tess, other, { mode: "open" })).status, 404);
    assert.equal(mode(other), "off");
    assert.equal((await post(tess, group)).status, 302);
    assert.equal(mode(group), "open");

    const made = await put(tess, group, { mode: "code", hours: 2, places: 30 });
    assert.equal(made.status, 200);
    const model = JSON.parse(made.text) as { sign_up: { code: string } };
    assert.match(model.sign_up.code, CODE);
    assert.deepEqual(model, {
      id: group.id,
      name: "Class",
      default: true,
      sign_up: {
        mode: "code",
        code: model.sign_up.code,
        opened: "2026-11-22T08:00:00.000Z",
        expires: "2026-11-22T10:00:00.000Z",
        places: 30,
        taken: 0,
      },
    });
    const own = JSON.parse((await tess.get(`${hub}api/classes`)).text) as { classes: unknown[] };
    assert.deepEqual(own.classes, [model]);
    const all = await world.owner.get(`${hub}api/classes`);
    assert.equal((JSON.parse(all.text) as { classes: unknown[] }).classes.length, 2);
    const console_ = new HttpClient(box.origin, { socketPath: join(box.dataDir, "control.sock") });
    assert.equal((await put(console_, other, { mode: "open" })).status, 200);

    for (const wrong of [
      {},
      { mode: "maybe" },
      { mode: "off", places: 3 },
      { mode: "code", places: 0 },
      { mode: "code", places: 1.5 },
      { mode: "code", hours: -1 },
      { mode: "code", hours: "2" },
      { mode: "code", code: "AAAA-AAAA" },
    ]) {
      assert.equal((await put(tess, group, wrong)).status, 400, JSON.stringify(wrong));
    }
    for (const places of ["0", "-1", "1.5", "many", "100000"]) {
      const form = { class: group.id, mode: "code", time: "week", places };
      const answer = await tess.post(`${hub}admin/sign-up`, form);
      assert.equal(answer.status, 400, places);
      assert.match(answer.text, /a whole number from <bdi[^>]*>1|a whole number from 1/);
    }
    assert.deepEqual(JSON.parse((await tess.get(`${hub}api/classes`)).text), own);
  });

  it("is not a teacher any more who lost the class", async () => {
    await using world = await createWorld();
    const tess = await addTeacher(world, "tess", world.group);
    const userId = world.store.get("names", "tess")?.userId ?? "";
    await world.store.change(() => ({
      writes: [{ remove: "members", key: `${world.group.id}!${userId}` }],
      result: undefined,
    }));
    const form = { class: world.group.id, mode: "open" };
    assert.equal((await tess.post(`${hub}admin/sign-up`, form)).status, 404);
    assert.match((await tess.get(`${hub}admin/sign-up`)).text, /You teach no class/);
  });
});

async function addTeacher(world: World, name: string, group: GroupRecord): Promise<HttpClient> {
  const person = { displayName: name, username: name, role: "teacher" };
  const first = await addPerson(world.owner, basePath, person);
  const { userId } = world.store.get("names", name) ?? {};
  assert.ok(userId !== undefined);
  await world.store.change((state) => ({
    writes: [
      ...Array.from(state.entries("members"))
        .filter(([, member]) => member.userId === userId)
        .map(([key]) => ({ remove: "members" as const, key })),
      {
        put: "members",
        key: `${group.id}!${userId}`,
        record: { groupId: group.id, userId, role: "teacher" },
      },
    ],
    result: undefined,
  }));
  const client = world.box.client();
  await signInFirst(client, basePath, name, first, PASSWORD);
  await client.get(`${hub}admin`);
  return client;
}

async function openStream(client: HttpClient, path: string) {
  let text = "";
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { cookie: client.cookieHeader(path) };
    get(client.origin + path, { headers, agent: false }, resolve).on("error", reject);
  });
  response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  response.on("error", () => {});
  assert.ok(await eventually(() => text.includes('"target":"newcomers"'), PATIENCE_MS));
  return { text: () => text, end: () => response.destroy() };
}
