/** A browser in somebody else's notebook opens that one and nothing else, until the password is given again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, get } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { WebSocket } from "ws";
import type { HttpClient } from "#test/support/http-client.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { passwordOf, SharingWorld } from "#test/support/sharing-world.ts";
import { signIn } from "#test/support/test-hub.ts";

const PATIENCE_MS = 60_000;
const page = { headers: { accept: "text/html" } };

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`a visit at ${basePath}`, { timeout: 600_000 }, () => {
    let world: SharingWorld;
    let guest: HttpClient;
    const hub = `${basePath}hub/`;
    const theirs = `${basePath}user/tom/`;

    before(async () => {
      world = await SharingWorld.open({ basePath });
      for (const name of ["tom", "eve", "kofi", "maria"]) await world.start(name);
    });
    after(() => world[Symbol.asyncDispose]());
    beforeEach(async () => {
      await share("tom", "kofi");
      guest = await world.browser("kofi");
    });

    async function share(owner: string, user: string): Promise<void> {
      // Eve does not know him by name; the box itself does.
      const token = owner === "tom" ? await world.token(owner) : await world.serviceToken("desk");
      const json = { user };
      const answer = await world.byToken(token, `hub/api/shares/${owner}/`, {
        method: "POST",
        json,
      });
      assert.equal(answer.status, 200, answer.text);
    }

    async function unshare(owner: string): Promise<void> {
      const token = await world.token(owner);
      const options = { method: "DELETE" };
      assert.equal((await world.byToken(token, `hub/api/shares/${owner}/`, options)).status, 204);
    }

    async function visit(client: HttpClient, next = ""): Promise<void> {
      const path = `${hub}visit/tom${next === "" ? "" : `?next=${encodeURIComponent(next)}`}`;
      await client.get(path);
      const begun = await client.post(path);
      assert.deepEqual([begun.status, begun.headers.location], [302, next === "" ? theirs : next]);
    }

    it("begins with a page that asks, and not before", async () => {
      const opened = await guest.get(`${theirs}lab/tree/a.ipynb?x=1`, page);
      assert.equal(opened.status, 302);
      const next = encodeURIComponent(`${theirs}lab/tree/a.ipynb?x=1`);
      assert.equal(opened.headers.location, `${hub}visit/tom?next=${next}`);
      assert.equal((await guest.get(`${theirs}api/kernels`)).status, 403);
      const open = await statusOf(
        world.socket("user/tom/ws", {
          cookie: guest.cookieHeader(theirs),
          origin: world.box.origin,
        }),
      );
      assert.equal(open, 403);
      const asked = await guest.get(opened.headers.location ?? "", page);
      assert.match(asked.text, /Open the notebook of <bdi>tom X<\/bdi>/);
      const session = world.store.entries("sessions");
      assert.ok([...session].every(([, { visits }]) => visits === undefined));

      await visit(guest, `${theirs}lab/tree/a.ipynb?x=1`);
      const inside = await guest.get(`${theirs}lab/tree/a.ipynb?x=1`, page);
      assert.deepEqual(
        [inside.status, inside.text],
        [200, `notebook of ${theirs}lab/tree/a.ipynb?x=1`],
      );
      assert.equal(world.seen.at(-1)?.headers["x-homeroom-user"], "kofi");
      assert.equal((await guest.get(`${theirs}api/kernels`)).status, 200);
    });

    it("leads nowhere but into that notebook", async () => {
      await guest.get(`${hub}visit/tom`);
      const path = `${hub}visit/tom?next=${encodeURIComponent(`${basePath}user/kofi/lab`)}`;
      const begun = await guest.post(path);
      assert.equal(begun.headers.location, theirs);
    });

    it("opens nothing else: no page, no API, not the own notebook, no third one", async () => {
      await share("eve", "kofi");
      await guest.get(`${hub}home`);
      await visit(guest);
      const pages = [
        "home",
        "account",
        "token",
        "spawn",
        "admin",
        "visit/tom",
        "first",
        "spawn-pending/kofi",
      ];
      for (const name of pages) {
        const answer = await guest.get(hub + name, page);
        assert.equal(answer.status, 302, name);
        assert.match(answer.headers.location ?? "", new RegExp(`^${hub}login\\?next=`), name);
      }
      for (const name of [
        "user",
        "users/kofi",
        "users/kofi/tokens",
        "shares/tom/",
        "users/kofi/shared",
      ]) {
        const answer = await guest.get(`${hub}api/${name}`);
        assert.equal(answer.status, 403, name);
      }
      for (const name of [
        "home",
        "account",
        "stop/kofi",
        "token",
        "account/sign-out-everywhere",
        "visit/tom",
      ]) {
        assert.ok([403, 404, 405].includes((await guest.post(hub + name)).status), name);
      }
      const made = await guest.ask(`${hub}api/users/kofi/tokens`, { method: "POST", json: {} });
      assert.equal(made.status, 403);
      for (const [name, status] of [
        ["kofi", 302],
        ["eve", 302],
        ["maria", 302],
        ["nobody", 302],
      ] as const) {
        const answer = await guest.get(`${basePath}user/${name}/lab`, page);
        assert.equal(answer.status, status, name);
        assert.match(answer.headers.location ?? "", new RegExp(`^${hub}login\\?next=`), name);
        assert.equal((await guest.get(`${basePath}user/${name}/api/contents`)).status, 403, name);
      }
      const cookie = guest.cookieHeader(`${basePath}user/kofi/`);
      const own = world.socket("user/kofi/ws", { cookie, origin: world.box.origin });
      assert.equal(await statusOf(own), 403);
    });

    it("ends what this browser had open of its own within the second", async () => {
      const cookie = guest.cookieHeader(`${basePath}user/kofi/`);
      const origin = world.box.origin;
      const own = world.socket("user/kofi/ws", { cookie, origin });
      await once(own, "open");
      const stream = await openStream(
        `${origin}${hub}events/notebook/kofi`,
        guest.cookieHeader(hub),
      );
      const other = await world.browser("kofi");
      const elsewhere = world.socket("user/kofi/ws", {
        cookie: other.cookieHeader(`${basePath}user/kofi/`),
        origin,
      });
      await once(elsewhere, "open");
      await visit(guest);
      assert.ok(await eventually(() => own.readyState === own.CLOSED, PATIENCE_MS));
      assert.ok(await eventually(() => stream.closed, PATIENCE_MS));
      assert.equal(elsewhere.readyState, elsewhere.OPEN);
      elsewhere.terminate();
    });

    it("ends with the password, in a session of its own, and is told in the audit", async () => {
      await visit(guest);
      const asked = await guest.get(`${hub}home`, { ...page, follow: true });
      assert.match(asked.text, /This browser is in the notebook of <bdi>tom X<\/bdi>/);
      assert.match(asked.text, new RegExp(`href="${theirs}"`));
      assert.match(asked.text, /name="username" value="kofi"/);
      const wrong = await signIn(guest, basePath, "kofi", "not the password");
      assert.equal(wrong.status, 403);
      assert.equal((await guest.get(`${hub}home`)).status, 302);
      const before = guest.cookieHeader(theirs);
      const back = await signIn(guest, basePath, "kofi", passwordOf("kofi"), `${hub}home`);
      assert.deepEqual([back.status, back.location], [302, `${hub}home`]);
      assert.equal((await guest.get(`${hub}home`)).status, 200);
      assert.equal((await guest.get(`${basePath}user/kofi/api/status`)).status, 200);
      const former = await world.box
        .client()
        .ask(`${theirs}api/status`, { headers: { cookie: before } });
      assert.equal(former.status, 403);
      const told = (await world.audit())
        .slice(0, 4)
        .map(({ action, actorName, subjectName }) => [action, actorName, subjectName]);
      for (const line of [
        ["session.signed_in", "kofi", "kofi"],
        ["visit.ended", "kofi", "tom"],
        ["visit.begun", "kofi", "tom"],
      ]) {
        assert.ok(
          told.some((each) => isDeepStrictEqual(each, line)),
          JSON.stringify(told),
        );
      }
    });

    it("ends with a sign-out as well", async () => {
      await visit(guest);
      await guest.get(`${hub}logout`);
      const left = await guest.post(`${hub}logout`);
      assert.equal(left.status, 302);
      assert.equal((await guest.get(`${theirs}api/status`)).status, 403);
    });

    it("is over at once, sockets too, when the owner takes it back", async () => {
      await visit(guest);
      const cookie = guest.cookieHeader(theirs);
      const open = world.socket("user/tom/ws", { cookie, origin: world.box.origin });
      await once(open, "open");
      const token = await world.token("kofi");
      const byToken = world.socket("user/tom/ws", { authorization: `token ${token}` });
      await once(byToken, "open");
      const owners = world.socket("user/tom/ws", {
        authorization: `token ${await world.token("tom")}`,
      });
      await once(owners, "open");
      await unshare("tom");
      assert.ok(await eventually(() => open.readyState === open.CLOSED, PATIENCE_MS));
      assert.ok(await eventually(() => byToken.readyState === byToken.CLOSED, PATIENCE_MS));
      assert.equal(owners.readyState, owners.OPEN);
      owners.terminate();
      assert.equal((await guest.get(`${theirs}api/status`)).status, 403);
      assert.equal((await guest.get(`${theirs}lab`, page)).status, 302);
      assert.equal((await world.byToken(token, "user/tom/api/status")).status, 404);
    });

    it("leaves no window that reads along where the password is given, on HTTPS", async () => {
      const policy = "cross-origin-opener-policy";
      const https = { headers: { "x-forwarded-proto": "https" } };
      const secure = await world.box.client().get(`${hub}login`, https);
      assert.equal(secure.headers[policy], "same-origin");
      assert.equal((await world.box.client().get(`${hub}login`)).headers[policy], undefined);
      const token = await world.token("tom");
      const notebook = await world.byToken(token, "user/tom/lab", https);
      assert.deepEqual([notebook.status, notebook.headers[policy]], [200, undefined]);
    });

    it("is of those alone who were let in; for others there is no such notebook", async () => {
      const stranger = await world.browser("sam");
      assert.equal((await stranger.get(`${hub}home`)).status, 200);
      for (const path of [
        `${theirs}lab`,
        `${hub}visit/tom`,
        `${hub}visit/nobody`,
        `${hub}visit/tom/lab2`,
      ]) {
        assert.equal((await stranger.get(path, page)).status, 404, path);
      }
      assert.equal((await stranger.post(`${hub}visit/tom`)).status, 404);
      assert.equal((await world.owner.get(`${theirs}lab`, page)).status, 404);
    });

    it("is not begun by another site, nor without the form's token", async () => {
      const bare = await guest.ask(`${hub}visit/tom`, { method: "POST", form: {} });
      assert.equal(bare.status, 403);
      const foreign = await guest.post(
        `${hub}visit/tom`,
        {},
        { headers: { origin: "http://evil.example" } },
      );
      assert.equal(foreign.status, 403);
      assert.equal((await guest.get(`${hub}home`)).status, 200);
    });
  });
}

describe("a teacher in a student's notebook", { timeout: 600_000 }, () => {
  let world: SharingWorld;
  before(async () => {
    world = await SharingWorld.open();
    await world.start("kofi");
    await world.start("tom");
  });
  after(() => world[Symbol.asyncDispose]());

  it("comes by the student's page and an explicit step, with the own rights put aside", async () => {
    const tom = await world.browser("tom");
    const asks = "/hub/visit/kofi?next=%2Fuser%2Fkofi%2Flab%3Fx%3D1";
    assert.equal((await tom.get("/user/kofi/lab?x=1", page)).headers.location, asks);
    assert.equal((await tom.get("/user/kofi/api/status")).status, 403);
    const upgrade = { cookie: tom.cookieHeader("/user/kofi/"), origin: world.box.origin };
    assert.equal(await statusOf(world.socket("user/kofi/ws", upgrade)), 403);
    const person = await tom.get("/hub/admin/people/kofi");
    assert.match(person.text, /href="\/hub\/visit\/kofi"/);
    const asked = await tom.get("/hub/visit/kofi");
    assert.match(asked.text, /<bdi>kofi X<\/bdi> can see that you are there/);
    const begun = await tom.post("/hub/visit/kofi");
    assert.deepEqual([begun.status, begun.headers.location], [302, "/user/kofi/"]);
    assert.equal((await tom.get("/user/kofi/api/status")).status, 200);
    for (const path of ["/hub/admin", "/hub/admin/people", "/hub/home", "/user/tom/lab"]) {
      const answer = await tom.get(path, page);
      assert.match(answer.headers.location ?? "", /^\/hub\/login\?next=/, path);
    }
    assert.equal((await tom.get("/hub/api/users")).status, 403);
    const kofi = await world.browser("kofi");
    assert.match((await kofi.get("/hub/home")).text, /<bdi>tom X<\/bdi>, last active/);

    await signIn(tom, "/", "tom", passwordOf("tom"));
    assert.equal((await tom.get("/hub/admin")).status, 200);
    assert.equal((await tom.get("/user/kofi/lab?x=1", page)).headers.location, asks);
    const later = (await kofi.get("/hub/home")).text;
    assert.match(later, /<bdi>tom X<\/bdi> looked into your notebook/);
    assert.doesNotMatch(later, /last active/);
    const told = (await world.audit()).map((line) => [
      line.action,
      line.actorName,
      line.subjectName,
    ]);
    assert.ok(told.some((line) => isDeepStrictEqual(line, ["visit.begun", "tom", "kofi"])));
  });

  it("is over at once when the student leaves the class", async () => {
    const tom = await world.browser("tom");
    await tom.get("/hub/visit/kofi");
    await tom.post("/hub/visit/kofi");
    const cookie = tom.cookieHeader("/user/kofi/");
    const open = world.socket("user/kofi/ws", { cookie, origin: world.box.origin });
    await once(open, "open");
    await world.command("POST", "groups/8C/users", { users: ["kofi"] });
    await world.command("DELETE", "groups/Class/users", { users: ["kofi"] });
    assert.ok(await eventually(() => open.readyState === open.CLOSED, PATIENCE_MS));
    assert.equal((await tom.get("/user/kofi/api/status")).status, 403);
    await world.command("POST", "groups/Class/users", { users: ["kofi"] });
    await world.command("DELETE", "groups/8C/users", { users: ["kofi"] });
  });

  it("is no other teacher, opens no colleague's, and comes with no token", async () => {
    const eve = await world.browser("eve");
    assert.equal((await eve.get("/hub/visit/kofi")).status, 404);
    assert.equal((await eve.get("/user/kofi/lab", page)).status, 404);
    assert.equal((await world.owner.get("/user/tom/lab", page)).status, 404);
    assert.equal((await eve.post("/hub/visit/kofi")).status, 404);
    assert.equal((await world.owner.get("/hub/visit/tom")).status, 404);
    assert.equal((await world.owner.get("/hub/visit/kofi")).status, 200);
    for (const who of ["tom", "ada"]) {
      const token = await world.token(who);
      assert.equal((await world.byToken(token, "user/kofi/api/status")).status, 404, who);
    }
    const maria = await world.browser("maria");
    assert.equal((await maria.get("/hub/visit/kofi")).status, 404);
  });
});

async function statusOf(open: WebSocket): Promise<number> {
  const refused = once(open, "unexpected-response") as Promise<[unknown, IncomingMessage]>;
  const status = await Promise.race([
    refused.then(([, { statusCode }]) => statusCode ?? 0),
    once(open, "open").then(() => 101),
  ]);
  open.terminate();
  return status;
}

async function openStream(url: string, cookie: string): Promise<IncomingMessage> {
  const request = get(url, { headers: { cookie } });
  request.on("error", () => undefined);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  answer.on("error", () => undefined);
  answer.resume();
  assert.equal(answer.statusCode, 200);
  return answer;
}
