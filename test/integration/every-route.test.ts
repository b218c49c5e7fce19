/**
 * Every address of the hub with every kind of visitor: reading changes nothing, what is refused has changed
 * nothing, and tokens that count no more are none. The hub's memory of it all is compared before and after.
 */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { after, before, describe, it } from "node:test";
import { type Handlers, type Route, routeTable } from "#src/routes/index.ts";
import { makeId } from "#src/stores/ids.ts";
import type { Write } from "#src/stores/store.ts";
import { type Classrooms, type Part, createClassrooms } from "#test/support/classrooms.ts";

/** Handlers that are never called: the table is read for its addresses alone. */
const anyHandler: unknown = new Proxy({}, { get: () => new Proxy({}, { get: () => () => {} }) });
const routes = routeTable(anyHandler as Handlers);
const basePath = "/jupyterhub/";

/** In place of `:name`, `:group` and the like, as they stand in the address; the last one everywhere. */
const SPELLINGS = [
  "SAM",
  "%53am",
  "s%C3%A1m",
  "%EF%BD%93%EF%BD%81%EF%BD%8D",
  "sam%20",
  "nobody",
  "0",
  "-1",
  "a1",
  "a99999999999999999999",
  "Class",
  "cLASS",
  "constructor",
  "__proto__",
  "..%2Fsam",
  "sam%2F..",
  "%25%32%35",
  "%00",
  "%ff",
  "%zz",
  "%E2%80%AEmas",
  "sam%0d%0aX-Evil:%201",
  "%F0%9F%8D%8E",
  "x".repeat(2000),
  "sam",
];

/** Behind the `?` of what is read. */
const QUERIES = [
  "",
  "limit=-1&offset=-99999999999999999999",
  `limit=${"9".repeat(400)}&offset=${"9".repeat(400)}`,
  "limit=1e309&offset=NaN",
  "limit=&offset=&sort=&state=&name_filter=",
  "sort=__proto__&state=constructor",
  "sort=-id&sort=name&limit=1&limit=2",
  "name_filter=%00%ff&include_stopped_servers=%f0%9f",
  "name_filter=(%5Ba*%2B)%24",
  "%=%&&&=",
  "next=//evil.example/&page=-1&q=%ED%A0%80",
  `q=${"x".repeat(3000)}`,
];

/** Bodies of no form that is asked for. */
const BODIES: readonly (string | Buffer)[] = [
  "",
  "{",
  "nul",
  "null",
  "[]",
  "[1]",
  '"sam"',
  "7",
  "{}{}",
  '{"name":7,"admin":"yes","users":{},"usernames":"sam","groups":[7],"scopes":{},"note":[]}',
  '{"name":"","admin":null,"users":[null],"usernames":[[]],"groups":null,"expires_in":-1}',
  '{"unknown":true,"__proto__":{"admin":true},"constructor":1}',
  '{"last_activity":"yesterday","servers":{"":{"last_activity":7}},"user_options":7}',
  '{"expires_in":1e999,"roles":[{}],"auth":{"username":7,"password":{}}}',
  `{"usernames":["${"a".repeat(70_000)}"]}`,
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  '{"name":"\\ud800\\u0000"}',
  `${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`,
];

const visitors = ["anonymous", "student", "teacher", "owner"] as const;
const holders = ["student", "owner"] as const satisfies readonly Part[];
/** Begin and never end. */
const isStream = (path: string) => /events|progress/.test(path);

function addressOf([, path]: Route, parameter: string, query = ""): string {
  const filled = path.replaceAll(/:\w+/g, parameter).replace(/\{?\*path\}?/, parameter);
  return `${basePath}${filled}${query === "" ? "" : `?${query}`}`;
}

