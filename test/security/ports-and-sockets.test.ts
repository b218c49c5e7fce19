/** The two doors: the published port, and the control socket of whoever owns the box. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { link, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openControl } from "#src/entrypoint/control.ts";
import type { Gateway } from "#src/entrypoint/gateway.ts";
import { createListener } from "#src/entrypoint/listener.ts";
import { createWorld, type World } from "#test/support/gateway-world.ts";
import { ITS_END, eventually, sendRaw } from "#test/support/raw-sockets.ts";
import { silentLog } from "#test/support/silent-log.ts";

const log = silentLog;

/** Answers each request with the door it came in by; whoever asks for /slow when `until` says so. */
function doorman(until = Promise.resolve(), asked: () => void = () => {}): Gateway {
  return {
    request: (req, res, via) => {
      if (req.url !== "/slow") return void res.end(via);
      asked();
      void until.then(() => res.end("slow"));
    },
    upgrade: (_req, socket) => void socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    closeSessions: () => undefined,
    close: () => undefined,
  };
}

interface ListenerParts {
  readonly port?: number;
  readonly drainMs?: number;
  readonly manyConnections?: number;
}

function listener(gateway: Gateway, parts: ListenerParts = {}) {
  return createListener({ gateway, bind: "127.0.0.1", port: 0, log, ...parts });
}

function askSocket(socketPath: string, path = "/"): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    // By a connection of its own: the same path may be another door's by now.
    const asked = request({ socketPath, path, agent: false }, (res) => {
      let text = "";
      res.on("data", (chunk: Buffer) => (text += chunk.toString()));
      res.on("end", () => resolve({ status: res.statusCode ?? 0, text }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("the port", () => {
  it("says in words when it is taken", async () => {
    const first = listener(doorman());
    const { port, address } = await first.listen();
    assert.equal(address, "127.0.0.1");
    const second = listener(doorman(), { port });
    await assert.rejects(second.listen(), {
      code: "port_in_use",
      params: { port, address: "127.0.0.1" },
    });
    await second.close();
    await first.close();
  });

  it("says in words when the address is not this machine's", async () => {
    const away = createListener({ gateway: doorman(), bind: "203.0.113.7", port: 0, log });
    await assert.rejects(away.listen(), { code: "cannot_listen" });
  });

  it("closes connections that wait for nothing when there are many, and no others", async () => {
    const answered = Promise.withResolvers<void>();
    const door = listener(doorman(answered.promise), { manyConnections: 20 });
    const { port } = await door.listen();
    const say = async (text: string): Promise<Socket> => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined).resume();
      await once(socket, "connect");
      socket.write(text);
      return socket;
    };
    const busy = [
      await say("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"),
      await say("GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    ];
    const idle: Socket[] = [];
    for (let index = 0; index < 30; index += 1) {
      const socket = await say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(socket, "data");
      idle.push(socket);
    }
    const isFew = () => idle.filter((socket) => !socket.destroyed).length < 20;
    assert.ok(await eventually(isFew, 30_000));
    assert.ok(busy.every((socket) => !socket.destroyed));
    assert.equal((await sendRaw(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).status, 200);
    answered.resolve();
    for (const socket of busy) socket.destroy();
    await door.close();
  });

  it(
    "lets what is under way come to its end, and takes nothing new",
    { timeout: 60_000 },
    async () => {
      const [under, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const slow = listener(doorman(done.promise, under.resolve), { drainMs: 600_000 });
      const { port } = await slow.listen();
      const answer = sendRaw(port, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", { until: ITS_END });
      await under.promise;
      let isClosed = false;
      const closing = slow.close().then(() => (isClosed = true));
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal(isClosed, false);
      done.resolve();
      await closing;
      const { text, closed } = await answer;
      assert.match(text, /slow$/);
      assert.ok(closed);
      await assert.rejects(sendRaw(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), {
        code: "ECONNREFUSED",
      });
    },
  );

  it("ends what does not come to its end", { timeout: 60_000 }, async () => {
    const stuck = listener(doorman(new Promise(() => {})), { drainMs: 300 });
    const { port } = await stuck.listen();
    const answer = sendRaw(port, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", { until: ITS_END });
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await once(socket, "data");
    await stuck.close();
    assert.ok((await answer).closed);
    socket.destroy();
  });
});

describe("the control socket", () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "homeroom-control-"));
    path = join(folder, "control.sock");
  });
  after(() => rm(folder, { recursive: true }));

  it("is its owner's alone, and gone when it is closed", async () => {
    const control = await openControl({ gateway: doorman(), path, log });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await askSocket(path), { status: 200, text: "console" });
    assert.deepEqual(await readdir(folder), ["control.sock"]);
    await control.close();
    assert.deepEqual(await readdir(folder), []);
  });

  it("takes the place of a dead one, of a killed hub or whatever lies there", async () => {
    const dead = createServer().listen(path);
    await once(dead, "listening");
    // What a killed process leaves: a file that nobody listens on.
    const left = join(folder, "left.sock");
    await link(path, left);
    await new Promise((resolve) => dead.close(resolve));
    await rename(left, path);
    const control = await openControl({ gateway: doorman(), path, log });
    assert.equal((await askSocket(path)).status, 200);
    await control.close();

    await writeFile(path, "not a socket");
    const another = await openControl({ gateway: doorman(), path, log });
    assert.equal((await askSocket(path)).status, 200);
    await another.close();
  });

  it("is not taken from a hub that answers", async () => {
    const first = await openControl({ gateway: doorman(), path, log });
    await assert.rejects(openControl({ gateway: doorman(), path, log }), { code: "data_folder" });
    assert.equal((await askSocket(path)).status, 200);
    await first.close();
  });

  it("says in words when the folder does not take it", async () => {
    const missing = join(folder, "missing", "control.sock");
    await assert.rejects(openControl({ gateway: doorman(), path: missing, log }), {
      code: "data_folder",
    });
    const long = join(folder, "x".repeat(120));
    await mkdir(long);
    await assert.rejects(
      openControl({ gateway: doorman(), path: join(long, "control.sock"), log }),
      { code: "data_folder" },
    );
    assert.deepEqual(await readdir(long), []);
  });

  it("opens no notebook", async () => {
    const world: World = await createWorld();
    const upstream = createServer(() => assert.fail("reached")).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const bound = upstream.address();
    world.run("alice", typeof bound === "object" && bound !== null ? bound.port : 0);
    const control = await openControl({ gateway: world.gateway, path, log });
    assert.equal((await askSocket(path, "/user/alice/lab")).status, 404);
    assert.equal((await askSocket(path, "/hub/api/health")).text, "hub");
    await control.close();
    await world.close();
    upstream.close();
  });
});
