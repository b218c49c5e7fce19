/** Pages of notebooks that have a name, and the choice before a start: without script, fake engine, real LevelDB. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Config } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import { type Classrooms, createClassrooms } from "#test/support/classrooms.ts";
import { FakeHomes } from "#test/support/fake-homes.ts";
import type { Answer, HttpClient } from "#test/support/http-client.ts";
import { eventually } from "#test/support/raw-sockets.ts";

const named = (more: Partial<Config["spawner"]["namedServers"]> = {}) => ({
  allow: true,
  limitPerUser: 2,
  home: "shared" as const,
  ...more,
});
const profiles = {
  r: { image: "r-notebook", kind: "jupyter", port: 8888, offered: true, title: "R <b>" },
} as const;

for (const basePath of ["/", "/jupyterhub/"]) {
  const hub = `${basePath}hub/`;
  const user = `${basePath}user/`;

  describe(`notebooks with a name, on pages at ${basePath}`, () => {
    let rooms: Classrooms;
    let sam: HttpClient;

    before(async () => {
      rooms = await createClassrooms({ basePath, spawner: { namedServers: named() } });
    });
    after(() => rooms[Symbol.asyncDispose]());
    beforeEach(async () => {
      await rooms.stage();
      sam = rooms.browser("student");
      await sam.get(`${hub}home`);
    });

    const leads = (answer: Answer) => [answer.status, answer.headers.location];
    const make = (name: string) => sam.post(`${hub}servers`, { name });

    async function home(): Promise<string> {
      return (await sam.get(`${hub}home`)).text;
    }

    it("are made, opened, stopped and deleted by forms alone", async () => {
      assert.match(await home(), /None yet/);
      const place = "sam/%C3%A9t%C3%A9%202";
      assert.deepEqual(leads(await make(" été 2 ")), [302, `${hub}spawn/${place}`]);
      assert.deepEqual(leads(await sam.get(`${hub}spawn/${place}`)), [302, `${user}${place}/lab`]);
      assert.match(await home(), /<bdi>été 2<\/bdi>/);
      const first = await rooms.ask("student", `${hub}api/users/sam/server`);
      assert.match(first.text, /"stopped":true/, "the first one rests");

      const page = await sam.get(`${hub}delete-server/${place}`);
      assert.match(page.text, /It is open now/);
      assert.match(page.text, /The files stay/);
      assert.deepEqual(leads(await sam.post(`${hub}stop/${place}`)), [302, `${hub}home`]);
      const waiting = await sam.get(`${hub}spawn-pending/${place}`);
      assert.match(waiting.text, /été 2/);
      assert.deepEqual(leads(await sam.post(`${hub}restart/${place}`)), [
        302,
        `${hub}spawn-pending/${place}`,
      ]);
      assert.deepEqual(leads(await sam.post(`${hub}delete-server/${place}`)), [302, `${hub}home`]);
      assert.match(await home(), /None yet/);
      assert.equal((await sam.get(`${hub}spawn-pending/${place}`)).status, 404);
      const [line] = await rooms.auditLines("server.removed");
      assert.deepEqual([line?.actorName, line?.detail], ["sam", { server: "été 2" }]);
    });

    it("are refused on the form itself when the name cannot be, and when there are enough", async () => {
      for (const name of ["a/b", "lab", "", "x".repeat(70), "<script>"]) {
        const before = rooms.digest();
        const refused = await make(name);
        assert.equal(refused.status, 400, name);
        assert.match(refused.text, /cannot name a notebook/, name);
        assert.doesNotMatch(refused.text, /value="<script>/);
        assert.equal(rooms.digest(), before);
      }
      await make("a1");
      assert.equal((await make("a1")).status, 409);
      await make("a2");
      const full = await make("a3");
      assert.equal(full.status, 400);
      assert.match(full.text, /role="alert">There may be 2 of them/);
      assert.doesNotMatch(await home(), /action="[^"]*hub\/servers"/);
    });

    it("are not made by a link: the page asks first", async () => {
      const before = rooms.digest();
      const page = await sam.get(`${hub}spawn/sam/physics?opt-x=1&next=${user}sam/physics/tree`);
      assert.equal(page.status, 200);
      assert.match(page.text, /no notebook of that name yet/);
      assert.equal(rooms.digest(), before);
      const action = /<form class="card" method="post" action="([^"]*)"/.exec(page.text)?.[1] ?? "";
      const made = await sam.post(action.replaceAll("&amp;", "&"));
      assert.deepEqual(leads(made), [302, `${user}sam/physics/tree`]);
      const model = await rooms.ask("student", `${hub}api/users/sam/servers/physics`);
      assert.match(model.text, /"user_options":\{"x":"1"\}/);
      assert.equal((await sam.get(`${hub}spawn/sam/a%2Fb`)).status, 400);
      assert.equal((await sam.get(`${hub}spawn/sam/lab`)).status, 400);
      assert.equal((await sam.get(`${hub}spawn/alex/physics`)).status, 404);
    });

    it("answer at their own address, and never in another's place", async () => {
      await make("physics");
      const asleep = await sam.get(`${user}sam/physics/tree?x=1`);
      assert.equal(asleep.status, 424);
      assert.ok(asleep.text.includes(`${hub}spawn/sam/physics?next=`));
      assert.equal((await sam.post(`${hub}spawn/sam`)).status, 302);
      // The first one runs now, and is not what this address means.
      assert.equal((await sam.get(`${user}sam/physics/tree`)).status, 424);
      const program = await sam.ask(`${user}sam/physics/api/kernels`);
      assert.equal(program.status, 424);
      assert.match(program.text, /Restart the server at http:\/\/[^"]*hub\/spawn\/sam\/physics"/);
      assert.deepEqual(leads(await sam.get(`${user}sam/physics`)), [302, `${user}sam/physics/`]);
      assert.deepEqual(leads(await sam.get(`${user}sam/ph%79sics/lab?a=1`)), [
        302,
        `${user}sam/physics/lab?a=1`,
      ]);
      const atHub = await sam.get(`${hub}user/sam/physics/lab`);
      assert.equal(atHub.status, 424);
      assert.ok(atHub.text.includes(`${hub}spawn/sam/physics?next=`));
      const held = rooms.engine.hold("answering");
      const starting = sam.get(`${hub}spawn/sam/physics`);
      await held.reached;
      const next = encodeURIComponent(`${user}sam/physics/lab`);
      const wait = `${hub}spawn-pending/sam/physics?next=${next}`;
      assert.deepEqual(leads(await sam.get(`${user}sam/physics/lab`)), [302, wait]);
      assert.deepEqual(leads(await sam.get(`${hub}user/sam/physics/lab`)), [302, wait]);
      held.release();
      await starting;
    });

    it("are for their person and staff: a teacher stops and deletes them, a classmate finds nothing", async () => {
      await make("physics");
      await sam.get(`${hub}spawn/sam/physics`);
      for (const [method, path] of [
        ["GET", "spawn-pending/sam/physics"],
        ["POST", "stop/sam/physics"],
        ["POST", "restart/sam/physics"],
        ["GET", "delete-server/sam/physics"],
        ["POST", "delete-server/sam/physics"],
        ["GET", "events/notebook/sam/physics"],
      ] as const) {
        const answer = await rooms.ask("classmate", hub + path, { method });
        assert.equal(answer.status, 404, path);
      }
      const teacher = (method: string, path: string) =>
        rooms.ask("teacher", hub + path, { method });
      const page = (await teacher("GET", "admin/people/sam")).text;
      assert.ok(page.includes(`action="${hub}stop/sam/physics"`));
      assert.ok(!page.includes(`${hub}spawn/sam/physics`), "only its person opens it");
      assert.ok(page.includes(`href="${hub}admin/people/sam/log/physics"`));
      const log = await teacher("GET", "admin/people/sam/log/ph%79sics");
      assert.match(log.text, /Log of “<bdi>physics<\/bdi>” of <bdi>The student/);
      assert.match(log.text, /class="tag working"/, "its own status, not that of the first one");
      assert.equal((await teacher("GET", "admin/people/sam/log/chemistry")).status, 404);
      const far = await rooms.ask("farTeacher", `${hub}admin/people/sam/log/physics`);
      assert.equal(far.status, 404);
      assert.match((await teacher("GET", "delete-server/sam/physics")).text, /of <bdi>The student/);
      assert.deepEqual(leads(await teacher("POST", "stop/sam/physics")), [
        302,
        `${hub}admin/people/sam`,
      ]);
      const [line] = await rooms.auditLines("server.stopped_by_other");
      assert.deepEqual([line?.actorName, line?.detail], ["tess", { server: "physics" }]);
      assert.match(
        (await teacher("GET", "admin/people/sam")).text,
        /Notebook stopped by someone else <span class="why"><bdi>physics</,
      );
      assert.equal((await teacher("POST", "delete-server/sam/physics")).status, 302);
      assert.match(await home(), /None yet/);
      assert.equal((await teacher("POST", "delete-server/sam/physics")).status, 404);
    });

    it("stand on the class page while they do something, are counted there and stopped from there", async () => {
      await make("physics");
      const classPage = async (who: "teacher" | "farTeacher" | "student") =>
        (await rooms.ask(who, `${hub}admin`)).text;
      const running = (text: string) => /<dt>Running<\/dt><dd>(\d+)/.exec(text)?.[1];
      const stop = `formaction="${hub}stop/sam/physics"`;
      assert.ok(!(await classPage("teacher")).includes("physics"), "it rests");
      await sam.get(`${hub}spawn/sam/physics`);
      const shown = await classPage("teacher");
      assert.ok(shown.includes(stop));
      assert.equal(running(shown), "1", "the first one rests");
      assert.ok(!(await classPage("farTeacher")).includes("physics"));
      const form = { method: "POST", form: { back: "class" } } as const;
      const stopped = await rooms.ask("teacher", `${hub}stop/sam/physics`, form);
      assert.deepEqual(leads(stopped), [302, `${hub}admin`]);
      assert.ok(!(await classPage("teacher")).includes("physics"));
      const missing = new HubError("image_missing", { image: "r-notebook" });
      rooms.engine.failAt("container", missing);
      await sam.get(`${hub}spawn/sam/physics`);
      assert.match(await classPage("teacher"), /r-notebook.*is not on this box/);
    });

    it("are named where something would close them", async () => {
      const pages = async () =>
        [
          (await rooms.ask("teacher", `${hub}admin/people/sam`)).text,
          (await rooms.ask("teacher", `${hub}admin/people/sam/remove`)).text,
        ] as const;
      await make("physics");
      await make("quiz");
      for (const page of await pages())
        assert.doesNotMatch(page, /Open now|This closes|are? open<\/a>/);
      await sam.get(`${hub}spawn/sam/physics`);
      const [person, remove] = await pages();
      assert.match(person, /<a href="#named-servers">1 more notebook is open<\/a>/);
      // Beside the names, and in the question before they are saved; beside the lock.
      assert.equal(person.match(/Open now:\s+<bdi>physics<\/bdi>/g)?.length, 3);
      assert.match(remove, /This closes, and .* is lost:\s+<bdi>physics<\/bdi>/);
      await sam.get(`${hub}spawn`);
      const account = await rooms.ask("console", `${hub}api/accounts/sam`);
      const { user: told } = JSON.parse(account.text) as { user: { named_servers: unknown } };
      assert.deepEqual(told.named_servers, [
        { name: "physics", state: "running" },
        { name: "quiz", state: "stopped" },
      ]);
      const [both] = await pages();
      assert.match(both, /Open now:\s+the first notebook, <bdi>physics<\/bdi>/);
    });

    it("are opened by a token for one of them, and by it no other", async () => {
      await make("physics");
      await make("quiz");
      const { id } = rooms.person("student");
      const scopes = [`access:servers!server=${id}/physics`];
      const status = async (place: string) =>
        (await rooms.askByToken("student", `${user}sam/${place}`, {}, scopes)).status;
      // 424: it may, and rests.
      assert.equal(await status("physics/api/status"), 424);
      for (const place of ["api/status", "quiz/api/status", "physic/api/status"]) {
        assert.equal(await status(place), 404, place);
      }
    });

    it("follow their person to another name", async () => {
      await make("physics");
      await sam.get(`${hub}spawn/sam/physics`);
      const json = { name: "samuel" };
      await rooms.ask("owner", `${hub}api/users/sam`, { method: "PATCH", json });
      assert.deepEqual(leads(await sam.get(`${hub}spawn/samuel/physics`)), [
        302,
        `${user}samuel/physics/lab`,
      ]);
      const [container] = [...rooms.engine.containers.values()].filter(
        ({ spec }) => spec.userId === rooms.person("student").id,
      );
      assert.equal(container?.spec.baseUrl, `${user}samuel/physics/`);
    });
  });

  describe(`a choice before a start, at ${basePath}`, () => {
    let rooms: Classrooms;
    let sam: HttpClient;

    before(async () => {
      rooms = await createClassrooms({ basePath, spawner: { profiles } });
      Object.assign(rooms.engine.options, { profiles: ["default", "r"] });
    });
    after(() => rooms[Symbol.asyncDispose]());
    beforeEach(async () => {
      await rooms.stage();
      sam = rooms.browser("student");
      await sam.get(`${hub}home`);
    });

    const profile = () =>
      [...rooms.engine.containers.values()].find(
        ({ spec }) => spec.userId === rooms.person("student").id,
      )?.spec.profile;

    it("is a form with what is on offer, and starts what was chosen", async () => {
      const before = rooms.digest();
      const page = await sam.get(`${hub}spawn`);
      assert.equal(page.status, 200);
      assert.equal(rooms.digest(), before, "the form itself starts nothing");
      assert.match(page.text, /value="default" checked/);
      assert.match(page.text, /<bdi>R &lt;b&gt;<\/bdi>/);
      const started = await sam.post(`${hub}spawn/sam`, { profile: "r" });
      assert.equal(started.headers.location, `${user}sam/lab`);
      assert.equal(profile(), "r");
      // What runs is opened, whatever is asked.
      assert.equal((await sam.get(`${hub}spawn`)).headers.location, `${user}sam/lab`);
      await sam.post(`${hub}stop/sam`);
      assert.match((await sam.get(`${hub}spawn`)).text, /value="r" checked/);
      await sam.post(`${hub}spawn/sam`);
      assert.equal(profile(), "r", "nothing said: as last time");
    });

    it("says on the form what is not on offer, and starts nothing", async () => {
      for (const profile of ["secret", "__proto__", ""]) {
        const before = rooms.digest();
        const refused = await sam.post(`${hub}spawn/sam`, { profile });
        assert.equal(refused.status, 400);
        assert.match(refused.text, /There are: <bdi>default, r/);
        assert.equal(rooms.digest(), before);
      }
    });

    it("can stand in the address", async () => {
      const started = await sam.get(`${hub}spawn?opt-profile=r&opt-n=1&opt-n=2&opt-on=on&reset`);
      assert.equal(started.headers.location, `${user}sam/lab?reset=`);
      assert.equal(profile(), "r");
      const { user_options: options } = JSON.parse(
        (await rooms.ask("student", `${hub}api/users/sam/server`)).text,
      ) as { user_options: unknown };
      assert.deepEqual(options, { profile: "r", n: ["1", "2"], on: true });
      await sam.post(`${hub}stop/sam`);
      assert.equal((await sam.get(`${hub}spawn?opt-=1`)).status, 422);
      assert.equal((await sam.get(`${hub}spawn?opt-profile=secret`)).status, 400);
      const big = await sam.post(`${hub}spawn/sam`, { x: "x".repeat(17_000) });
      assert.equal(big.status, 400);
      assert.equal((await sam.get(`${hub}spawn/sam/lab2`)).status, 400);
    });
  });
}

describe("notebooks with files of their own", () => {
  it("lose them when they are deleted, and when their person is erased; the first one's stay", async () => {
    const homes = new FakeHomes();
    await using rooms = await createClassrooms({
      homes,
      spawner: { namedServers: named({ home: "own" }) },
    });
    await rooms.stage();
    const api = "/hub/api/users/sam/servers/";
    const ask = (method: string, path: string, json: object = {}) =>
      rooms.ask("owner", path, { method, json });
    for (const name of ["one", "two"]) assert.equal((await ask("POST", api + name)).status, 201);
    const ids = [...rooms.store.entries("servers")].map(([, { id }]) => id);
    const specs = [...rooms.engine.containers.values()].map(({ spec }) => spec.home);
    assert.deepEqual(specs, ["own", "own"]);
    for (const id of ids) homes.ofServers.set(id, [Buffer.alloc(500_000)]);
    const person = await rooms.ask("owner", "/hub/admin/people/sam");
    assert.match(person.text, /1 MB.*in .*2.* files/);
    const page = await rooms.ask("student", "/hub/delete-server/sam/one");
    assert.match(page.text, /They are deleted with it/);
    assert.equal((await ask("DELETE", `${api}one`, { remove: true })).status, 204);
    assert.equal(homes.removed.length, 1);
    const { id } = rooms.person("student");
    await ask("DELETE", "/hub/api/users/sam");
    assert.equal(homes.removed.length, 1, "in the trash nothing is lost");
    await ask("DELETE", `/hub/api/trash/${id}`, { confirm: "sam" });
    // The answer does not wait for ever, and what is begun goes on.
    assert.ok(await eventually(() => homes.removed.length > 1, 60_000));
    assert.deepEqual(homes.removed.toSorted(), ids.toSorted());
  });
});
