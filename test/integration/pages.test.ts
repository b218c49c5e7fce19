/** Pages as a browser without scripts gets them from the whole hub. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { after, before, describe, it } from "node:test";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import {
  type TestHub,
  addPerson,
  createTestHub,
  firstPasswordOn,
  signInFirst,
} from "#test/support/test-hub.ts";

const basePath = "/a/b/";
const hub = `${basePath}hub/`;

describe("the hub's pages", () => {
  let box: TestHub;
  let owner: HttpClient;
  let ann: HttpClient;

  before(async () => {
    box = await createTestHub({
      config: { basePath },
      overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
    });
    owner = await box.setUp();
    const password = await addPerson(owner, basePath, { displayName: "Ann", username: "ann" });
    ann = box.client();
    await signInFirst(ann, basePath, "ann", password, "ann has some words");
  });
  after(() => box[Symbol.asyncDispose]());

  it("lead from everywhere below the base path to the hub", async () => {
    for (const [path, status, location] of [
      [basePath, 302, hub],
      ["/a/b", 302, hub],
      [`${basePath}hub`, 301, hub],
      [`${basePath}auth/change-password?x=1`, 302, `${hub}auth/change-password?x=1`],
      ["/", 404, undefined],
      ["/elsewhere", 404, undefined],
    ] as const) {
      const answer = await box.client().get(path);
      assert.deepEqual([answer.status, answer.headers.location], [status, location], path);
    }
  });

  it("keep a student out of what staff do", async () => {
    for (const path of ["admin", "admin/people/add", "admin/events", "admin/people/ada/log"]) {
      assert.equal((await ann.get(hub + path)).status, 403, path);
    }
    const reset = await ann.post(`${hub}admin/people/ada/reset`);
    assert.equal(reset.status, 403);
    const stop = await ann.post(`${hub}stop/ada`);
    assert.equal(stop.status, 404);
  });

  it("keep a teacher from owners, and from making staff", async () => {
    const password = await addPerson(owner, basePath, {
      displayName: "Tom",
      username: "tom",
      role: "teacher",
    });
    const tom = box.client();
    await signInFirst(tom, basePath, "tom", password, "tom has some words");
    assert.equal((await tom.get(`${hub}admin`)).status, 200);
    assert.equal((await tom.post(`${hub}admin/people/ada/reset`)).status, 404);
    assert.equal((await tom.post(`${hub}admin/people/ada/remove`)).status, 404);
    const staff = await tom.post(`${hub}admin/people/add`, {
      display_name: "Eve",
      username: "eve",
      role: "owner",
    });
    assert.equal(staff.status, 403);
    const student = await tom.post(
      `${hub}admin/people/add`,
      { display_name: "Kim", username: "", role: "student" },
      { follow: true },
    );
    assert.ok(firstPasswordOn(student.text).length > 8);
  });

  it("add a pasted list after a look at it, and lose no row of it", async () => {
    const list = "Ann Two\tann\nBob\tbob\nZoë Müller";
    const preview = await owner.post(`${hub}admin/people/preview`, { list });
    assert.equal(preview.status, 200);
    assert.match(preview.text, /already someone with the user name <bdi>ann</);
    const added = await owner.post(`${hub}admin/people/add`, { list }, { follow: true });
    assert.match(added.text, /\tbob\t/);
    assert.match(added.text, /\tzoe\t/);
    assert.match(added.text, /already someone with the user name <bdi>ann</);
    const tooLong = await owner.post(`${hub}admin/people/preview`, {
      list: Array.from({ length: 501 }, (_, index) => `Person ${index}`).join("\n"),
    });
    assert.equal(tooLong.status, 400);
    assert.match(tooLong.text, /Person 500/);
  });

  it("ask for the current password, and end the other sessions", async () => {
    const other = box.client();
    await other.get(`${hub}login`);
    await other.post(`${hub}login`, { username: "ann", password: "ann has some words" });
    await ann.get(`${hub}account`);
    const passwords = { password: "ann has new words", password_repeat: "ann has new words" };
    const wrong = await ann.post(`${hub}change-password`, { current: "no", ...passwords });
    assert.equal(wrong.status, 403);
    const different = await ann.post(`${hub}auth/change-password`, {
      current: "ann has some words",
      ...passwords,
      password_repeat: "something else",
    });
    assert.equal(different.status, 400);
    const changed = await ann.post(`${hub}auth/change-password`, {
      current: "ann has some words",
      ...passwords,
    });
    assert.equal(changed.headers.location, `${hub}account?saved=1`);
    assert.equal((await ann.get(`${hub}home`)).status, 200);
    assert.equal((await other.get(`${hub}home`)).status, 302);
  });

  it("remember the colours that were chosen", async () => {
    await ann.get(`${hub}account`);
    await ann.post(`${hub}account/appearance`, { theme: "dark" });
    assert.match((await ann.get(`${hub}home`)).text, /<html[^>]*data-theme="dark"/);
    const asleep = await ann.get(`${basePath}user/ann/lab`);
    assert.deepEqual([asleep.status, /data-theme="dark"/.test(asleep.text)], [424, true]);
  });

  it("sign out everywhere", async () => {
    const other = box.client();
    await other.get(`${hub}login`);
    await other.post(`${hub}login`, { username: "ann", password: "ann has new words" });
    await ann.get(`${hub}account`);
    await ann.post(`${hub}account/sign-out-everywhere`);
    assert.equal((await other.get(`${hub}home`)).status, 302);
    assert.equal((await ann.get(`${hub}home`)).status, 302);
  });

  it("leave the files of a removed person alone and the name free", async () => {
    await owner.get(`${hub}admin/people/bob/remove`);
    const removed = await owner.post(`${hub}admin/people/bob/remove`);
    assert.equal(removed.headers.location, `${hub}admin/people?notice=person_removed`);
    const again = await addPerson(owner, basePath, { displayName: "Bob II", username: "bob" });
    assert.ok(again);
  });

  it("have an empty answer for those who only ask whether the box lives", async () => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await box.client().ask(`${hub}health`, { method });
      assert.deepEqual([answer.status, answer.text], [200, ""]);
    }
    const logo = await box.client().get(`${hub}logo`);
    assert.equal(logo.headers["content-type"], "image/png");
    const style = /href="([^"]+\.css\?v=[^"]+)"/.exec((await box.client().get(`${hub}login`)).text);
    const css = await box.client().get(style?.[1] ?? "");
    assert.match(css.headers["cache-control"] ?? "", /immutable/);
    const bare = await box.client().get((style?.[1] ?? "").split("?")[0] ?? "");
    assert.equal(bare.headers["cache-control"], "no-cache");
  });
});

describe("event streams", () => {
  it("send the present state first and end with the session", async () => {
    await using box = await createTestHub({
      overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
    });
    const owner = await box.setUp();
    const headers = { cookie: owner.cookieHeader("/hub/admin/events") };
    const asked = request(`${box.origin}/hub/admin/events`, { headers, agent: false }).end();
    const [stream] = (await once(asked, "response")) as [IncomingMessage];
    assert.match(stream.headers["content-type"] ?? "", /text\/event-stream/);
    const state = [/event: part\ndata: \{"target":"row-ada"/, /"target":"class-tiles"/];
    let text = "";
    let isSignedOut = false;
    for await (const chunk of stream) {
      text += String(chunk);
      if (isSignedOut || !state.every((part) => part.test(text))) continue;
      isSignedOut = true;
      const tab = owner.tab();
      await tab.get("/hub/account");
      await tab.post("/hub/account/sign-out-everywhere");
    }
    assert.ok(isSignedOut, text);
  });

  it("tell JupyterHub's clients how a start goes, and close", async () => {
    await using box = await createTestHub({
      overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
    });
    const owner = await box.setUp();
    const path = "/hub/api/users/ada/server";
    const early = await owner.get(`${path}/progress`);
    assert.deepEqual(
      [early.status, (JSON.parse(early.text) as { message: string }).message],
      [400, "ada is not starting..."],
    );
    const headers = { "x-xsrftoken": owner.cookie("_xsrf", path) ?? "" };
    const started = await owner.ask(path, { method: "POST", headers });
    assert.ok([201, 202].includes(started.status));
    const stream = await owner.get(`${path}/progress`);
    const events = [...stream.text.matchAll(/^data: (.*)$/gm)].map(
      (match) => JSON.parse(match[1] ?? "") as Record<string, unknown>,
    );
    const last = events.at(-1);
    assert.deepEqual(
      [last?.["progress"], last?.["ready"], last?.["url"]],
      [100, true, "/user/ada/"],
    );
    const again = await owner.ask(path, { method: "POST", headers });
    assert.deepEqual(
      [again.status, (JSON.parse(again.text) as { message: string }).message],
      [400, "ada is already running"],
    );
    const stopped = await owner.ask(path, { method: "DELETE", headers });
    assert.equal(stopped.status, 204);
    const model = JSON.parse((await owner.get("/hub/api/users/ada")).text) as Record<
      string,
      unknown
    >;
    assert.deepEqual([model["kind"], model["server"], model["servers"]], ["user", null, {}]);
  });
});
