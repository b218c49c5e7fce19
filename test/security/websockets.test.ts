/** Upgrades: the same checks as requests, an exact origin, and an end within a second when a session ends. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type Socket, connect } from "node:net";
import type { Duplex } from "node:stream";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { GatewayProcess, XSRF } from "#test/support/gateway-process.ts";
import { ListeningWorld } from "#test/support/listening-world.ts";
import { ITS_END, RawServer, eventually, sendRaw } from "#test/support/raw-sockets.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = createHash("sha1")
  .update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  .digest("base64");
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`;

function upgrade(path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Echoes messages; counts the upgrades that reach it. */
class Echo {
  readonly upgrades: IncomingMessage[] = [];
  readonly #sockets = new WebSocketServer({ noServer: true });

  handle = (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.upgrades.push(req);
    this.#sockets.handleUpgrade(req, socket, head, (client) => {
      client.on("error", () => undefined);
      client.on("message", (data, isBinary) => client.send(data, { binary: isBinary }));
    });
  };

  ping(): void {
    for (const client of this.#sockets.clients) client.ping();
  }
}

describe("the origin of an upgrade", () => {
  let here: ListeningWorld;
  const echo = new Echo();
  let site: string;

  before(async () => {
    here = await ListeningWorld.start({ publicUrl: "https://school.example" });
    site = (await here.cookie("alice")).split("; ")[0] ?? "";
    await here.serve("alice", (_req, res) => res.end(), echo.handle);
  });
  after(() => here[Symbol.asyncDispose]());
  beforeEach(() => {
    echo.upgrades.length = 0;
  });

  const xsrfCookie = `_xsrf=${XSRF}`;
  /** `ours` is the origin under which the box is asked here. */
  const origins: readonly (readonly [what: string, origin: string | undefined, ours: boolean])[] = [
    ["our own", "SELF", true],
    ["the public one", "https://school.example", true],
    ["none", undefined, false],
    ["null", "null", false],
    ["nothing", "", false],
    ["another host", "http://evil.example", false],
    ["another port", "http://127.0.0.1:1", false],
    ["another scheme", "SELF-HTTPS", false],
    ["ours as a beginning", "SELF.evil.example", false],
    ["ours as a user name", "SELF@evil.example", false],
    ["ours with a slash", "SELF/", false],
    ["the public one in capitals", "https://SCHOOL.example", false],
    ["ours twice", "SELF, SELF", false],
    ["without a scheme", "HOST", false],
  ];
  const places = [
    ["without a token", {}, "", false],
    ["with the token of the path", { "X-XSRFToken": XSRF }, "", true],
    ["with the token in the address", {}, `?_xsrf=${encodeURIComponent(XSRF)}`, true],
    ["with another token", { "X-XSRFToken": "2|x" }, "", false],
  ] as const;

  for (const [what, origin, isOurs] of origins) {
    for (const [how, extra, query, hasToken] of places) {
      const expected = isOurs || (origin === undefined && hasToken) ? 101 : 403;
      it(`is ${what}, ${how}: ${expected}`, async () => {
        const value = origin
          ?.replaceAll("SELF-HTTPS", `https://${here.host}`)
          .replaceAll("SELF", here.origin)
          .replaceAll("HOST", here.host);
        const headers = {
          Host: here.host,
          Cookie: `${site}; ${xsrfCookie}`,
          ...(value === undefined ? {} : { Origin: value }),
          ...extra,
        };
        const answer = await sendRaw(here.port, upgrade(`/user/alice/ws${query}`, headers), {
          quietMs: 60,
        });
        assert.equal(answer.status, expected, answer.text);
        assert.equal(echo.upgrades.length, expected === 101 ? 1 : 0);
      });
    }
  }

  it("does not help who is not signed in, or asks for another's", async () => {
    const own = { Host: here.host, Origin: here.origin };
    const anonymous = await sendRaw(here.port, upgrade("/user/alice/ws", own));
    assert.equal(anonymous.status, 403);
    const foreign = await sendRaw(here.port, upgrade("/user/bob/ws", { ...own, Cookie: site }));
    assert.equal(foreign.status, 404);
    const twice = await sendRaw(
      here.port,
      upgrade("/user/alice/ws", { ...own, Cookie: `${site}; ${site}x` }),
    );
    assert.equal(twice.status, 403);
    assert.equal(echo.upgrades.length, 0);
  });

  it("opens no address but the one that counts", async () => {
    const headers = { Host: here.host, Origin: here.origin, Cookie: site };
    for (const [path, status] of [
      ["/user/ALICE/ws", 404],
      ["/user/alice/../bob/ws", 400],
      ["/user/alice", 404],
      ["/hub/ws", 404],
      ["/user/al%2fice/ws", 400],
    ] as const) {
      assert.equal((await sendRaw(here.port, upgrade(path, headers))).status, status, path);
    }
    assert.equal(echo.upgrades.length, 0);
  });

  it("passes the handshake on, without token and hub cookie", async () => {
    const headers = {
      Host: here.host,
      Origin: here.origin,
      Cookie: `${site}; ${xsrfCookie}`,
      "Sec-WebSocket-Protocol": "v1.kernel.websocket.jupyter.org",
    };
    await sendRaw(here.port, upgrade("/user/alice/ws?token=secret&a=1", headers), { quietMs: 60 });
    const [seen] = echo.upgrades;
    assert.equal(seen?.url, "/user/alice/ws?a=1");
    assert.equal(seen?.headers.cookie, xsrfCookie);
    assert.equal(seen?.headers.authorization, "token the-containers-own-secret");
    assert.equal(seen?.headers["sec-websocket-protocol"], "v1.kernel.websocket.jupyter.org");
  });
});

