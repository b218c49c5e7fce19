/**
 * JupyterHub's API as its clients know it (users, servers, activity, info): every method, path and documented
 * status, below two base paths, with a session and with a token. Fake engine, real LevelDB.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Classrooms, type Part, createClassrooms } from "#test/support/classrooms.ts";
import type { Answer, AskOptions } from "#test/support/http-client.ts";
import { fc } from "#test/support/property.ts";

/** What Sam's server does when the question comes. */
type Given = "running" | "starting" | "failed";

interface Row {
  /** `POST users/sam`: below `{H}api/`. */
  readonly ask: string;
  readonly as?: Part | "anonymous";
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly given?: Given;
  readonly status: number;
  /** The whole message, or the parts of the body that the test is about. */
  readonly says?: string | Readonly<Record<string, unknown>> | readonly unknown[];
}

const future = "2999-01-01T00:00:00.123456Z";
const names = (...users: readonly string[]) => users.map((name) => ({ name }));
const everyone = ["sam", "alex", "finn", "tess", "toni", "fred", "olga", "owen"];
/** To whoever may do it to some people alone, whether there is such a person or not. */
const noAccess = "No access to resources or resources not found";
const badJson = "Invalid JSON in body of request";
const pages = { accept: "application/jupyterhub-pagination+json" };
const notIntegers = "Invalid argument type, offset and limit must be integers";
const lacks = (scope: string) =>
  `Action is not authorized with current scopes; requires any of [${scope}]`;

