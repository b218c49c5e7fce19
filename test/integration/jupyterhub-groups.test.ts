/** Groups, proxy, services, metrics and what became of old addresses, as clients of JupyterHub know them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import { FakeEngine } from "#test/support/fake-engine.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import { type Answer, type AskOptions, HttpClient } from "#test/support/http-client.ts";
import { type TestHub, addPerson, createTestHub, signInFirst } from "#test/support/test-hub.ts";

type Who = "owner" | "teacher" | "student" | "console" | "nobody";
type Row = readonly [
  who: Who,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body: unknown,
  status: number,
  /** The message of a failure; or keys and values that the answer has among others. */
  expected?: string | object,
];

const lacks = (scope: string): string =>
  `Action is not authorized with current scopes; requires any of [${scope}]`;
const CREDENTIALS = "Missing or invalid credentials.";
const group = (name: string, users: readonly string[] = [], properties = {}) => ({
  kind: "group",
  name,
  roles: [],
  users,
  properties,
});
const NAME_WRONG =
  "A class needs a name of 1 to 100 visible characters, without backslashes and invisible ones.";

/** One after the other: each finds what the ones before it left. */
const rows: readonly Row[] = [
  // Who may at all
  ["nobody", "GET", "groups", undefined, 403, CREDENTIALS],
  ["nobody", "POST", "groups", { groups: ["x"] }, 403],
  ["nobody", "GET", "groups/Class", undefined, 403, CREDENTIALS],
  ["student", "GET", "groups", undefined, 403, lacks("list:groups")],
  [
    "student",
    "GET",
    "groups/Class",
    undefined,
    403,
    lacks("read:groups, read:groups:name, read:roles:groups"),
  ],
  [
    "student",
    "GET",
    "services/x",
    undefined,
    403,
    lacks("read:services, read:services:name, read:roles:services"),
  ],
  ["student", "POST", "groups/x", {}, 403, lacks("admin:groups")],
  ["student", "POST", "groups/Class/users", { users: ["sam"] }, 403, lacks("groups")],
  ["teacher", "POST", "groups", { groups: ["x"] }, 403, lacks("admin:groups")],
  ["teacher", "POST", "groups/x", {}, 403, lacks("admin:groups")],
  ["teacher", "DELETE", "groups/Class", undefined, 403, lacks("delete:groups")],

  // Making
  ["owner", "GET", "groups", undefined, 200, [group("Class", ["tess", "sam", "kim"])]],
  ["owner", "POST", "groups", undefined, 400, "Must specify at least one group to create"],
  ["owner", "POST", "groups", { groups: [] }, 400, "Must specify at least one group to create"],
  ["owner", "POST", "groups", [1], 400, "Must specify at least one group to create"],
  ["owner", "POST", "groups", { groups: [7] }, 400, "group names must be str, not <class 'int'>"],
  ["owner", "POST", "groups", { groups: ["a"], x: 1 }, 400, "Invalid JSON keys: {'x': 1}"],
  ["owner", "POST", "groups", { groups: ["a"], users: ["zz"] }, 400, "No such user: zz"],
  ["owner", "POST", "groups", { groups: ["a", "\u202e"] }, 400, NAME_WRONG],
  [
    "owner",
    "POST",
    "groups",
    { groups: ["7a", "7b"], users: ["Sam"] },
    201,
    [group("7a", ["sam"]), group("7b", ["sam"])],
  ],
  ["owner", "POST", "groups", { groups: ["new", "7A"] }, 409, "Group 7A already exists"],
  ["owner", "GET", "groups/new", undefined, 404, "No such group: new"],
  ["owner", "POST", "groups/7a", {}, 409, "Group 7a already exists"],
  ["owner", "POST", "groups/g1", { users: ["zz"] }, 400, "No such user: zz"],
  [
    "owner",
    "POST",
    "groups/g1",
    { users: "sam" },
    400,
    "group.users must be <class 'list'>, not: <class 'str'>",
  ],
  ["owner", "POST", "groups/g1", [1], 400, "Invalid JSON data: [1]"],
  ["owner", "POST", "groups/g1", undefined, 201, group("g1")],
  ["owner", "GET", "groups/G1", undefined, 200, group("g1")],
  ["owner", "POST", "groups/%20", {}, 400, NAME_WRONG],
  ["owner", "POST", "groups/year%2F7%20%C3%A9!x=y", {}, 201, group("year/7 é!x=y")],
  [
    "owner",
    "POST",
    "groups/year%2F7%20%C3%A9!x=y/users",
    { users: ["kim"] },
    200,
    group("year/7 é!x=y", ["kim"]),
  ],
  ["owner", "DELETE", "groups/year%2F7%20%C3%A9!x=y", undefined, 204],
  ["owner", "PUT", "groups/g1", {}, 405, "Method Not Allowed"],

  // Members
  ["owner", "POST", "groups/g1/users", { users: ["sam", "KIM"] }, 200, group("g1", ["sam", "kim"])],
  ["owner", "POST", "groups/g1/users", { users: ["sam"] }, 200, group("g1", ["sam", "kim"])],
  ["owner", "POST", "groups/g1/users", { users: ["ada"] }, 200, group("g1", ["sam", "kim"])],
  ["owner", "POST", "groups/g1/users", {}, 400, "Must specify users to add"],
  ["owner", "POST", "groups/g1/users", undefined, 400, "Invalid JSON data: None"],
  ["owner", "POST", "groups/g1/users", { users: ["zz"] }, 400, "No such user: zz"],
  [
    "owner",
    "POST",
    "groups/g1/users",
    { users: [null] },
    400,
    "usernames must be str, not <class 'NoneType'>",
  ],
  ["owner", "POST", "groups/zz/users", { users: ["sam"] }, 404, "No such group: zz"],
  ["owner", "DELETE", "groups/g1/users", {}, 400, "Must specify users to delete"],
  ["owner", "DELETE", "groups/g1/users", { users: ["kim"] }, 200, group("g1", ["sam"])],
  ["owner", "DELETE", "groups/g1/users", { users: ["kim"] }, 200, group("g1", ["sam"])],
  [
    "owner",
    "DELETE",
    "groups/Class/users",
    { users: ["kim"] },
    409,
    "kim is only in the class “Class”. Add them to another class first.",
  ],
  ["owner", "GET", "groups/g1/users", undefined, 405, "Method Not Allowed"],
  ["console", "POST", "groups/g1/users", { users: ["kim"] }, 200, group("g1", ["sam", "kim"])],
  ["owner", "GET", "users/sam", undefined, 200, { groups: ["Class", "7a", "7b", "g1"] }],

  // Properties
  [
    "owner",
    "PUT",
    "groups/g1/properties",
    { room: 12, tags: ["a"] },
    200,
    group("g1", ["sam", "kim"], { room: 12, tags: ["a"] }),
  ],
  [
    "owner",
    "PUT",
    "groups/g1/properties",
    { room: 13 },
    200,
    group("g1", ["sam", "kim"], { room: 13 }),
  ],
  ["owner", "PUT", "groups/g1/properties", [1], 400, "Must specify properties"],
  ["owner", "PUT", "groups/g1/properties", undefined, 400, "Must specify properties"],
  [
    "owner",
    "PUT",
    "groups/g1/properties",
    { a: "x".repeat(70_000) },
    400,
    "properties may have at most 64 KB",
  ],
  ["owner", "PUT", "groups/zz/properties", {}, 404, "No such group: zz"],

  // A teacher's own class, and another
  ["teacher", "GET", "groups", undefined, 200, [group("Class", ["tess", "sam", "kim"])]],
  ["teacher", "GET", "groups/g1", undefined, 404, "No such group: g1"],
  ["teacher", "DELETE", "groups/g1/users", { users: ["sam"] }, 404, "No such group: g1"],
  ["owner", "POST", "groups/g1/users", { users: ["tess"] }, 200],
  ["teacher", "POST", "groups/g1/users", { users: ["ada"] }, 400, "No such user: ada"],
  [
    "teacher",
    "DELETE",
    "groups/g1/users",
    { users: ["kim"] },
    200,
    group("g1", ["tess", "sam"], { room: 13 }),
  ],
  ["teacher", "DELETE", "groups/g1/users", { users: ["tess"] }, 403, "Forbidden"],
  ["teacher", "PUT", "groups/g1/properties", {}, 200, group("g1", ["tess", "sam"])],
  ["teacher", "DELETE", "groups/g1", undefined, 403, lacks("delete:groups")],

  // Deleting
  [
    "owner",
    "DELETE",
    "groups/Class",
    undefined,
    409,
    "New accounts join the class “Class”, so it cannot be deleted.",
  ],
  ["owner", "DELETE", "groups/zz", undefined, 404, "No such group: zz"],
  ["owner", "DELETE", "groups/g1", undefined, 204],
  ["owner", "DELETE", "groups/g1", undefined, 404, "No such group: g1"],

  // Proxy
  ["nobody", "GET", "proxy", undefined, 403, CREDENTIALS],
  ["teacher", "GET", "proxy", undefined, 403, lacks("proxy")],
  ["owner", "POST", "proxy", undefined, 200],
  ["owner", "PATCH", "proxy", undefined, 400, "need JSON body"],
  ["owner", "PATCH", "proxy", [1], 400, "Request body must be JSON dict"],
  [
    "owner",
    "PATCH",
    "proxy",
    { api_url: "http://10.0.0.1:8001" },
    400,
    "The proxy is a part of this hub and cannot be replaced",
  ],
  ["owner", "PATCH", "proxy", {}, 200],
  ["owner", "DELETE", "proxy", undefined, 405],

  // Services
  ["nobody", "GET", "services", undefined, 403, CREDENTIALS],
  ["student", "GET", "services", undefined, 403, lacks("list:services")],
  ["owner", "GET", "services", undefined, 200, {}],
  ["owner", "GET", "services/x", undefined, 404, "No such service: x"],
  ["owner", "GET", "services/constructor", undefined, 404, "No such service: constructor"],
  ["owner", "POST", "services/x", {}, 405],

  // Shutting down: this hub has nobody who could end it
  ["nobody", "POST", "shutdown", {}, 403],
  ["teacher", "POST", "shutdown", {}, 403, lacks("shutdown")],
  ["owner", "POST", "shutdown", { proxy: "x" }, 400, "proxy must be true or false, got 'x'"],
  ["owner", "POST", "shutdown", { servers: null }, 400, "servers must be true or false, got None"],
  ["owner", "POST", "shutdown", [1], 400, "Invalid JSON data: [1]"],
  ["owner", "POST", "shutdown", {}, 409],

  // What there was before 2.0
  [
    "nobody",
    "POST",
    "authorizations/token",
    {},
    404,
    "Deprecated endpoint /hub/api/authorizations/token is removed in JupyterHub 2.0. Use /hub/api/users/:user/tokens instead.",
  ],
  // By tokens: jupyterhub-authorizations.test.ts
  ["owner", "GET", "authorizations/token/abc", undefined, 403, "Forbidden"],
  ["nobody", "GET", "authorizations/token/abc", undefined, 403],

  // Figures
  ["nobody", "GET", "metrics", undefined, 403, CREDENTIALS],
  ["student", "GET", "metrics", undefined, 403, lacks("read:metrics")],
  ["teacher", "GET", "metrics", undefined, 403, lacks("read:metrics")],
  ["owner", "GET", "metrics", undefined, 200],
  ["console", "GET", "metrics", undefined, 200],
];

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`JupyterHub's API below ${basePath}`, () => {
    const api = `${basePath}hub/api/`;
    let box: TestHub;
    let clients: Record<Who, HttpClient>;

    before(async () => {
      const spawner = { spawner: new FakeSpawner(new FakeEngine()), homes: new FakeHomes() };
      box = await createTestHub({
        config: { basePath, services: { grader: { scopes: ["list:users"] } } },
        overrides: { store: createMemoryStore(), spawner },
      });
      const owner = await box.setUp();
      const join = async (name: string, role: string): Promise<HttpClient> => {
        const first = await addPerson(owner, basePath, { displayName: name, username: name, role });
        const client = box.client();
        await signInFirst(client, basePath, name, first, `${name} has some words`);
        return client;
      };
      const teacher = await join("tess", "teacher");
      const student = await join("sam", "student");
      await join("kim", "student");
      const socketPath = consolePath();
      clients = {
        owner,
        teacher,
        student,
        console: new HttpClient("http://box", { socketPath }),
        nobody: box.client(),
      };
    });
    after(() => box[Symbol.asyncDispose]());

    function consolePath(): string {
      return join(box.dataDir, "control.sock");
    }

    function ask(who: Who, path: string, options: AskOptions = {}): Promise<Answer> {
      const client = clients[who];
      const xsrf = client.cookie("_xsrf", path);
      const headers = {
        ...(xsrf === undefined ? {} : { "x-xsrftoken": xsrf }),
        ...options.headers,
      };
      return client.ask(path, { ...options, headers });
    }

    it("answers each call with the status and the words that clients know", async () => {
      for (const [who, method, path, json, status, expected] of rows) {
        const about = `${who} ${method} ${path} ${JSON.stringify(json)?.slice(0, 60)}`;
        const options = json === undefined ? { method } : { method, json };
        const answer = await ask(who, api + path, options);
        assert.equal(answer.status, status, `${about}: ${answer.text}`);
        if (typeof expected === "string") {
          const failure = JSON.parse(answer.text) as { status: number; message: string };
          assert.deepEqual([failure.status, failure.message], [status, expected], about);
        } else if (expected !== undefined) {
          assert.partialDeepStrictEqual(JSON.parse(answer.text), expected, about);
        }
        if (status === 204) assert.equal(answer.text, "", about);
      }
    });

    it("gives lists of groups in pages", async () => {
      const names = Array.from({ length: 250 }, (_, index) => `page ${index}`);
      const made = await ask("owner", `${api}groups`, { method: "POST", json: { groups: names } });
      assert.equal(made.status, 201, made.text);
      const bare = JSON.parse((await ask("owner", `${api}groups`)).text) as unknown[];
      assert.equal(bare.length, 200);
      const headers = { accept: "application/jupyterhub-pagination+json" };
      let next: string | undefined = `${api}groups?limit=100&keep=1`;
      const seen: string[] = [];
      while (next !== undefined) {
        const { text } = await ask("owner", next, { headers });
        const page = JSON.parse(text) as {
          items: { name: string }[];
          _pagination: { total: number; next: { url: string } | null };
        };
        seen.push(...page.items.map(({ name }) => name));
        const url: string | undefined = page._pagination.next?.url;
        if (url !== undefined) assert.ok(url.startsWith(`${box.origin}${api}groups?`), url);
        if (url !== undefined) assert.equal(new URL(url).searchParams.get("keep"), "1");
        next = url?.slice(box.origin.length);
      }
      assert.deepEqual(seen.slice(-250), names);
      assert.equal((await ask("owner", `${api}groups?limit=x`)).status, 400);
    });

    it("shows a new class wherever people see classes", async () => {
      await ask("owner", `${api}groups/Robotics`, { method: "POST", json: { users: ["kim"] } });
      for (const page of ["admin/people", "admin/people/kim", "admin/sign-up"]) {
        const { text, status } = await ask("owner", `${basePath}hub/${page}`);
        assert.equal(status, 200);
        assert.match(text, /Robotics/, page);
      }
    });

    it("has the routes of running notebooks, as a proxy would tell them", async () => {
      const started = await ask("owner", `${api}users/sam/server`, { method: "POST" });
      assert.equal(started.status, 201, started.text);
      // Of this server alone, and later than anything that its person does here.
      const time = `${new Date(Date.now() + 600_000).toISOString().slice(0, -1)}000Z`;
      const told = { servers: { "": { last_activity: time } } };
      await ask("owner", `${api}users/sam/activity`, { method: "POST", json: told });
      const { text } = await ask("owner", `${api}proxy`);
      const routes = JSON.parse(text) as Record<string, { target: string; data: object }>;
      assert.deepEqual(Object.keys(routes), [basePath, `${basePath}user/sam/`]);
      assert.partialDeepStrictEqual(routes[basePath], {
        routespec: basePath,
        target: box.origin,
        data: { hub: true },
      });
      const route = routes[`${basePath}user/sam/`];
      assert.partialDeepStrictEqual(route, {
        routespec: `${basePath}user/sam/`,
        data: { user: "sam", server_name: "", last_activity: time },
      });
      assert.match(route?.target ?? "", /^http:\/\/[^/]+:\d+$/);
      const headers = { accept: "application/jupyterhub-pagination+json" };
      const paged = await ask("owner", `${api}proxy?limit=1`, { headers });
      const page = JSON.parse(paged.text) as { items: object; _pagination: { total: number } };
      assert.deepEqual([Object.keys(page.items), page._pagination.total], [[basePath], 2]);
    });

    async function tokenWith(scopes: readonly string[]): Promise<AskOptions> {
      const json = { note: "a program", scopes };
      const made = await ask("owner", `${api}users/ada/tokens`, { method: "POST", json });
      assert.equal(made.status, 201, made.text);
      const { token } = JSON.parse(made.text) as { token: string };
      return { headers: { authorization: `token ${token}` } };
    }

    it("keeps a token to the groups that its scopes name", async () => {
      const json = { groups: ["t1", "t2"] };
      assert.equal((await ask("owner", `${api}groups`, { method: "POST", json })).status, 201);
      const token = await tokenWith(["groups!group=t1"]);
      const program = (method: string, path: string, body?: unknown): Promise<Answer> =>
        ask("nobody", api + path, {
          ...token,
          method,
          ...(body === undefined ? {} : { json: body }),
        });
      assert.deepEqual(JSON.parse((await program("GET", "groups")).text), [group("t1")]);
      const users = { users: ["sam"] };
      const added = await program("POST", "groups/t1/users", users);
      assert.deepEqual([added.status, JSON.parse(added.text)], [200, group("t1", ["sam"])]);
      for (const [method, path, status] of [
        ["POST", "groups/t2/users", 404],
        ["DELETE", "groups/t2/users", 404],
        ["GET", "groups/t2", 404],
        ["PUT", "groups/t2/properties", 404],
        ["POST", "groups/t3", 403],
        ["DELETE", "groups/t1", 403],
        ["GET", "proxy", 403],
        ["POST", "shutdown", 403],
        ["GET", "metrics", 403],
      ] as const) {
        const answer = await program(method, path, method === "GET" ? undefined : users);
        assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      }
      assert.deepEqual(JSON.parse((await program("GET", "groups/t1")).text), group("t1", ["sam"]));
      const narrow = await tokenWith(["list:groups"]);
      const listed = await ask("nobody", `${api}groups?limit=1`, narrow);
      assert.deepEqual(JSON.parse(listed.text), [{ kind: "group", name: "Class" }]);
    });

    it("lets a token for one group draw nobody into it, to rule them there", async () => {
      const json = { groups: ["u1"] };
      assert.equal((await ask("owner", `${api}groups`, { method: "POST", json })).status, 201);
      const add = async (scopes: readonly string[], users: readonly string[]): Promise<Answer> => {
        const options = { ...(await tokenWith(scopes)), method: "POST", json: { users } };
        return ask("nobody", `${api}groups/u1/users`, options);
      };
      for (const power of ["admin:users", "tokens", "servers", "sessions"]) {
        const refused = await add(["groups!group=u1", `${power}!group=u1`], ["kim", "sam"]);
        assert.equal(refused.status, 403, power);
        assert.match(refused.text, new RegExp(`${power}!user=kim`));
      }
      const shown = await ask("owner", `${api}groups/u1`);
      assert.deepEqual(JSON.parse(shown.text), group("u1"), "all or nothing");
      const reader = ["groups!group=u1", "read:users!group=u1", "list:users!group=u1"];
      assert.equal((await add(reader, ["sam", "ada"])).status, 200);
      const own = ["groups!group=u1", "servers!group=u1", "servers!user=kim"];
      assert.equal((await add(own, ["sam", "ada", "kim"])).status, 200, "they are ruled already");
      const rest = await tokenWith(["delete:groups"]);
      assert.equal(
        (await ask("nobody", `${api}groups/u1`, { ...rest, method: "DELETE" })).status,
        204,
      );
    });

    it("says of a teacher what is true of groups", async () => {
      const { scopes } = JSON.parse((await ask("teacher", `${api}user`)).text) as {
        scopes: string[];
      };
      assert.deepEqual(
        scopes.filter((scope) => scope.includes("groups") && scope.endsWith("!group=Class")),
        [
          "groups!group=Class",
          "groups:shares!group=Class",
          "list:groups!group=Class",
          "read:groups!group=Class",
          "read:groups:name!group=Class",
          "read:groups:shares!group=Class",
          "read:users:groups!group=Class",
          "sign-up:groups!group=Class",
        ],
      );
      assert.ok(!scopes.some((scope) => /^(?:admin|delete):groups/.test(scope)));
    });

    it("gives figures to a program that has read:metrics, at both addresses", async () => {
      const token = await tokenWith(["read:metrics"]);
      for (const path of [`${api}metrics`, `${basePath}hub/metrics`]) {
        const answer = await ask("nobody", path, token);
        assert.equal(answer.status, 200, path);
        assert.match(answer.text, /^jupyterhub_total_users \d+$/m);
      }
      assert.equal((await ask("nobody", `${api}groups`, token)).status, 403);
    });

    it("knows the services of the configuration", async () => {
      const all = JSON.parse((await ask("owner", `${api}services`)).text) as object;
      assert.deepEqual(Object.keys(all), ["grader"]);
      const one = await ask("owner", `${api}services/grader`);
      assert.partialDeepStrictEqual(JSON.parse(one.text), {
        kind: "service",
        name: "grader",
        admin: false,
      });
      assert.deepEqual(Object.keys(JSON.parse(one.text) as object).length, 10);
      // The name alone is less than all that there is to read.
      const name = { kind: "service", name: "grader", admin: false };
      const naming = await tokenWith(["list:services"]);
      const listed = await ask("nobody", `${api}services`, naming);
      assert.deepEqual(JSON.parse(listed.text), { grader: name });
      const named = await ask("nobody", `${api}services/grader`, naming);
      assert.deepEqual(JSON.parse(named.text), name);
      const narrow = await tokenWith(["list:services!service=other"]);
      assert.deepEqual(JSON.parse((await ask("nobody", `${api}services`, narrow)).text), {});
    });

    it("answers nonsense with a failure of the one who asks, never of its own", async () => {
      const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
      const bodies = [
        "null",
        "0",
        '"x"',
        "{",
        "[[]]",
        deep,
        `{"users":${deep}}`,
        `{"a":${deep}}`,
        '{"__proto__":{"users":["sam"]}}',
        '{"groups":{"length":1},"users":{"0":"sam"}}',
        '{"groups":["\\ud800"],"users":["\\u0000"]}',
        '{"proxy":{},"servers":[]}',
        '{"users":[{"name":"sam"}]}',
      ];
      const paths = [
        "groups",
        "groups/Class",
        "groups/nonsense/users",
        "groups/Class/users",
        "groups/Class/properties",
        "groups/%F0%9F%92%A9%00",
        "proxy",
        "services",
        "services/__proto__",
        "shutdown",
        "authorizations/token",
        "metrics",
      ];
      for (const path of paths) {
        for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
          for (const body of bodies) {
            const headers = { "content-type": "application/json", "content-length": "" };
            headers["content-length"] = String(Buffer.byteLength(body));
            const answer = await ask("owner", api + path, { method, body, headers });
            // This hub has nobody who could end it.
            const about = `${method} ${path} ${body.slice(0, 40)}: ${answer.text.slice(0, 200)}`;
            assert.ok(answer.status < 500, about);
          }
        }
      }
      const { text } = await ask("owner", `${api}groups/Class`);
      assert.ok((JSON.parse(text) as { users: string[] }).users.includes("sam"));
    });

    it("gives figures without a name of anybody in them", async () => {
      await ask("owner", `${api}groups/Secret%20class`);
      await ask("owner", `${api}users/sam`);
      const { text, status, headers } = await ask("owner", `${basePath}hub/metrics`);
      assert.equal(status, 200);
      assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
      const line =
        /^(?:# (?:HELP [a-z_]+ .+|TYPE [a-z_]+ (?:counter|gauge|histogram))|[a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (?:\d+(?:\.\d+)?(?:e[+-]?\d+)?))$/;
      for (const each of text.trimEnd().split("\n")) assert.match(each, line);
      assert.match(text, /^jupyterhub_running_servers 1$/m);
      assert.match(text, /^jupyterhub_total_users 4$/m);
      assert.match(text, /^jupyterhub_active_users\{period="24h"\} [1-4]$/m);
      assert.match(
        text,
        /^jupyterhub_server_spawn_duration_seconds_count\{status="success",reason=""\} 1$/m,
      );
      assert.match(text, /^homeroom_start_step_seconds_count\{step="answering"\} 1$/m);
      assert.match(
        text,
        /^jupyterhub_request_duration_seconds_count\{method="GET",handler="hub\/api\/users\/:name",code="200"\} [1-9]/m,
      );
      assert.doesNotMatch(text, /\bsam\b|\btess\b|\bada\b|Secret|Robotics/);
      assert.equal((await clients.nobody.get(`${basePath}hub/metrics`)).status, 403);
    });
  });
}
