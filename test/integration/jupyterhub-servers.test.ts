/**
 * Named servers and options of a start, as clients of JupyterHub know them: every method, path and documented status,
 * below two base paths. Fake engine, real LevelDB.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { type Classrooms, type Part, createClassrooms } from "#test/support/classrooms.ts";
import type { Answer } from "#test/support/http-client.ts";

type Row = readonly [
  who: Part,
  /** `PUT users/sam/servers/lab2`: below `{H}api/`. */
  ask: string,
  json: unknown,
  status: number,
  /** The message of a failure; or keys and values that the answer has among others. */
  says?: string | object,
];

const NO_ACCESS = "No access to resources or resources not found";
const ete = "%C3%A9t%C3%A9%202";
const limit = (name: string) =>
  `User ${name} already has the maximum of 3 named servers.  One must be deleted before a new server can be created`;
const bad = (name: string) => `Invalid server_name: '${name}'`;
const none = (server: string) => `sam has no server named '${server}'`;

/** One after the other: each finds what the ones before it left. */
const rows: readonly Row[] = [
  // Making without starting
  ["owner", "GET users/sam/servers/lab2", undefined, 404, none("lab2")],
  [
    "student",
    "PUT users/sam/servers/lab2",
    { display_name: "My second", user_options: { a: [1] } },
    201,
    {
      name: "lab2",
      display_name: "My second",
      full_name: "sam/lab2",
      url: "{B}user/sam/lab2/",
      progress_url: "{B}hub/api/users/sam/servers/lab2/progress",
      user_options: { a: [1] },
      stopped: true,
      ready: false,
      pending: null,
      started: null,
      last_activity: null,
    },
  ],
  ["owner", "PUT users/sam/servers/lab2", {}, 409, "User sam already has server 'lab2'"],
  ["owner", "PUT users/sam/server", {}, 409, "User sam already has a default server"],
  ["owner", "PUT users/sam/servers/", {}, 409, "User sam already has a default server"],
  ["classmate", "PUT users/sam/servers/x", {}, 404, NO_ACCESS],
  ["owner", "GET users/sam/servers/lab2", undefined, 200, { name: "lab2", stopped: true }],
  ["owner", "GET users/sam/servers/LAB2", undefined, 404, none("LAB2")],
  ["owner", "GET users/sam/servers/lab2/progress", undefined, 400, "sam:lab2 is not starting..."],
  ["owner", "GET users/sam/servers//progress", undefined, 400, "sam is not starting..."],
  ["owner", "GET users/sam", undefined, 200, { server: null, servers: {} }],
  [
    "owner",
    "GET users/sam?include_stopped_servers",
    undefined,
    200,
    { servers: { "": { name: "" }, lab2: { name: "lab2", display_name: "My second" } } },
  ],

  // Names
  ...(
    [
      ["a%2Fb", "a/b"],
      ["a%24b", "a$b"],
      ["%20a", " a"],
      ["a%20%20b", "a  b"],
      [".a", ".a"],
      ["x%3Cb%3E", "x<b>"],
      ["it's", "it's"],
      ["%E2%80%AEabc", "\ufffdabc"],
      ["x".repeat(65), "x".repeat(65)],
      ["x".repeat(300), `${"x".repeat(80)}…`],
      ["lab", "lab"],
      ["API", "API"],
    ] as const
  ).flatMap(([path, name]): Row[] => [
    ["owner", `PUT users/sam/servers/${path}`, {}, 400, bad(name)],
    ["owner", `POST users/sam/servers/${path}`, {}, 400, bad(name)],
  ]),
  ["owner", "PUT users/sam/servers/x1", [1], 400, "Body must be a JSON object"],
  ["owner", "PUT users/sam/servers/x1", { display_name: 5 }, 400, "display_name must be a string"],
  ["owner", "PUT users/sam/servers/x2", { display_name: null }, 201, { display_name: "x2" }],
  ["owner", "PATCH users/sam/servers/x2", { display_name: null }, 200, { display_name: "x2" }],
  ["owner", "DELETE users/sam/servers/x2", { remove: true }, 204],
  ["owner", "PUT users/sam/servers/x1", { display_name: " a" }, 400, "Invalid display_name: ' a'"],
  ...[[], 5, "x"].map((user_options): Row => [
    "owner",
    "PUT users/sam/servers/x1",
    { user_options },
    400,
    "user_options must be an object or null",
  ]),
  [
    "owner",
    "POST users/sam/servers/x1",
    { big: "x".repeat(17_000) },
    400,
    "user_options may have at most 16 KB",
  ],
  ["owner", "GET users/sam/servers/x1", undefined, 404, none("x1")],

  // Starting: made when there is none
  ["student", `POST users/sam/servers/${ete}`, {}, 201],
  [
    "owner",
    `GET users/sam/servers/${ete}`,
    undefined,
    200,
    { name: "été 2", ready: true, url: `{B}user/sam/${ete}/`, full_name: "sam/été 2" },
  ],
  ["owner", "GET users/sam/servers/e%CC%81te%CC%81%202", undefined, 200, { name: "été 2" }],
  ["owner", `POST users/sam/servers/${ete}`, {}, 400, "sam:été 2 is already running"],
  ["owner", "POST users/sam/servers/lab2", {}, 201],
  [
    "owner",
    "GET users/sam/servers/lab2",
    undefined,
    200,
    { user_options: { a: [1] }, ready: true },
  ],
  ["owner", "GET users/sam", undefined, 200, { server: null, pending: null }],
  ["teacher", "GET users/sam", undefined, 200, { servers: { lab2: { ready: true } } }],
  ["owner", "GET users?state=ready", undefined, 200, [{ name: "sam" }]],
  ["owner", "GET users?state=active", undefined, 200, [{ name: "sam" }]],
  ["owner", "GET users?state=inactive&name_filter=sa", undefined, 200, []],
  [
    "owner",
    "GET proxy",
    undefined,
    200,
    { "{B}user/sam/lab2/": { data: { server_name: "lab2" } } },
  ],
  ["owner", "PUT users/sam/servers/third", {}, 201],
  ["owner", "PUT users/sam/servers/fourth", {}, 400, limit("sam")],
  ["owner", "POST users/sam/servers/fourth", {}, 400, limit("sam")],
  ["owner", "POST users/sam/server", {}, 201],

  // Activity
  [
    "owner",
    "POST users/sam/activity",
    { servers: { lab2: { last_activity: "2030-01-02T03:04:05Z" } } },
    400,
    "Rejecting activity from more than an hour in the future: 2030-01-02T03:04:05.000000Z",
  ],
  [
    "owner",
    "POST users/sam/activity",
    { servers: { third: { last_activity: "2026-01-02T03:04:05Z" } } },
    200,
  ],
  [
    "owner",
    "GET users/sam/servers/third",
    undefined,
    200,
    { last_activity: "2026-01-02T03:04:05.000000Z" },
  ],
  [
    "owner",
    "POST users/sam/activity",
    { servers: { nope: { last_activity: "2026-01-02T03:04:05Z" } } },
    400,
    "No such server 'nope' for user sam",
  ],

  // Changing what rests
  [
    "owner",
    "PATCH users/sam/servers/lab2",
    undefined,
    400,
    "Must specify at least one field to modify.",
  ],
  ["owner", "PATCH users/sam/servers/lab2", { x: 1 }, 400, "Unexpected fields: 'x'"],
  ["owner", "PATCH users/sam/servers/lab2", [], 400, "Body must be a JSON object"],
  ["owner", "PATCH users/sam/servers/third", { name: 5 }, 400, "name must be a string"],
  [
    "owner",
    "PATCH users/sam/servers/third",
    { user_options: [] },
    400,
    "user_options must be a dict",
  ],
  [
    "owner",
    "PATCH users/sam/servers/third",
    { user_options: null },
    400,
    "user_options must be a dict",
  ],
  [
    "owner",
    "PATCH users/sam/servers/lab2",
    { name: "lab3" },
    400,
    "sam:lab2 is active. Please stop it before modifying it.",
  ],
  [
    "owner",
    "PATCH users/sam/servers/nope",
    { name: "x1" },
    404,
    "User sam has no such server 'nope'",
  ],
  [
    "owner",
    "PATCH users/sam/servers/third",
    { name: "lab2" },
    409,
    "User sam already has server 'lab2'",
  ],
  ["owner", "PATCH users/sam/servers/third", { name: "a/b" }, 400, bad("a/b")],
  ["owner", "PATCH users/sam/servers/third", { name: "" }, 409],
  [
    "student",
    "PATCH users/sam/servers/third",
    { name: "drei", display_name: "Three", user_options: { b: 2 } },
    200,
    { name: "drei", display_name: "Three", user_options: { b: 2 }, url: "{B}user/sam/drei/" },
  ],
  ["owner", "GET users/sam/servers/third", undefined, 404, none("third")],
  ["classmate", "PATCH users/sam/servers/drei", { name: "x" }, 404, NO_ACCESS],

  // Stopping and deleting
  ["owner", "DELETE users/sam/servers/nope", undefined, 404, none("nope")],
  ["owner", "DELETE users/sam/servers/nope", { remove: true }, 404, none("nope")],
  ["owner", "DELETE users/sam/server", { remove: true }, 400, "Cannot delete the default server"],
  ["owner", "DELETE users/sam/servers/lab2", { remove: "x" }, 400, "remove must be true or false"],
  ["classmate", "DELETE users/sam/servers/lab2", { remove: true }, 404, NO_ACCESS],
  ["student", "DELETE users/sam/servers/lab2", undefined, 204],
  ["owner", "DELETE users/sam/servers/lab2", undefined, 204],
  [
    "owner",
    "GET users/sam/servers/lab2",
    undefined,
    200,
    { stopped: true, user_options: { a: [1] } },
  ],
  ["owner", "GET users/sam", undefined, 200, { servers: { "": { ready: true } } }],
  ["student", "DELETE users/sam/servers/lab2", { remove: true }, 204],
  ["owner", "GET users/sam/servers/lab2", undefined, 404, none("lab2")],
  ["owner", `DELETE users/sam/servers/${ete}`, { remove: true }, 204],
  ["owner", "PUT users/sam/servers/lab2", {}, 201, { display_name: "lab2", user_options: {} }],
  ["owner", "DELETE users/sam/server", undefined, 204],

  // The first one under another name
  ["owner", "PATCH users/sam/server", { name: "old" }, 200, { name: "old" }],
  ["owner", "GET users/sam/server", undefined, 200, { name: "", user_options: null }],
  ["owner", "POST users/sam/server", {}, 201],
];