describe("every address", { timeout: 540_000 }, () => {
  let rooms: Classrooms;

  before(async () => {
    const namedServers = { allow: true, limitPerUser: 3, home: "shared" } as const;
    rooms = await createClassrooms({ basePath, spawner: { namedServers } });
    await rooms.stage();
  });
  after(() => rooms[Symbol.asyncDispose]());

  async function statusOf(
    who: (typeof visitors)[number],
    address: string,
    isByToken = false,
  ): Promise<number> {
    if (isStream(address)) return statusOfStream(who, address, isByToken);
    const answer =
      isByToken && who !== "anonymous"
        ? await rooms.askByToken(who, address)
        : await rooms.ask(who, address);
    return answer.status;
  }

  /** The head alone. */
  function statusOfStream(
    who: (typeof visitors)[number],
    path: string,
    isByToken: boolean,
  ): Promise<number> {
    const cookie = who === "anonymous" ? "" : rooms.browser(who).cookieHeader(path);
    const authorization = who === "anonymous" ? "" : `token ${rooms.tokenText(who)}`;
    const headers = isByToken ? { authorization } : { cookie };
    const agent = new Agent();
    return new Promise((resolve, reject) => {
      const sent = request(rooms.box.origin + path, { headers, agent }, (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  async function readAll(address: string): Promise<void> {
    for (const who of visitors) {
      const status = await statusOf(who, address);
      assert.ok(status < 500, `GET ${address} as ${who}: ${status}`);
    }
    for (const who of holders) {
      const status = await statusOf(who, address, true);
      assert.ok(status < 500, `GET ${address} with the token of ${who}: ${status}`);
    }
  }

  const reading = routes.filter(([method]) => method === "GET");

  for (const route of reading) {
    it(`reads ${route[1]} and changes nothing`, async () => {
      // Whoever opens their own notebook there starts it: the one exception, and only for the visitor.
      const isStart = /^hub\/spawn(?!-pending)/.test(route[1]);
      const before = rooms.digest();
      const parameters = addressOf(route, "") === addressOf(route, "x") ? [""] : SPELLINGS;
      for (const parameter of parameters) {
        for (const query of parameter === parameters.at(-1) ? QUERIES : [""]) {
          if (isStart && mayStart(route, parameter)) continue;
          await readAll(addressOf(route, parameter, query));
        }
      }
      assert.equal(rooms.digest(), before);
    });
  }

  it("starts nobody's notebook but the visitor's own by a link", async () => {
    for (const path of ["hub/spawn", "hub/spawn/sam", "hub/spawn/finn", "hub/spawn/olga"]) {
      for (const who of visitors) {
        await rooms.stage();
        const before = startedBy();
        const { status } = await rooms.ask(who, basePath + path);
        assert.ok(status < 500, `${path} as ${who}: ${status}`);
        const own = who === "anonymous" ? "" : rooms.person(who).id;
        const others = startedBy().filter((id) => id !== own);
        assert.deepEqual(others, before, `${path} as ${who}`);
      }
    }
    await rooms.stage();
  });

  function startedBy(): readonly string[] {
    return Array.from(rooms.store.entries("servers"), ([, record]) => record.userId);
  }

  /** In these spellings it is the address of somebody of the cast who may. */
  function mayStart([, path]: Route, parameter: string): boolean {
    return !path.includes(":") || /^(?:sam|SAM|%53am|s%C3|%EF%BD%93|sam%20)/.test(parameter);
  }

  const changing = routes.filter(([method]) => method !== "GET");

  for (const route of changing) {
    it(`keeps everything as it is when it refuses ${route[0]} ${route[1]}`, async () => {
      for (const who of visitors) await tryBodies(route, who, false);
      for (const who of holders) await tryBodies(route, who, true);
    });
  }

  const api = routes.filter(([, path]) => path.startsWith("hub/api/"));

  it("takes tokens that count no more for none", async () => {
    for (const [what, token] of await deadTokens()) {
      const headers = { authorization: `token ${token}` };
      for (const route of api) {
        const [method] = route;
        const address = addressOf(route, "sam");
        const options = method === "GET" ? { method } : { method, json: {} };
        const before = rooms.digest();
        const asNobody = await rooms.ask("anonymous", address, options);
        const answer = await rooms.ask("anonymous", address, { ...options, headers });
        const about = `${method} ${address} with a token ${what}`;
        assert.equal(answer.status, asNobody.status, about);
        // Pages have a form token in them.
        const isPage = /html/.test(answer.headers["content-type"] ?? "");
        if (!isPage) assert.equal(answer.text, asNobody.text, about);
        assert.equal(rooms.digest(), before, about);
      }
    }
  });

  async function deadTokens(): Promise<readonly (readonly [what: string, token: string])[]> {
    await rooms.stage();
    const [locked, gone] = [rooms.tokenText("teacher"), rooms.tokenText("otherOwner")];
    const [revoked, expired] = [rooms.tokenText("colleague"), rooms.tokenText("owner")];
    await rooms.put("teacher", { disabled: "2026-11-22T08:00:00.000Z" });
    await rooms.trash("otherOwner");
    await rooms.store.change((state) => ({
      writes: Array.from(state.entries("tokens"), ([key, record]): Write[] => {
        if (record.userId === rooms.person("colleague").id) return [{ remove: "tokens", key }];
        if (record.userId !== rooms.person("owner").id) return [];
        const id = makeId<"token">();
        const life = { created: "2020-01-01T00:00:00.000Z", expires: "2020-01-02T00:00:00.000Z" };
        return [
          { remove: "tokens", key },
          { put: "tokens", key: id, record: { ...record, ...life, id } },
        ];
      }).flat(),
      result: undefined,
    }));
    return [
      ["that nobody made", "0123456789abcdef0123456789abcdef"],
      ["of somebody locked", locked],
      ["of somebody in the trash", gone],
      ["that was revoked", revoked],
      ["that is over", expired],
      ["that is too long", "a".repeat(4000)],
    ];
  }

  async function tryBodies(
    route: Route,
    who: (typeof visitors)[number],
    isByToken: boolean,
  ): Promise<void> {
    await rooms.stage();
    let before = rooms.digest();
    const isApi = route[1].startsWith("hub/api");
    const headers = {
      "content-type": isApi ? "application/json" : "application/x-www-form-urlencoded",
    };
    for (const parameter of ["sam", "nobody", "finn", "%ff"]) {
      for (const body of parameter === "sam" ? BODIES : BODIES.slice(0, 3)) {
        const address = addressOf(route, parameter);
        const options = { method: route[0], body, headers };
        const answer =
          isByToken && who !== "anonymous"
            ? await rooms.askByToken(who, address, options)
            : await rooms.ask(who, address, options);
        const about = `${route[0]} ${address} as ${who}: ${String(body).slice(0, 60)}`;
        assert.ok(answer.status < 500, `${about}: ${answer.status} ${answer.text.slice(0, 300)}`);
        if (answer.status >= 400)
          assert.equal(rooms.digest(), before, `${about} changed something`);
        else {
          await rooms.stage();
          before = rooms.digest();
        }
      }
    }
  }
});