/** Who asks is the owner unless said; what stands alone is a GET. */
const rows: readonly Row[] = [
  // The hub
  { ask: "GET ", as: "anonymous", status: 200, says: { version: "5.4.0+homeroom.0.1" } },
  { ask: "GET info", status: 200, says: { spawner: { class: "homeroom.spawners.docker" } } },
  { ask: "GET info", as: "student", status: 403, says: lacks("read:hub") },
  { ask: "GET info", as: "teacher", status: 403, says: lacks("read:hub") },
  { ask: "GET info", as: "anonymous", status: 403, says: "Missing or invalid credentials." },
  { ask: "POST info", status: 405, says: "Method Not Allowed" },
  { ask: "GET nope", status: 404, says: "Not Found" },
  { ask: "GET nope", as: "anonymous", status: 404, says: "Not Found" },
  { ask: "PUT user", status: 405, says: "Method Not Allowed" },
  { ask: "OPTIONS users", as: "anonymous", status: 200 },
  { ask: "OPTIONS users/sam/server", as: "anonymous", status: 200 },
  { ask: "HEAD users", status: 200 },
  { ask: "GET user", as: "anonymous", status: 403, says: "Forbidden" },
  {
    ask: "GET user",
    as: "student",
    status: 200,
    says: { kind: "user", name: "sam", admin: false, groups: ["Class"], server: null, servers: {} },
  },
  { ask: "GET user", status: 200, says: { name: "olga", admin: true, roles: ["admin", "user"] } },

  // The list
  { ask: "GET users", status: 200, says: names(...everyone) },
  { ask: "GET users", as: "anonymous", status: 403, says: "Missing or invalid credentials." },
  { ask: "GET users", as: "student", status: 403, says: lacks("list:users") },
  { ask: "GET users", as: "teacher", status: 200, says: names("sam", "alex", "tess", "toni") },
  { ask: "GET users", as: "farTeacher", status: 200, says: names("finn", "fred") },
  { ask: "GET users?limit=2", status: 200, says: names("sam", "alex") },
  { ask: "GET users?limit=2&offset=1", status: 200, says: names("alex", "finn") },
  { ask: "GET users?limit=0", status: 200, says: names("sam") },
  { ask: "GET users?limit=-2&offset=-1", status: 200, says: names("alex", "finn") },
  { ask: `GET users?limit=${"9".repeat(400)}`, status: 200, says: names(...everyone) },
  { ask: `GET users?offset=${"9".repeat(400)}`, status: 200, says: [] },
  { ask: "GET users?offset=8", status: 200, says: [] },
  { ask: "GET users?limit=many", status: 400, says: notIntegers },
  { ask: "GET users?offset=1.5", status: 400, says: notIntegers },
  { ask: "GET users?offset=0x1", status: 400, says: notIntegers },
  { ask: "GET users?limit=", status: 400, says: notIntegers },
  { ask: "GET users?offset=1e3", status: 400, says: notIntegers },
  { ask: "GET users?sort=name", status: 200, says: names(...everyone.toSorted()) },
  { ask: "GET users?sort=-id", status: 200, says: names(...everyone.toReversed()) },
  { ask: "GET users?sort=last_activity&limit=1", status: 200, says: names("sam") },
  {
    ask: "GET users?sort=bad",
    status: 400,
    says: "sort must be 'id', 'name', or 'last_activity', not 'bad'",
  },
  {
    ask: "GET users?sort=-constructor",
    status: 400,
    says: "sort must be 'id', 'name', or 'last_activity', not '-constructor'",
  },
  { ask: "GET users?state=bogus", status: 400, says: "Unrecognized state filter: 'bogus'" },
  { ask: "GET users?state=it's", status: 400, says: `Unrecognized state filter: "it's"` },
  { ask: "GET users?state=active", status: 200, says: [] },
  { ask: "GET users?state=active", given: "running", status: 200, says: names("sam") },
  { ask: "GET users?state=active", given: "starting", status: 200, says: names("sam") },
  { ask: "GET users?state=ready", given: "running", status: 200, says: names("sam") },
  { ask: "GET users?state=ready", given: "starting", status: 200, says: [] },
  {
    ask: "GET users?state=inactive",
    given: "running",
    status: 200,
    says: names(...everyone.slice(1)),
  },
  { ask: "GET users?state=inactive&name_filter=SA", status: 200, says: names("sam") },
  {
    ask: "GET users?name_filter=e&sort=name",
    status: 200,
    says: names("alex", "fred", "owen", "tess"),
  },
  {
    ask: "GET users?name_filter=sam&include_stopped_servers",
    status: 200,
    says: [{ servers: { "": { ready: false, stopped: true, started: null } } }],
  },
  {
    ask: "GET users?name_filter=sam&include_stopped_servers=0",
    status: 200,
    says: [{ servers: {} }],
  },
  {
    ask: "GET users",
    headers: pages,
    status: 200,
    says: { _pagination: { offset: 0, limit: 50, total: 8, next: null } },
  },
  {
    ask: "GET users?limit=999",
    headers: pages,
    status: 200,
    says: { _pagination: { limit: 200 } },
  },
  { ask: "GET users?limit=x", headers: pages, status: 400, says: notIntegers },
  { ask: "GET users?offset=99", headers: pages, status: 200, says: { items: [] } },
  { ask: "DELETE users", status: 405, says: "Method Not Allowed" },
  { ask: "PUT users", status: 405, says: "Method Not Allowed" },

  // Several at once
  {
    ask: "POST users",
    json: { usernames: ["New1", "new2"] },
    status: 201,
    says: [
      { kind: "user", name: "new1", admin: false, groups: ["Class"], last_activity: null },
      { name: "new2" },
    ],
  },
  {
    ask: "POST users",
    json: { usernames: ["SAM", "new1", "New1 "] },
    status: 201,
    says: names("new1"),
  },
  {
    ask: "POST users",
    json: { usernames: ["new1"], admin: true },
    status: 201,
    says: [{ admin: true }],
  },
  {
    ask: "POST users",
    as: "teacher",
    json: { usernames: ["new1"] },
    status: 201,
    says: names("new1"),
  },
  {
    ask: "POST users",
    as: "teacher",
    json: { usernames: ["new1"], admin: true },
    status: 403,
    says: "Only admins can grant admin permissions",
  },
  {
    ask: "POST users",
    as: "student",
    json: { usernames: ["x"] },
    status: 403,
    says: lacks("admin:users"),
  },
  {
    ask: "POST users",
    json: { usernames: ["sam", "Álex"] },
    status: 409,
    says: "All 2 users already exist",
  },
  {
    ask: "POST users",
    json: { usernames: ["new1", "a b"] },
    status: 400,
    says: "Invalid username: a b",
  },
  {
    ask: "POST users",
    json: { usernames: ["../x", "hub", "new1"] },
    status: 400,
    says: "Invalid usernames: ../x, hub",
  },
  { ask: "POST users", json: { usernames: [5] }, status: 400, says: "Invalid username: 5" },
  {
    ask: "POST users",
    json: { usernames: [null, {}] },
    status: 400,
    says: "Invalid usernames: None, {}",
  },
  ...[
    undefined,
    {},
    { usernames: [] },
    { usernames: "sam" },
    { usernames: null },
    [],
    ["x"],
    null,
    5,
  ].map((json): Row => ({
    ask: "POST users",
    json,
    status: 400,
    says: "Must specify at least one user to create",
  })),
  {
    ask: "POST users",
    json: { usernames: ["x1"], nope: [1, true, null] },
    status: 400,
    says: "Invalid JSON keys: {'nope': [1, True, None]}",
  },
  {
    ask: "POST users",
    json: { usernames: ["x1"], admin: "yes" },
    status: 400,
    says: "user.admin must be <class 'bool'>, not: <class 'str'>",
  },
  {
    ask: "POST users",
    json: { usernames: Array.from({ length: 2001 }, (_, index) => `x${index}`) },
    status: 400,
  },
  { ask: "POST users", body: "{", status: 400, says: badJson },
  { ask: "POST users", body: Buffer.from([0xff, 0xfe, 0x7b]), status: 400, says: badJson },
  { ask: "POST users", body: `{"usernames":${"[".repeat(50_000)}`, status: 400, says: badJson },
  {
    ask: "POST users",
    body: `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
    status: 400,
    says: "Must specify at least one user to create",
  },

  // One
  { ask: "GET users/sam", status: 200, says: { name: "sam", pending: null, auth_state: null } },
  { ask: "GET users/%20S%C3%A1m", status: 200, says: { name: "sam" } },
  { ask: "GET users/sam", as: "student", status: 200, says: { name: "sam", servers: {} } },
  { ask: "GET users/alex", as: "student", status: 404, says: noAccess },
  { ask: "GET users/sam", as: "teacher", status: 200, says: { name: "sam", servers: {} } },
  { ask: "GET users/finn", as: "teacher", status: 404, says: noAccess },
  { ask: "GET users/nobody", status: 404, says: "Not Found" },
  { ask: "GET users/nobody", as: "student", status: 404, says: noAccess },
  { ask: "GET users/alex/tokens", as: "student", status: 404, says: noAccess },
  { ask: "GET users/nobody/tokens", as: "student", status: 404, says: noAccess },
  { ask: "GET users/__proto__", status: 404, says: "Not Found" },
  { ask: `GET users/${"x".repeat(1000)}`, status: 404, says: "Not Found" },
  { ask: "GET users/sam", as: "anonymous", status: 403, says: "Missing or invalid credentials." },
  { ask: "PUT users/sam", status: 405, says: "Method Not Allowed" },
  {
    ask: "GET users/sam",
    given: "running",
    status: 200,
    says: {
      server: "{B}user/sam/",
      pending: null,
      servers: { "": { ready: true, pending: null } },
    },
  },
  {
    ask: "GET users/sam",
    given: "starting",
    status: 200,
    says: { server: null, pending: "spawn", servers: { "": { ready: false, pending: "spawn" } } },
  },
  { ask: "GET users/sam", given: "failed", status: 200, says: { server: null, servers: {} } },
  {
    ask: "GET users/sam?include_stopped_servers=true",
    given: "failed",
    status: 200,
    says: { servers: { "": { stopped: true, last_failure: { code: "image_missing" } } } },
  },
  { ask: "POST users/new1", status: 201, says: { kind: "user", name: "new1", admin: false } },
  { ask: "POST users/U8", status: 201, says: { name: "u8" } },
  { ask: "POST users/new1", json: {}, status: 201, says: { name: "new1" } },
  { ask: "POST users/new1", json: null, status: 201, says: { name: "new1" } },
  { ask: "POST users/new1", json: { admin: true }, status: 201, says: { admin: true } },
  {
    ask: "POST users/new1",
    as: "teacher",
    json: { admin: true },
    status: 403,
    says: "Only admins can grant admin permissions",
  },
  { ask: "POST users/new1", as: "student", status: 403, says: lacks("admin:users") },
  { ask: "POST users/SAM", status: 409, says: "User sam already exists" },
  { ask: "POST users/a%20b", status: 400, says: "Invalid username: a b" },
  { ask: "POST users/api", status: 400, says: "Invalid username: api" },
  { ask: "POST users/new1", json: [1], status: 400, says: "Invalid JSON data: [1]" },
  { ask: "POST users/new1", json: "x", status: 400, says: "Invalid JSON data: 'x'" },
  { ask: "POST users/new1", json: { a: "b" }, status: 400, says: "Invalid JSON keys: {'a': 'b'}" },
  { ask: "POST users/new1", body: "{]", status: 400, says: badJson },
  { ask: "PATCH users/sam", json: { name: "Sammy" }, status: 200, says: { name: "sammy" } },
  { ask: "PATCH users/sam", json: { name: "SAM" }, status: 200, says: { name: "sam" } },
  { ask: "PATCH users/sam", json: { admin: true }, status: 200, says: { admin: true, groups: [] } },
  {
    ask: "PATCH users/owen",
    json: { admin: false },
    status: 200,
    says: { admin: false, roles: ["user"] },
  },
  {
    ask: "PATCH users/tess",
    json: { admin: false },
    status: 200,
    says: { admin: false, roles: ["teacher", "user"] },
  },
  { ask: "PATCH users/sam", as: "teacher", json: { name: "sammy" }, status: 200 },
  {
    ask: "PATCH users/sam",
    as: "teacher",
    json: { admin: true },
    status: 403,
    says: "Only admins can grant admin permissions",
  },
  { ask: "PATCH users/olga", as: "teacher", json: { name: "x1" }, status: 404, says: noAccess },
  {
    ask: "PATCH users/sam",
    as: "student",
    json: { name: "x1" },
    status: 403,
    says: lacks("admin:users"),
  },
  {
    ask: "PATCH users/sam",
    json: { name: "ALEX" },
    status: 400,
    says: "User alex already exists, username must be unique",
  },
  { ask: "PATCH users/sam", json: { name: "a/b" }, status: 400, says: "Invalid username: a/b" },
  {
    ask: "PATCH users/sam",
    json: { name: 5 },
    status: 400,
    says: "user.name must be <class 'str'>, not: <class 'int'>",
  },
  { ask: "PATCH users/sam", json: { x: 1.5 }, status: 400, says: "Invalid JSON keys: {'x': 1.5}" },
  { ask: "PATCH users/sam", status: 400, says: "Invalid JSON data: None" },
  { ask: "PATCH users/sam", json: null, status: 400, says: "Invalid JSON data: None" },
  { ask: "PATCH users/nobody", json: { name: "x1" }, status: 404, says: "Not Found" },
  { ask: "DELETE users/sam", status: 204 },
  { ask: "DELETE users/%20SAM", as: "teacher", status: 204 },
  { ask: "DELETE users/sam", given: "running", status: 204 },
  { ask: "DELETE users/sam", given: "starting", status: 204 },
  { ask: "DELETE users/sam", given: "failed", status: 204 },
  { ask: "DELETE users/olga", status: 400, says: "Cannot delete yourself!" },
  { ask: "DELETE users/nobody", status: 404, says: "Not Found" },
  { ask: "DELETE users/owen", as: "teacher", status: 404, says: noAccess },
  { ask: "DELETE users/finn", as: "teacher", status: 404, says: noAccess },
  { ask: "DELETE users/sam", as: "student", status: 403, says: lacks("delete:users") },

  // Servers
  {
    ask: "GET users/sam/server",
    status: 200,
    says: { name: "", full_name: "sam/", stopped: true, url: "{B}user/sam/", user_options: null },
  },
  {
    ask: "GET users/sam/server",
    given: "running",
    status: 200,
    says: { ready: true, progress_url: "{B}hub/api/users/sam/server/progress", full_url: null },
  },
  { ask: "GET users/sam/servers/", status: 200, says: { name: "", stopped: true } },
  { ask: "GET users/alex/server", as: "student", status: 404, says: noAccess },
  { ask: "GET users/nobody/server", status: 404, says: "Not Found" },
  { ask: "GET users/sam/servers/lab2", status: 404, says: "sam has no server named 'lab2'" },
  { ask: "POST users/sam/server", status: 201 },
  { ask: "POST users/SAM/server", json: {}, status: 201 },
  { ask: "POST users/sam/servers/", json: { image: "x" }, status: 201 },
  { ask: "POST users/sam/server", as: "student", json: null, status: 201 },
  { ask: "POST users/sam/server", as: "teacher", status: 201 },
  { ask: "POST users/sam/server", given: "starting", status: 202 },
  { ask: "POST users/sam/server", given: "failed", status: 201 },
  { ask: "POST users/sam/server", given: "running", status: 400, says: "sam is already running" },
  { ask: "POST users/sam/server", json: [1], status: 400, says: "Body must be a JSON object" },
  { ask: "POST users/sam/server", json: "x", status: 400, says: "Body must be a JSON object" },
  { ask: "POST users/sam/server", body: "{", status: 400, says: badJson },
  { ask: "POST users/sam/server", as: "classmate", status: 404, says: noAccess },
  { ask: "POST users/sam/server", as: "farTeacher", status: 404, says: noAccess },
  { ask: "POST users/nobody/server", status: 404, says: "Not Found" },
  {
    ask: "POST users/sam/server",
    as: "anonymous",
    status: 403,
    says: "Missing or invalid credentials.",
  },
  { ask: "POST users/sam/servers/lab2", status: 400, says: "Named servers are not enabled." },
  {
    ask: "PUT users/sam/servers/lab2",
    json: {},
    status: 400,
    says: "Named servers are not enabled.",
  },
  {
    ask: "PATCH users/sam/servers/lab2",
    json: { name: "lab3" },
    status: 400,
    says: "Named servers are not enabled.",
  },
  {
    ask: "PATCH users/sam/servers/lab2",
    json: { user_options: {} },
    status: 404,
    says: "User sam has no such server 'lab2'",
  },
  {
    ask: "PUT users/sam/server",
    status: 409,
    says: "User sam already has a default server",
  },
  { ask: "DELETE users/sam/server", status: 204 },
  { ask: "DELETE users/sam/server", given: "running", status: 204 },
  { ask: "DELETE users/sam/servers/", given: "running", status: 204 },
  { ask: "DELETE users/sam/server", given: "starting", status: 204 },
  { ask: "DELETE users/sam/server", given: "running", as: "student", status: 204 },
  {
    ask: "DELETE users/sam/server",
    json: { remove: true },
    status: 400,
    says: "Cannot delete the default server",
  },
  { ask: "DELETE users/sam/server", json: { remove: false }, given: "running", status: 204 },
  { ask: "DELETE users/sam/server", json: [], status: 400, says: "Body must be a JSON object" },
  { ask: "DELETE users/nobody/server", status: 404, says: "Not Found" },
  { ask: "DELETE users/sam/server", as: "classmate", status: 404, says: noAccess },
  { ask: "DELETE users/sam/servers/lab2", status: 404, says: "sam has no server named 'lab2'" },
  { ask: "GET users/sam/server/progress", status: 400, says: "sam is not starting..." },
  { ask: "GET users/nobody/server/progress", status: 404, says: "Not Found" },
  { ask: "GET users/sam/server/progress", as: "classmate", status: 404, says: noAccess },
  { ask: "GET users/sam/servers/x/progress", status: 404, says: "sam has no server named 'x'" },
  { ask: "GET users/sam/server/progress", given: "running", status: 200 },
  { ask: "GET users/sam/server/progress", given: "failed", status: 200 },

  // Activity
  { ask: "POST users/sam/activity", json: { last_activity: "2026-01-02T03:04:05Z" }, status: 200 },
  {
    ask: "POST users/sam/activity",
    as: "student",
    json: { last_activity: "2026-01-02" },
    status: 200,
  },
  {
    ask: "POST users/sam/activity",
    given: "running",
    json: { servers: { "": { last_activity: "2026-01-02T03:04:05.678901+02:00" } } },
    status: 200,
  },
  {
    ask: "POST users/sam/activity",
    json: { servers: { "": { last_activity: "2026-01-02T03:04:05Z" } } },
    status: 200,
  },
  {
    ask: "POST users/sam/activity",
    given: "running",
    json: { servers: { x: { last_activity: "2026-01-02T03:04:05Z" } } },
    status: 400,
    says: "No such server 'x' for user sam",
  },
  ...[{}, { last_activity: null }, { servers: {} }].map((json): Row => ({
    ask: "POST users/sam/activity",
    json,
    status: 400,
    says: "body must contain at least one of `last_activity` or `servers`",
  })),
  ...[undefined, [], "x", 5].map((json): Row => ({
    ask: "POST users/sam/activity",
    json,
    status: 400,
    says: "body must be a json dict",
  })),
  ...[["x"], { "": 5 }, { "": {} }].map((servers): Row => ({
    ask: "POST users/sam/activity",
    given: "running",
    json: { servers },
    status: 400,
    says: "servers must be a dict of the form {server_name: {last_activity: timestamp}}",
  })),
  ...(
    [
      ["x", "'x'"],
      [5, "5"],
      ["2026-02-31T00:00:00Z", "'2026-02-31T00:00:00Z'"],
      ["2026-01-01T25:00:00Z", "'2026-01-01T25:00:00Z'"],
      [{ a: 1 }, "{'a': 1}"],
    ] as const
  ).map(([time, shown]): Row => ({
    ask: "POST users/sam/activity",
    json: { last_activity: time },
    status: 400,
    says: `Not a valid timestamp: ${shown}`,
  })),
  {
    ask: "POST users/sam/activity",
    json: { last_activity: future },
    status: 400,
    says: "Rejecting activity from more than an hour in the future: 2999-01-01T00:00:00.123000Z",
  },
  { ask: "POST users/sam/activity", body: "nope", status: 400, says: badJson },
  {
    ask: "POST users/none/activity",
    json: { last_activity: "2026-01-02" },
    status: 404,
    says: "No such user: 'none'",
  },
  { ask: "POST users/sam/activity", as: "classmate", json: {}, status: 404, says: noAccess },
  { ask: "POST users/none/activity", as: "classmate", json: {}, status: 404, says: noAccess },
  { ask: "POST users/none/activity", as: "teacher", json: {}, status: 404, says: noAccess },
  { ask: "GET users/sam/activity", status: 405, says: "Method Not Allowed" },
];

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`JupyterHub's API at ${basePath}`, () => {
    let rooms: Classrooms;
    /** Ends when the start that is held has its answer. */
    let letGo = async (): Promise<void> => {};

    before(async () => {
      rooms = await createClassrooms({ basePath });
    });
    after(async () => {
      await letGo();
      await rooms[Symbol.asyncDispose]();
    });

    async function prepare(given: Given | undefined): Promise<void> {
      await letGo();
      letGo = async () => {};
      await rooms.stage();
      if (given === undefined) return;
      const server = `${basePath}hub/api/users/sam/server`;
      if (given === "failed") {
        const { HubError } = await import("#src/errors.ts");
        rooms.engine.failAt("start", new HubError("image_missing", { image: "notebook" }));
        await rooms.ask("owner", server, { method: "POST" });
        return;
      }
      if (given === "starting") {
        const hold = rooms.engine.hold("answering");
        const asked = rooms.ask("owner", server, { method: "POST" });
        letGo = async () => {
          hold.release();
          await asked;
        };
        await hold.reached;
        return;
      }
      const answer = await rooms.ask("owner", server, { method: "POST" });
      assert.equal(answer.status, 201);
    }

    async function askRow(row: Row, by: "session" | "token"): Promise<Answer> {
      await prepare(row.given);
      const [method = "", path = ""] = row.ask.split(" ");
      const { as = "owner", json, body, headers = {} } = row;
      const isJson = body !== undefined;
      const options: AskOptions = {
        method,
        headers: { ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
        ...(json === undefined ? {} : { json }),
        ...(body === undefined ? {} : { body }),
      };
      const url = `${basePath}hub/api/${path}`;
      return by === "token" && as !== "anonymous"
        ? rooms.askByToken(as, url, options)
        : rooms.ask(as, url, options);
    }

    for (const by of ["session", "token"] as const) {
      for (const row of rows) {
        if (row.as === "anonymous" && by === "token") continue;
        it(`by ${by}: ${titleOf(row)}`, async () => {
          const answer = await askRow(row, by);
          assert.equal(answer.status, row.status, answer.text.slice(0, 300));
          if (row.says === undefined) return;
          const said: unknown = JSON.parse(answer.text);
          const expected =
            typeof row.says === "string" ? { status: row.status, message: row.says } : row.says;
          assertHas(said, replaceBase(expected, basePath));
        });
      }
    }

    /** What a token with these scopes gets; `{sam}` and `{home}` are ids. */
    const identifying = ["read:users:groups!user=olga", "read:users:name!user=olga"];
    const scoped: readonly (readonly [
      scopes: readonly string[],
      ask: string,
      json: unknown,
      status: number,
      says?: Row["says"],
    ])[] = [
      [[], "GET user", undefined, 200, { name: "olga", admin: true, scopes: identifying }],
      [[], "GET users/olga", undefined, 200, { name: "olga", admin: true, groups: [] }],
      [[], "GET users/sam", undefined, 404, noAccess],
      [[], "GET users", undefined, 403, lacks("list:users")],
      [["list:users!user={sam}"], "GET users", undefined, 200, names("sam")],
      [
        ["list:users!group={home}"],
        "GET users",
        undefined,
        200,
        names("sam", "alex", "tess", "toni"),
      ],
      [["read:users!user={sam}"], "GET users", undefined, 403, lacks("list:users")],
      [["read:users!user={sam}"], "GET users/sam", undefined, 200, { groups: ["Class"] }],
      [["read:users!user={sam}"], "GET users/alex", undefined, 404, noAccess],
      [["users:activity"], "GET users/sam", undefined, 200, { last_activity: null }],
      [["read:users:groups"], "GET users/sam", undefined, 200, { groups: ["Class"] }],
      [["read:roles"], "GET users/sam", undefined, 200, { admin: false, roles: ["user"] }],
      [
        ["admin:auth_state", "read:users:name"],
        "GET users/sam",
        undefined,
        200,
        { auth_state: null },
      ],
      [["read:groups:name"], "GET groups/Class", undefined, 200, { kind: "group", name: "Class" }],
      [["read:roles"], "GET groups/Class", undefined, 200, { name: "Class", roles: [] }],
      [["read:groups:name!group={home}"], "GET groups/Away", undefined, 404, "No such group: Away"],
      [["users:activity"], "POST users/sam/activity", { last_activity: "2026-01-02" }, 200],
      [["servers!user={sam}"], "POST users/sam/server", {}, 201],
      [["servers!server={sam}/"], "POST users/sam/server", {}, 201],
      [["servers!user={sam}"], "POST users/alex/server", {}, 404, noAccess],
      [["start:servers"], "DELETE users/sam/server", undefined, 403, lacks("delete:servers")],
      [["admin:users"], "POST users/new1", {}, 201, { name: "new1" }],
      [["admin:users!group={home}"], "POST users/new1", {}, 404, noAccess],
      [["admin:users!group={home}"], "PATCH users/sam", { name: "sammy" }, 200, { name: "sammy" }],
      [["admin:users!group={home}"], "PATCH users/finn", { name: "f1" }, 404, noAccess],
      [
        ["admin:users"],
        "POST users/new1",
        { admin: true },
        403,
        "Only admins can grant admin permissions",
      ],
      [
        ["admin:users"],
        "PATCH users/owen",
        { name: "x1" },
        403,
        "Only admins can modify other admins",
      ],
      [["read:hub"], "GET info", undefined, 200],
    ];
    for (const [scopes, ask, json, status, says] of scoped) {
      it(`by a token for ${scopes.join(" ") || "nothing"}: ${ask} → ${status}`, async () => {
        await prepare(undefined);
        const home = [...rooms.store.entries("groups")].find(([, { isDefault }]) => isDefault)?.[0];
        const sam = rooms.person("student").id;
        const kept = scopes.map((text) =>
          text.replace("{sam}", sam).replace("{home}", home ?? assert.fail()),
        );
        const [method = "", path = ""] = ask.split(" ");
        const options: AskOptions = { method, ...(json === undefined ? {} : { json }) };
        const url = `${basePath}hub/api/${path}`;
        const answer = await rooms.askByToken("owner", url, options, kept);
        assert.equal(answer.status, status, answer.text);
        if (says === undefined) return;
        const expected = typeof says === "string" ? { status, message: says } : says;
        assertHas(JSON.parse(answer.text), expected);
      });
    }

    it("shows of people only what the scopes of a token are about", async () => {
      await prepare("running");
      const keys = async (...scopes: readonly string[]): Promise<readonly string[]> => {
        const url = `${basePath}hub/api/users`;
        const answer = await rooms.askByToken("owner", url, {}, scopes);
        const [first] = JSON.parse(answer.text) as readonly Record<string, unknown>[];
        return Object.keys(first ?? {}).toSorted();
      };
      const name = ["admin", "kind", "name", "user_info"];
      assert.deepEqual(await keys("list:users"), name);
      assert.deepEqual(
        await keys("list:users", "read:users:groups"),
        ["groups", ...name].toSorted(),
      );
      assert.deepEqual(
        await keys("list:users", "read:users:activity"),
        ["last_activity", ...name].toSorted(),
      );
      assert.deepEqual(await keys("list:users", "read:servers"), ["servers", ...name].toSorted());
      assert.deepEqual(await keys("list:users", "read:roles"), ["roles", ...name].toSorted());
      assert.deepEqual(
        await keys("list:users", "admin:auth_state"),
        ["auth_state", ...name].toSorted(),
      );
      const whole = ["created", "groups", "last_activity", "pending", "roles", "server"];
      assert.deepEqual(await keys("list:users", "read:users"), [...whole, ...name].toSorted());
    });

    it("has JupyterHub's headers on every answer", async () => {
      await prepare(undefined);
      for (const path of ["", "users", "nope", "users/nobody"]) {
        const { headers } = await rooms.ask("owner", `${basePath}hub/api/${path}`);
        assert.equal(headers["x-jupyterhub-version"], "5.4.0+homeroom.0.1", path);
        assert.equal(
          headers["access-control-allow-headers"],
          "accept, content-type, authorization",
        );
        assert.match(String(headers["content-security-policy"]), /default-src 'none'/);
        assert.match(headers["content-type"] ?? "", /^application\/json/);
        const isOpen = headers["access-control-allow-origin"] === "*";
        assert.equal(isOpen, path === "");
      }
    });

    it("takes of a browser only JSON with the form token, and of a token anything", async () => {
      const url = `${basePath}hub/api/users/sam/server`;
      const say = async (answer: Promise<Answer>) => {
        const { status, text } = await answer;
        return [status, text === "" ? "" : (JSON.parse(text) as { message: string }).message];
      };
      const post = (headers: Readonly<Record<string, string>>): AskOptions => ({
        method: "POST",
        body: "{}",
        headers,
      });
      const jsonType = "application/json; charset=utf-8";
      await prepare(undefined);
      const browser = rooms.browser("owner");
      assert.deepEqual(await say(browser.ask(url, post({ "content-type": jsonType }))), [
        403,
        "'_xsrf' argument missing from POST",
      ]);
      const wrong = { "content-type": jsonType, "x-xsrftoken": "x" };
      assert.deepEqual(await say(browser.ask(url, post(wrong))), [
        403,
        "XSRF cookie does not match POST argument",
      ]);
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "x"]) {
        const form = await say(rooms.ask("owner", url, post({ "content-type": type })));
        assert.deepEqual(form, [403, "Missing or invalid credentials."], type);
      }
      const started: unknown[] = [];
      for (const type of [jsonType, "text/plain", "application/x-www-form-urlencoded"]) {
        await prepare(undefined);
        started.push(await say(rooms.askByToken("owner", url, post({ "content-type": type }))));
      }
      await prepare(undefined);
      started.push(await say(rooms.ask("owner", url, post({}))));
      assert.deepEqual(started, [
        [201, ""],
        [201, ""],
        [201, ""],
        [201, ""],
      ]);
    });

    it("takes tokens in the spellings that JupyterHub takes, and no others", async () => {
      await prepare(undefined);
      const url = `${basePath}hub/api/users/sam`;
      const answer = await rooms.askByToken("owner", url);
      assert.equal(answer.status, 200);
      const user = rooms.tokenText("owner");
      for (const [authorization, status] of [
        [`token ${user}`, 200],
        [`Token   ${user}`, 200],
        [`Bearer ${user}`, 200],
        [`bearer ${user}`, 200],
        [`Basic ${user}`, 403],
        [user, 403],
        [`token ${user}x`, 403],
        [`token ${user} x`, 403],
        ["token", 403],
      ] as const) {
        const headers = { authorization };
        const asked = await rooms.box.client().get(url, { headers });
        assert.equal(asked.status, status, authorization.replace(user, "…"));
        if (status === 403) assert.match(asked.text, /"Missing or invalid credentials\."/);
      }
    });

    it("has an answer below 500 for whatever is asked", async () => {
      await prepare(undefined);
      const text = fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom("sam", "olga", "Sám ", "..", "__proto__", "%", "a/b", "x".repeat(3000)),
      );
      const field = fc.constantFrom(
        "usernames",
        "admin",
        "name",
        "last_activity",
        "servers",
        "remove",
        "",
        "__proto__",
      );
      const body = fc.oneof(
        fc.jsonValue().map((value) => JSON.stringify(value)),
        fc.dictionary(field, fc.jsonValue()).map((value) => JSON.stringify(value)),
        fc.string(),
      );
      const path = fc.oneof(
        text.map((name) => `users/${encodeURIComponent(name)}`),
        text.map((name) => `users/${encodeURIComponent(name)}/activity`),
        text.map((name) => `users/sam/servers/${encodeURIComponent(name)}`),
        fc.constantFrom("users", "info", "user", "users/sam/server", "users/sam/activity"),
        fc
          .tuple(fc.constantFrom("state", "sort", "offset", "limit", "name_filter"), text)
          .map(([key, value]) => `users?${key}=${encodeURIComponent(value)}`),
      );
      const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");
      await fc.assert(
        fc.asyncProperty(method, path, body, async (method, path, body) => {
          const url = `${basePath}hub/api/${path}`;
          const hasBody = method !== "GET" && method !== "HEAD";
          const answer = await rooms.askByToken("owner", url, {
            method,
            ...(hasBody ? { body } : {}),
          });
          assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
        }),
        { numRuns: 400 },
      );
    });

    it("says the next page's address as the client wrote the first one's", async () => {
      await rooms.stage();
      const url = `${basePath}hub/api/users?limit=3&name_filter=&sort=-name&x=a%20b`;
      const first = await rooms.ask("owner", url, { headers: { ...pages, host: "box.lan:8088" } });
      const body = JSON.parse(first.text) as { _pagination: { next: { url: string } } };
      const next = new URL(body._pagination.next.url);
      assert.equal(next.origin + next.pathname, `http://box.lan:8088${basePath}hub/api/users`);
      assert.deepEqual(Object.fromEntries(next.searchParams), {
        limit: "3",
        name_filter: "",
        sort: "-name",
        x: "a b",
        offset: "3",
      });
      let path: string | undefined = next.pathname + next.search;
      const seen: string[] = [];
      while (path !== undefined) {
        const answer = await rooms.ask("owner", path, { headers: pages });
        const page = JSON.parse(answer.text) as {
          items: { name: string }[];
          _pagination: { next: { url: string } | null };
        };
        seen.push(...page.items.map(({ name }) => name));
        const url = page._pagination.next?.url;
        path = url === undefined ? undefined : new URL(url).pathname + new URL(url).search;
      }
      assert.deepEqual(seen, everyone.toSorted().toReversed().slice(3));
    });

    it("makes accounts that nobody can sign in with until a teacher gives a first password", async () => {
      await rooms.stage();
      await rooms.ask("owner", `${basePath}hub/api/users/new1`, { method: "POST" });
      const user = [...rooms.store.entries("users")].find(([, { name }]) => name === "new1")?.[1];
      assert.equal(user?.password, undefined);
      const visitor = rooms.box.client();
      for (const password of ["", "new1", "undefined"]) {
        await visitor.get(`${basePath}hub/login`);
        const answer = await visitor.post(`${basePath}hub/login`, { username: "new1", password });
        assert.equal(answer.status, 403);
      }
      const path = `${basePath}hub/api/accounts/new1/reset`;
      const reset = await rooms.ask("teacher", path, { method: "POST" });
      const { first_password: password } = JSON.parse(reset.text) as { first_password: string };
      await visitor.get(`${basePath}hub/login`);
      const form = { username: "new1", password };
      assert.equal((await visitor.post(`${basePath}hub/login`, form)).status, 302);
    });

    it("creates nobody when one name of several cannot be", async () => {
      await rooms.stage();
      const before = rooms.digest();
      const json = { usernames: ["new1", "new2", "a b"] };
      await rooms.ask("owner", `${basePath}hub/api/users`, { method: "POST", json });
      assert.equal(rooms.digest(), before);
    });

    it("puts who is deleted into the trash, with the server stopped before", async () => {
      await prepare("running");
      const { id } = rooms.person("student");
      await rooms.ask("owner", `${basePath}hub/api/users/sam`, { method: "DELETE" });
      assert.ok(rooms.store.get("users", id)?.deleted !== undefined);
      assert.ok(![...rooms.engine.containers.values()].some(({ spec }) => spec.userId === id));
      const gone = await rooms.ask("owner", `${basePath}hub/api/users/sam`);
      assert.equal(gone.status, 404);
    });

    it("moves activity only forward", async () => {
      await prepare("running");
      const url = `${basePath}hub/api/users/sam`;
      const later = "2026-01-05T00:00:00Z";
      await rooms.put("student", { lastActivity: "2026-01-01T00:00:00.000Z" });
      async function tell(time: string): Promise<unknown> {
        const json = { last_activity: time };
        await rooms.ask("owner", `${url}/activity`, { method: "POST", json });
        const model = JSON.parse((await rooms.ask("owner", url)).text) as Record<string, unknown>;
        return model["last_activity"];
      }
      assert.equal(await tell(later), "2026-01-05T00:00:00.000000Z");
      assert.equal(await tell("2026-01-04T00:00:00Z"), "2026-01-05T00:00:00.000000Z");
      assert.equal(await tell("2026-01-05T02:00:01+02:00"), "2026-01-05T00:00:01.000000Z");
    });

    it("ends the stream of a start with the one event that says ready", async () => {
      await prepare("running");
      const stream = await rooms.ask("student", `${basePath}hub/api/users/sam/server/progress`);
      assert.match(stream.headers["content-type"] ?? "", /^text\/event-stream/);
      const events = [...stream.text.matchAll(/^data: (.*)$/gm)].map(
        ([, data = ""]) => JSON.parse(data) as Record<string, unknown>,
      );
      const url = `${basePath}user/sam/`;
      assert.deepEqual(events, [
        {
          progress: 100,
          ready: true,
          message: `Server ready at ${url}`,
          html_message: `Server ready at <a href="${url}">${url}</a>`,
          url,
        },
      ]);
    });
  });
}

function titleOf({ ask, as = "owner", given, json, body, headers, status }: Row): string {
  const sent = json === undefined ? String(body ?? "") : JSON.stringify(json);
  const parts = [ask, sent, given ?? "", headers === undefined ? "" : "in pages", "as", as];
  return `${parts
    .filter((part) => part !== "")
    .join(" ")
    .slice(0, 100)} → ${status}`;
}

/** Everything of `expected` is there; a list is as long as expected. */
function assertHas(said: unknown, expected: unknown): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(said));
    assert.equal(said.length, expected.length, JSON.stringify(said).slice(0, 300));
    for (const [index, item] of expected.entries()) assertHas(said[index], item);
  } else if (typeof expected === "object" && expected !== null) {
    assert.ok(typeof said === "object" && said !== null, JSON.stringify(said));
    const entries = Object.entries(expected);
    if (entries.length === 0) assert.deepEqual(said, {});
    for (const [key, value] of entries) assertHas((said as Record<string, unknown>)[key], value);
  } else {
    assert.equal(said, expected);
  }
}

function replaceBase(value: unknown, basePath: string): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll("{B}", basePath)) as unknown;
}