const offered = {
  r: { image: "r-notebook", kind: "jupyter", port: 8888, offered: true, title: "R" },
  hidden: { image: "secret", kind: "jupyter", port: 8888 },
} as const;

/** What a start is asked for, and what the model says of it. */
const options: readonly (readonly [
  what: string,
  json: unknown,
  status: number,
  says: string | object,
  profile?: string,
])[] = [
  ["none", undefined, 201, { user_options: {} }, "default"],
  ["of the body itself", { x: "y" }, 201, { user_options: { x: "y" } }, "default"],
  ["none again: the last ones", {}, 201, { user_options: { x: "y" } }, "default"],
  ["null: the last ones", { user_options: null }, 201, { user_options: { x: "y" } }, "default"],
  [
    "of its own key",
    { user_options: { profile: "r" } },
    201,
    { user_options: { profile: "r" } },
    "r",
  ],
  ["nothing said: the same profile", {}, 201, { user_options: { profile: "r" } }, "r"],
  ["an empty object: none", { user_options: {} }, 201, { user_options: {} }, "default"],
  [
    "the usual profile by its name",
    { profile: "default" },
    201,
    { user_options: { profile: "default" } },
    "default",
  ],
  [
    "a profile that is not on offer",
    { profile: "hidden" },
    400,
    "There is no profile 'hidden' to choose: there are default, r",
  ],
  [
    "what is no profile at all",
    { user_options: { profile: { x: 1 } } },
    400,
    `There is no profile '{"x":1}' to choose: there are default, r`,
  ],
  [
    "a name that every object has",
    { profile: "__proto__" },
    400,
    "There is no profile '__proto__' to choose: there are default, r",
  ],
];

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`named servers in JupyterHub's API at ${basePath}`, () => {
    let rooms: Classrooms;

    before(async () => {
      rooms = await createClassrooms({
        basePath,
        spawner: {
          namedServers: { allow: true, limitPerUser: 3, home: "shared" },
          profiles: offered,
        },
      });
      Object.assign(rooms.engine.options, { profiles: ["default", "r"] });
    });
    after(() => rooms[Symbol.asyncDispose]());

    function ask(who: Part, line: string, json?: unknown): Promise<Answer> {
      const [method = "", path = ""] = line.split(" ");
      const body = json === undefined ? {} : { json };
      return rooms.ask(who, `${basePath}hub/api/${path}`, { method, ...body });
    }

    /** That a start came up is written when it has answered already. */
    async function written(): Promise<void> {
      const servers = () => Array.from(rooms.store.entries("servers"), ([, record]) => record);
      while (servers().some(({ startRequested }) => startRequested !== undefined)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    function assertSays(answer: Answer, status: number, says: Row[4]): void {
      assert.equal(answer.status, status, answer.text.slice(0, 300));
      if (says === undefined) return;
      const expected = typeof says === "string" ? { status, message: says } : says;
      const there = JSON.stringify(expected).replaceAll("{B}", basePath);
      assert.partialDeepStrictEqual(JSON.parse(answer.text), JSON.parse(there));
    }

    it("have JupyterHub's statuses and words, one after the other", async (t) => {
      await rooms.stage();
      for (const [number, [who, line, json, status, says]] of rows.entries()) {
        await t.test(`${number}: ${who} ${line.slice(0, 80)} → ${status}`, async () => {
          await written();
          const before = rooms.digest();
          assertSays(await ask(who, line, json), status, says);
          if (status >= 400)
            assert.equal(rooms.digest(), before, "what is refused changes nothing");
        });
      }
    });

    it("start with the options that are asked for, or the last ones", async (t) => {
      await rooms.stage();
      for (const [what, json, status, says, profile] of options) {
        await t.test(what, async () => {
          assertSays(
            await ask("student", "POST users/sam/server", json),
            status,
            typeof says === "string" ? says : undefined,
          );
          if (status >= 400) return;
          assertSays(await ask("student", "GET users/sam/server"), 200, says);
          const [container] = [...rooms.engine.containers.values()].filter(
            ({ spec }) => spec.userId === rooms.person("student").id,
          );
          assert.equal(container?.spec.profile, profile);
          await ask("student", "DELETE users/sam/server");
        });
      }
    });

    it("are shown to a token for one of them alone", async () => {
      await rooms.stage();
      await ask("owner", "PUT users/sam/servers/lab2", {});
      const { id } = rooms.person("student");
      const scopes = ["read:users:name", `servers!server=${id}/lab2`];
      const by = (method: string, path: string) =>
        rooms.askByToken("owner", `${basePath}hub/api/${path}`, { method }, scopes);
      assertSays(await by("POST", "users/sam/servers/lab2"), 201, undefined);
      assertSays(await by("POST", "users/sam/server"), 404, NO_ACCESS);
      assertSays(await by("POST", "users/sam/servers/other"), 404, NO_ACCESS);
      const { servers } = JSON.parse(
        (await by("GET", "users/sam?include_stopped_servers")).text,
      ) as { servers: object };
      assert.deepEqual(Object.keys(servers), ["lab2"]);
      assertSays(await by("DELETE", "users/sam/servers/lab2"), 204, undefined);
    });

    it("end in an event stream that says where they are", async () => {
      await rooms.stage();
      await ask("student", `POST users/sam/servers/${ete}`);
      const stream = await ask("student", `GET users/sam/servers/${ete}/progress`);
      const url = `${basePath}user/sam/${ete}/`;
      assert.match(stream.text, new RegExp(`"ready":true.*"url":"${url}"`));
    });

    it("are called off, stopped and deleted while they start or stop", async () => {
      for (const point of ["network", "answering"] as const) {
        await rooms.stage();
        const held = rooms.engine.hold(point);
        const starting = ask("student", "POST users/sam/servers/lab2", {});
        await held.reached;
        assertSays(await ask("owner", "POST users/sam/servers/lab2", {}), 202, undefined);
        assertSays(await ask("owner", "GET users/sam/servers/lab2"), 200, { pending: "spawn" });
        const deleting = ask("owner", "DELETE users/sam/servers/lab2", { remove: true });
        assertSays(await starting, 409, "Spawn cancelled");
        held.release();
        assertSays(await deleting, 204, undefined);
        assertSays(await ask("owner", "GET users/sam/servers/lab2"), 404, none("lab2"));
        const { id } = rooms.person("student");
        const left = [...rooms.engine.containers.values()].some(({ spec }) => spec.userId === id);
        assert.ok(!left, "nothing of it is left in the engine");
      }
      await rooms.stage();
      await ask("student", "POST users/sam/servers/lab2", {});
      const held = rooms.engine.hold("stop");
      const stopping = ask("student", "DELETE users/sam/servers/lab2");
      await held.reached;
      assertSays(
        await ask("student", "POST users/sam/servers/lab2", {}),
        400,
        "sam:lab2 is pending stop",
      );
      const deleting = ask("student", "DELETE users/sam/servers/lab2", { remove: true });
      await new Promise((resolve) => setTimeout(resolve, 50));
      assertSays(await ask("student", "GET users/sam/servers/lab2"), 200, { pending: "stop" });
      assertSays(await ask("student", "PUT users/sam/servers/lab2", {}), 409, undefined);
      held.release();
      assert.equal((await stopping).status, 204);
      assertSays(await deleting, 204, undefined);
      assertSays(await ask("student", "GET users/sam/servers/lab2"), 404, none("lab2"));
    });

    it("are one when two ask for it at once, and no more than there may be", async () => {
      await rooms.stage();
      const starts = rooms.engine.starts.length;
      const held = rooms.engine.hold("network");
      const asked = [1, 2].map(() => ask("student", "POST users/sam/servers/lab2", {}));
      await held.reached;
      // The second is as far as the first by then.
      for (let turns = 0; turns < 100; turns += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      held.release();
      const twice = await Promise.all(asked);
      assert.deepEqual(
        twice.map(({ status }) => status >= 201 && status <= 202),
        [true, true],
      );
      assert.equal(rooms.engine.starts.length, starts + 1);
      const many = await Promise.all(
        ["a1", "a2", "a3", "a4"].map((name) => ask("student", `PUT users/sam/servers/${name}`, {})),
      );
      assert.deepEqual(
        many.map(({ status }) => status).toSorted((a, b) => a - b),
        [201, 201, 400, 400],
      );
    });

    it("say why the last start came to nothing", async () => {
      await rooms.stage();
      rooms.engine.failAt("start", new HubError("image_missing", { image: "r" }));
      const failed = await ask("student", "POST users/sam/servers/lab2", {});
      assert.equal(failed.status, 503);
      assertSays(await ask("student", "GET users/sam/servers/lab2"), 200, {
        last_failure: { code: "image_missing" },
      });
      assertSays(await ask("student", "GET users/sam/server"), 200, { last_failure: null });
    });

    it("go with their person: deleted, or in the trash", async () => {
      await rooms.stage();
      await ask("student", "POST users/sam/server", {});
      await ask("student", "POST users/sam/servers/lab2", {});
      const { id } = rooms.person("student");
      const running = () =>
        [...rooms.engine.containers.values()].filter(
          ({ spec, state }) => spec.userId === id && state === "running",
        );
      assert.equal(running().length, 2);
      assertSays(await ask("owner", "DELETE users/sam"), 204, undefined);
      assert.equal(running().length, 0);
    });
  });
}
