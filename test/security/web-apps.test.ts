/** Web apps behind the proxy, and what a hostile one could do to its visitors. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { ListeningWorld } from "#test/support/listening-world.ts";
import { RawServer } from "#test/support/raw-sockets.ts";

const NAMED = "/jupyterhub/user/alice/two%20words/";
const FIRST = "/jupyterhub/user/alice/";

describe("a web app that knows no address but /", () => {
  let here: ListeningWorld;
  let cookie: string;
  let asked: string[] = [];
  let reply: Record<string, string | string[]> = {};

  before(async () => {
    here = await ListeningWorld.start({ basePath: "/jupyterhub/" });
    cookie = await here.cookie("alice");
    const port = await here.serve(
      "alice",
      (req, res) => {
        asked.push(`${req.method} ${req.url}`);
        res.writeHead(302, reply);
        res.end();
      },
      (req, socket) => {
        asked.push(`upgrade ${req.url}`);
        socket.end("HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n");
      },
    );
    const upstream = { host: "127.0.0.1", port, kind: "web", stripsPrefix: true } as const;
    here.world.run("alice", port, { kind: "web", upstream });
    here.world.run("alice", port, { kind: "web", upstream, serverName: "two words" });
    here.world.servers.names.add("two words");
  });
  after(() => here[Symbol.asyncDispose]());

  async function seen(path: string, method = "GET"): Promise<string[]> {
    asked = [];
    await here.ask(path, { method, headers: { cookie, origin: here.origin } });
    return asked;
  }

  for (const [path, inside] of [
    [FIRST, "/"],
    [`${FIRST}?a=1&token=x`, "/?a=1"],
    [`${FIRST}a/b%2Fc?d=%20`, "/a/b%2Fc?d=%20"],
    [`${FIRST}/evil.example/x`, "/evil.example/x"],
    [`${FIRST}//evil.example`, "/evil.example"],
    [NAMED, "/"],
    [`${NAMED}a?b`, "/a?b"],
    // Of its own address, the app may make what it likes.
    [`${NAMED}two%20words/`, "/two%20words/"],
    [`${FIRST}jupyterhub/user/alice/`, "/jupyterhub/user/alice/"],
  ] as const) {
    it(`is asked for ${inside} by ${path}`, async () => {
      assert.deepEqual(await seen(path), [`GET ${inside}`]);
      assert.deepEqual(await seen(path, "POST"), [`POST ${inside}`]);
    });
  }

  it("is asked for nothing by addresses that step out of its own", async () => {
    for (const path of [
      `${FIRST}../bob/`,
      `${FIRST}%2e%2e/bob/`,
      `${FIRST}..%2fbob/`,
      `${FIRST}a\\..\\b`,
      `${NAMED}..%2f..%2fhub/`,
    ]) {
      assert.deepEqual(await seen(path), [], path);
    }
  });

  it("is asked for its own address by WebSockets, too", async () => {
    asked = [];
    for (const path of [`${FIRST}live?x=1`, `${NAMED}live`]) {
      const socket = new WebSocket(`ws://${here.host}${path}`, {
        headers: { cookie, origin: here.origin },
      });
      socket.on("error", () => undefined);
      await once(socket, "unexpected-response");
    }
    assert.deepEqual(asked, ["upgrade /live?x=1", "upgrade /live"]);
  });

  it("cannot leave cookies where others read them, nor any of the hub's", async () => {
    reply = {
      location: "/",
      "set-cookie": [
        "a=1",
        "b=1; Path=/; Domain=lan",
        "c=1; Path=/jupyterhub/hub/",
        "d=1; Path=/jupyterhub/user/bob/",
        "e=1; path=/../../hub/; PATH=/sub",
        "jupyterhub-session-id=planted; Path=/",
        "JupyterHub-Hub-Login=planted; Path=/jupyterhub/hub/",
        'f="; Path=/jupyterhub/hub/',
        "g=1; Path=jupyterhub/hub/",
      ],
    };
    for (const prefix of [FIRST, NAMED]) {
      const { headers } = await here.ask(`${prefix}x`, { headers: { cookie } });
      assert.equal(headers.location, prefix);
      const paths = (headers["set-cookie"] ?? []).map((line) => /; Path=([^;]*)/.exec(line)?.[1]);
      assert.equal(paths.length, 7);
      for (const path of paths) assert.ok(path?.startsWith(prefix), path);
      assert.doesNotMatch(String(headers["set-cookie"]), /planted|Domain/i);
    }
  });

  it("has its redirects brought back, and only its own", async () => {
    for (const [location, outside] of [
      ["/login", `${NAMED}login`],
      [`http://${here.host}/login`, `${NAMED}login`],
      [`${NAMED}login`, `${NAMED}login`],
      ["login", "login"],
      ["https://school.example/", "https://school.example/"],
    ] as const) {
      reply = { location };
      const { headers } = await here.ask(NAMED, { headers: { cookie } });
      assert.equal(headers.location, outside);
    }
  });

  it("is not asked by forms of pages elsewhere, whatever the method", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      for (const headers of [{}, { origin: "null" }, { origin: "http://evil.example" }]) {
        asked = [];
        const answer = await here.ask(`${FIRST}x`, { method, headers: { cookie, ...headers } });
        assert.deepEqual([answer.status, asked], [403, []], `${method} ${JSON.stringify(headers)}`);
      }
    }
  });
});

describe("a web app that closes connections early", () => {
  it("gets what may not be sent twice by a connection of its own", async () => {
    await using here = await ListeningWorld.start();
    const cookie = await here.cookie("alice");
    const requests: string[] = [];
    await using app = await RawServer.start((socket) => {
      socket.once("data", (head: Buffer) => {
        requests.push(head.toString("latin1").split(" ")[0] ?? "");
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        // Too late for whoever has just sent the next one.
        socket.once("data", () => socket.resetAndDestroy());
      });
    });
    const upstream = { host: "127.0.0.1", port: app.port, kind: "web" } as const;
    here.world.run("alice", app.port, { kind: "web", upstream });
    const headers = { cookie, origin: here.origin };
    for (const method of ["GET", "POST", "GET", "PUT", "DELETE", "GET"]) {
      const answer = await here.ask("/user/alice/", { method, headers });
      assert.equal(answer.status, 200, method);
    }
    assert.deepEqual(requests, ["GET", "POST", "GET", "PUT", "DELETE", "GET"]);
  });
});