describe("a WebSocket", () => {
  let here: ListeningWorld;
  let cookie: string;
  const echo = new Echo();

  before(async () => {
    here = await ListeningWorld.start();
    cookie = await here.cookie("alice");
  });
  beforeEach(async () => {
    await here.serve("alice", (_req, res) => res.writeHead(426).end(), echo.handle);
    here.world.servers.touched.length = 0;
  });
  after(() => here[Symbol.asyncDispose]());

  async function open(headers: Readonly<Record<string, string>> = {}): Promise<WebSocket> {
    const socket = new WebSocket(`ws://${here.host}/user/alice/ws`, {
      headers: { cookie, origin: here.origin, ...headers },
    });
    socket.on("error", () => undefined);
    await once(socket, "open");
    return socket;
  }

  it("carries messages both ways, large ones too", async () => {
    const socket = await open();
    for (const size of [0, 1, 125, 126, 65_536, 3_000_000]) {
      const sent = Buffer.alloc(size, size % 251);
      socket.send(sent);
      const [received] = (await once(socket, "message")) as [Buffer]; // ws hands over buffers.
      assert.ok(sent.equals(received), String(size));
    }
    socket.terminate();
  });

  it("is activity when the user writes, not when the browser answers a ping", async () => {
    const socket = await open();
    assert.equal(here.world.servers.touched.length, 0);
    for (let round = 0; round < 3; round += 1) echo.ping();
    await sleep(100);
    assert.equal(here.world.servers.touched.length, 0);
    socket.send("x");
    await once(socket, "message");
    assert.deepEqual(here.world.servers.touched, [here.world.user("alice").id]);
    socket.terminate();
  });

  it("ends when its session ends, and others stay", { timeout: 60_000 }, async () => {
    const other = await here.cookie("alice");
    const ending = await Promise.all([open(), open(), open()]);
    const staying = await open({ cookie: other });
    const secret = /jupyterhub-session-id=([^;]*)/.exec(cookie)?.[1] ?? "";
    const session = here.world.sessions.bySiteSecret(secret);
    assert.ok(session !== undefined);
    const closed = Promise.all(ending.map((socket) => once(socket, "close")));
    await here.world.sessions.end(session.id);
    await closed;
    staying.send("x");
    await once(staying, "message");
    staying.terminate();
    cookie = await here.cookie("alice");
  });

  it("ends with its server's route, and with the gateway's word to its peer", async () => {
    const socket = await open();
    const closed = once(socket, "close");
    here.world.routes.remove(here.world.user("alice").id, "");
    await closed;
  });

  it("is refused with the container's own status", async () => {
    for (const [status, passed] of [
      [404, 404],
      [403, 403],
      [500, 500],
      [200, 502],
      [302, 502],
    ] as const) {
      await here.serve(
        "alice",
        (_req, res) => res.end(),
        (_req, socket) =>
          socket.end(
            `HTTP/1.1 ${status} Whatever\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 4\r\n\r\nevil`,
          ),
      );
      const headers = { Host: here.host, Origin: here.origin, Cookie: cookie };
      const answer = await sendRaw(here.port, upgrade("/user/alice/ws", headers), {
        until: ITS_END,
      });
      assert.equal(answer.status, passed);
      assert.doesNotMatch(answer.text, /evil|set-cookie/i);
      assert.ok(answer.closed);
    }
  });

  it("is not what it says it is", async () => {
    const lies = [
      SWITCH.replace(ACCEPT, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
      SWITCH.replace("Upgrade: websocket", "Upgrade: h2c"),
      SWITCH.replace(/Sec-WebSocket-Accept.*\r\n/, ""),
      SWITCH.replace("101", "199"),
      "HTTP/1.1 101 \u0001\r\n\r\n",
      "nonsense\r\n\r\n",
    ];
    for (const lie of lies) {
      await using liar = await RawServer.start((socket) => {
        socket.once("data", () => socket.end(lie));
      });
      here.world.run("alice", liar.port);
      const headers = { Host: here.host, Origin: here.origin, Cookie: cookie };
      const answer = await sendRaw(here.port, upgrade("/user/alice/ws", headers));
      assert.ok([502, 503].includes(answer.status), `${JSON.stringify(lie)}: ${answer.text}`);
      assert.ok(await eventually(() => liar.open === 0));
    }
  });

  it("hands on nothing but the handshake", async () => {
    await using chatty = await RawServer.start((socket) => {
      const extra = "Set-Cookie: a=b; Path=/\r\nX-Evil: 1\r\nClear-Site-Data: *\r\n\r\n";
      socket.once("data", () => socket.write(SWITCH.replace(/\r\n\r\n$/, `\r\n${extra}`)));
    });
    here.world.run("alice", chatty.port);
    const headers = { Host: here.host, Origin: here.origin, Cookie: cookie };
    const answer = await sendRaw(here.port, upgrade("/user/alice/ws", headers));
    assert.equal(answer.status, 101);
    assert.doesNotMatch(answer.text, /evil|cookie|clear/i);
  });

  it("has frames that came with the handshake", async () => {
    await using eager = await RawServer.start((socket) => {
      socket.once("data", () => {
        socket.write(`${SWITCH}\u0081\u0002hi`, "latin1");
        socket.once("data", (early: Buffer) => socket.write(early));
      });
    });
    here.world.run("alice", eager.port);
    const headers = { Host: here.host, Origin: here.origin, Cookie: cookie };
    const both = "\r\n\r\n\u0081\u0002hiearly";
    const answer = await sendRaw(here.port, `${upgrade("/user/alice/ws", headers)}early`, {
      until: (text) => text.endsWith(both),
    });
    assert.ok(answer.text.endsWith(both), answer.text);
  });

  it("does not outlive either end", async () => {
    let upstream: Socket | undefined;
    await using still = await RawServer.start((socket) => {
      upstream = socket;
      socket.once("data", () => socket.write(SWITCH));
    });
    here.world.run("alice", still.port);
    const start = async (): Promise<Socket> => {
      const client = connect(here.port, "127.0.0.1");
      client.on("error", () => undefined);
      const headers = { Host: here.host, Origin: here.origin, Cookie: cookie };
      client.write(upgrade("/user/alice/ws", headers));
      await once(client, "data");
      return client;
    };
    const leaving = await start();
    leaving.resetAndDestroy();
    assert.ok(await eventually(() => still.open === 0));
    const halfway = await start();
    halfway.end();
    assert.ok(await eventually(() => still.open === 0));
    const left = await start();
    upstream?.resetAndDestroy();
    assert.ok(await eventually(() => left.destroyed));
  });
});

describe("a client that goes away in the middle of an upgrade", () => {
  it("leaves nothing behind, at whatever point", async () => {
    await using gateway = await GatewayProcess.start();
    // By what they asked for: that of a client which has left may come later than the next one's.
    const sockets = new Map<string, Socket>();
    await using upstream = await RawServer.start((socket) => {
      socket.resume().once("data", (head: Buffer) => {
        sockets.set(/\?(\w+)/.exec(head.toString("latin1"))?.[1] ?? "", socket);
      });
    });
    await gateway.run("alice", upstream.port);
    const headers = {
      Host: `127.0.0.1:${gateway.port}`,
      Origin: gateway.origin,
      Cookie: gateway.cookie("alice"),
    };
    const ask = (client: Socket, name: string): void =>
      void client.write(upgrade(`/user/alice/ws?${name}`, headers));
    const arrival = async (name: string): Promise<Socket | undefined> => {
      assert.ok(await eventually(() => sockets.has(name)), name);
      return sockets.get(name);
    };
    const { descriptors } = await gateway.counts();

    const points: readonly ((client: Socket, name: string) => Promise<void>)[] = [
      // Before, during and right after the request; while the container thinks; with its answer; once open.
      async (client) => void (await once(client, "connect")),
      async (client) => {
        client.write(upgrade("/user/alice/ws", headers).slice(0, 60));
        await sleep(10);
      },
      async (client, name) => {
        ask(client, name);
        await Promise.resolve();
      },
      async (client, name) => {
        ask(client, name);
        await arrival(name);
      },
      async (client, name) => {
        ask(client, name);
        (await arrival(name))?.write(SWITCH);
      },
      async (client, name) => {
        ask(client, name);
        const socket = await arrival(name);
        socket?.write(SWITCH);
        await once(client, "data");
        socket?.write(Buffer.alloc(100_000));
      },
    ];
    for (const [index, point] of points.entries()) {
      for (let round = 0; round < 20; round += 1) {
        const client = connect(gateway.port, "127.0.0.1");
        client.on("error", () => undefined);
        await point(client, `at${index}round${round}`);
        if (round % 2 === 0) client.resetAndDestroy();
        else client.end();
        assert.ok(await eventually(() => upstream.open === 0), `point ${index}`);
      }
      assert.ok(gateway.isAlive, `point ${index}`);
    }
    const left = await gateway.settlesAt(descriptors + 2);
    assert.ok(left <= descriptors + 2, `${left} descriptors, ${descriptors} before`);
  });
});
