/** Too much, too slow, or cut off: what is open stays bounded, and goes away again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type Server, Agent, createServer, request } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { GatewayProcess, XSRF } from "#test/support/gateway-process.ts";
import { ITS_END, RawServer, eventually, sendRaw } from "#test/support/raw-sockets.ts";

const MEBIBYTE = 1024 * 1024;

/** Opens a connection and says something on it; the answer is not read until asked for. */
async function say(port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return port;
}

describe("a gateway under load", () => {
  let gateway: GatewayProcess;
  let upstream: Server;
  let connections = 0;
  let open = 0;
  let mostOpen = 0;
  let baseline = 0;
  let common = "";

  before(async () => {
    gateway = await GatewayProcess.start();
    upstream = createServer((req, res) => {
      if (req.url?.endsWith("/never") === true) return;
      if (req.url?.endsWith("/half") === true) {
        res.writeHead(200, { "content-length": 1000 });
        res.write("half");
        return;
      }
      req.resume();
      req.on("end", () => res.end("fine"));
    });
    upstream.on("connection", (socket) => {
      connections += 1;
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      socket.on("close", () => {
        open -= 1;
      });
    });
    upstream.keepAliveTimeout = 60_000;
    await gateway.run("alice", await listening(upstream));
    common = `Host: 127.0.0.1:${gateway.port}\r\nCookie: ${gateway.cookie("alice")}\r\nX-XSRFToken: ${XSRF}\r\n`;
    await sendRaw(gateway.port, `GET /user/alice/x HTTP/1.1\r\n${common}\r\n`);
    baseline = (await gateway.counts()).descriptors;
  });
  after(async () => {
    await gateway[Symbol.asyncDispose]();
    upstream.closeAllConnections();
    upstream.close();
  });

  async function isBackToNormal(): Promise<void> {
    for (const end = performance.now() + 30_000; ; await sleep(100)) {
      const { descriptors } = await gateway.counts();
      // Connections to the container are kept for a while; more may come of what is on its way.
      if (descriptors <= baseline + open + 2) break;
      const what = `${descriptors} descriptors, ${baseline} before, ${open} to the container`;
      assert.ok(performance.now() < end, what);
    }
    assert.ok(gateway.isAlive);
    const answer = await sendRaw(gateway.port, `GET /user/alice/x HTTP/1.1\r\n${common}\r\n`);
    assert.equal(answer.status, 200);
  }

  it("forgets a thousand requests that were given up at five points", async () => {
    const points = [
      `GET /user/alice/never HTTP/1.1\r\n${common}\r\n`,
      `GET /user/alice/half HTTP/1.1\r\n${common}\r\n`,
      `POST /user/alice/x HTTP/1.1\r\n${common}Content-Length: 100000\r\n\r\n${"x".repeat(5000)}`,
      `POST /user/alice/never HTTP/1.1\r\n${common}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      `GET /user/alice/ws HTTP/1.1\r\n${common}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
    ];
    for (let round = 0; round < 20; round += 1) {
      const clients = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          say(gateway.port, points[index % points.length] ?? ""),
        ),
      );
      await sleep(round % 3 === 0 ? 0 : 15);
      for (const client of clients) {
        if (round % 2 === 0) client.resetAndDestroy();
        else client.destroy();
      }
    }
    await isBackToNormal();
  });

  it("forgets a thousand upgrades to a container that is gone", async () => {
    await gateway.run("bob", 1);
    const head = `Host: 127.0.0.1:${gateway.port}\r\nOrigin: ${gateway.origin}\r\nCookie: ${gateway.cookie("bob")}\r\n`;
    const text = `GET /user/bob/ws HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`;
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => sendRaw(gateway.port, text)),
      );
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]));
    }
    await isBackToNormal();
  });

  it("refuses upgrades of nobody before anyone is asked", async () => {
    const before = connections;
    const text = `GET /user/alice/ws HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nOrigin: ${gateway.origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`;
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => sendRaw(gateway.port, text, { until: ITS_END })),
    );
    assert.ok(answers.every(({ status, closed }) => status === 403 && closed));
    assert.equal(connections, before);
    await isBackToNormal();
  });

  it("uses connections to a container again", async () => {
    const before = connections;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let index = 0; index < 50; index += 1) {
      const [res] = await once(
        request({
          agent,
          host: "127.0.0.1",
          port: gateway.port,
          path: "/user/alice/x",
          headers: { cookie: gateway.cookie("alice") },
        }).end(),
        "response",
      );
      res.resume();
      await once(res, "end");
    }
    agent.destroy();
    assert.ok(connections - before <= 1, `${connections - before} new connections`);
  });

  it("uses no more connections to one container than it may, and loses no one who waits", async () => {
    mostOpen = open;
    const text = `POST /user/alice/x HTTP/1.1\r\n${common}Content-Length: 20000\r\n\r\n${"x".repeat(20_000)}`;
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => sendRaw(gateway.port, text, { quietMs: 400 })),
    );
    assert.ok(answers.every(({ status }) => status === 200));
    assert.ok(mostOpen <= 64, `${mostOpen} connections`);
    await isBackToNormal();
  });

  it("ends connections that never finish what they say", async () => {
    const slow = await Promise.all([
      ...Array.from({ length: 50 }, () => say(gateway.port, "")),
      ...Array.from({ length: 50 }, () =>
        say(gateway.port, "GET /hub/login HTTP/1.1\r\nHost: x\r\nX-A: "),
      ),
    ]);
    using _dripping = setInterval(() => {
      for (const socket of slow.slice(50)) socket.write("y");
    }, 500);
    for (const socket of slow) socket.resume();
    // Others are served meanwhile.
    assert.equal(
      (await sendRaw(gateway.port, `GET /user/alice/x HTTP/1.1\r\n${common}\r\n`)).status,
      200,
    );
    assert.ok(
      slow.every((socket) => !socket.destroyed),
      "it was served once they had gone",
    );
    // Node's own limit for a head would end them after a minute.
    assert.ok(await eventually(() => slow.every((socket) => socket.destroyed), 40_000));
    await isBackToNormal();
  });

  it("reads little of what is refused", async () => {
    const socket = await say(
      gateway.port,
      `PUT /user/alice/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n`,
    );
    let sent = 0;
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    assert.ok(await eventually(() => answer !== ""));
    const piece = Buffer.alloc(64 * 1024);
    while (!socket.destroyed && sent < 200 * MEBIBYTE) {
      const more = socket.write(piece);
      sent += piece.length;
      if (!more)
        await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
    }
    assert.ok(socket.destroyed);
    assert.ok(sent < 20 * MEBIBYTE, `${sent} bytes`);
    assert.match(answer, /^HTTP\/1\.1 403/);
    await isBackToNormal();
  });
});

describe("a gateway that may open no more", () => {
  it("sheds load, and is well again when it passes", async () => {
    await using gateway = await GatewayProcess.start({ descriptors: 80 });
    await using upstream = await RawServer.start((socket) => {
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"));
    });
    await gateway.run("alice", upstream.port);
    const head = `Host: 127.0.0.1:${gateway.port}\r\nCookie: ${gateway.cookie("alice")}\r\n`;
    const text = `GET /user/alice/x HTTP/1.1\r\n${head}\r\n`;
    assert.equal((await sendRaw(gateway.port, text)).status, 200);
    const idle = await Promise.all(Array.from({ length: 200 }, () => say(gateway.port, "")));
    const refused = await sendRaw(gateway.port, text, { quietMs: 500, longestMs: 1000 });
    assert.notEqual(refused.status, 200);
    for (const socket of idle) socket.destroy();
    // It takes a moment until it has heard of that.
    const end = performance.now() + 30_000;
    while ((await sendRaw(gateway.port, text)).status !== 200) {
      assert.ok(performance.now() < end, "it serves nobody");
      await sleep(100);
    }
    assert.ok(gateway.isAlive);
    assert.ok((await gateway.settlesAt(40)) <= 40);
  });
});

describe("a large body", () => {
  it("waits for its reader: memory stays flat both ways", async () => {
    await using gateway = await GatewayProcess.start();
    const size = 256 * MEBIBYTE;
    let received = 0;
    let isReading = false;
    const server = createServer((req, res) => {
      if (req.method === "GET") {
        res.writeHead(200, { "content-length": size });
        let sent = 0;
        const pump = (): void => {
          while (sent < size) {
            sent += MEBIBYTE;
            if (!res.write(Buffer.alloc(MEBIBYTE))) return void res.once("drain", pump);
          }
          res.end();
        };
        pump();
        return;
      }
      req.on("data", (chunk: Buffer) => (received += chunk.length));
      req.on("end", () => res.end(String(received)));
      if (!isReading) {
        req.pause();
        setTimeout(() => req.resume(), 1500);
      }
      isReading = true;
    });
    await gateway.run("alice", await listening(server));
    const headers = { cookie: gateway.cookie("alice"), "x-xsrftoken": XSRF };
    const target = { host: "127.0.0.1", port: gateway.port, path: "/user/alice/big" };
    await sendRaw(gateway.port, `GET /user/alice/x HTTP/1.1\r\nHost: x\r\n\r\n`);
    const { memoryBytes } = await gateway.counts();
    let most = memoryBytes;
    const look = async (): Promise<void> => {
      most = Math.max(most, (await gateway.counts()).memoryBytes);
    };

    const [res] = await once(request({ ...target, headers }).end(), "response");
    await sleep(1500);
    await look();
    let got = 0;
    for await (const chunk of res) got += chunk.length;
    assert.equal(got, size);
    await look();

    const upload = request({
      ...target,
      method: "PUT",
      headers: { ...headers, "content-length": size },
    });
    const answered = once(upload, "response");
    for (let sent = 0; sent < size; sent += MEBIBYTE) {
      if (!upload.write(Buffer.alloc(MEBIBYTE))) await once(upload, "drain");
      if (sent % (64 * MEBIBYTE) === 0) await look();
    }
    upload.end();
    const [answer] = await answered;
    assert.equal(answer.statusCode, 200);
    answer.resume();
    assert.equal(received, size);
    await look();
    // Some 60, as the collector finds the time; who kept the bodies would have all of them.
    assert.ok(
      most - memoryBytes < size / 2,
      `${Math.round((most - memoryBytes) / MEBIBYTE)} MiB more`,
    );
    server.closeAllConnections();
    server.close();
  });
});

describe("a container", () => {
  it("may answer an upload before it is through", async () => {
    await using gateway = await GatewayProcess.start();
    await using upstream = await RawServer.start((socket) => {
      socket.once("data", () =>
        socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge"),
      );
    });
    await gateway.run("alice", upstream.port);
    const head = `Host: 127.0.0.1:${gateway.port}\r\nCookie: ${gateway.cookie("alice")}\r\nX-XSRFToken: ${XSRF}\r\n`;
    const text = `POST /user/alice/x HTTP/1.1\r\n${head}Content-Length: 10000000\r\n\r\n${"x".repeat(100_000)}`;
    const answer = await sendRaw(gateway.port, text, { until: (said) => said.endsWith("large") });
    assert.equal(answer.status, 413);
    assert.match(answer.text, /large$/);
    assert.ok(await eventually(() => upstream.open === 0));
  });

  it("may take its time to begin", async () => {
    await using gateway = await GatewayProcess.start();
    await using upstream = await RawServer.start((socket) => {
      socket.once("data", () => {
        setTimeout(() => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"), 6000);
      });
    });
    await gateway.run("alice", upstream.port);
    const head = `Host: 127.0.0.1:${gateway.port}\r\nCookie: ${gateway.cookie("alice")}\r\n`;
    const answer = await sendRaw(gateway.port, `GET /user/alice/x HTTP/1.1\r\n${head}\r\n`);
    assert.equal(answer.status, 200);
    assert.equal((await gateway.counts()).unreachable, 0);
  });

  it("sends events as they come, the head first", { timeout: 60_000 }, async () => {
    await using gateway = await GatewayProcess.start();
    let stream: Socket | undefined;
    await using upstream = await RawServer.start((socket) => {
      socket.once("data", () => {
        stream = socket;
        socket.write(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
      });
    });
    await gateway.run("alice", upstream.port);
    const [res] = await once(
      request({
        host: "127.0.0.1",
        port: gateway.port,
        path: "/user/alice/events",
        headers: { cookie: gateway.cookie("alice") },
      }).end(),
      "response",
    );
    stream?.write("9\r\ndata: 1\n\n\r\n");
    const [event] = await once(res, "data");
    assert.equal(String(event), "data: 1\n\n");
    // Signing out ends what is under way, too.
    res.on("error", () => undefined);
    const closed = new Promise((resolve) => res.on("close", resolve));
    await gateway.signOut("alice");
    await closed;
    assert.ok(await eventually(() => upstream.open === 0));
  });

  it("that closes a kept connection costs nobody an answer", async () => {
    await using gateway = await GatewayProcess.start();
    const perConnection = new WeakMap<Socket, number>();
    await using upstream = await RawServer.start((socket) => {
      socket.on("data", () => {
        const count = (perConnection.get(socket) ?? 0) + 1;
        perConnection.set(socket, count);
        // The second request meets a connection that is just being closed.
        if (count === 2) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
      });
    });
    await gateway.run("alice", upstream.port);
    const head = `Host: 127.0.0.1:${gateway.port}\r\nCookie: ${gateway.cookie("alice")}\r\nX-XSRFToken: ${XSRF}\r\n`;
    for (let index = 0; index < 6; index += 1) {
      const answer = await sendRaw(gateway.port, `GET /user/alice/x HTTP/1.1\r\n${head}\r\n`, {
        quietMs: 100,
      });
      assert.equal(answer.status, 200);
    }
    // What may change something is not sent twice.
    const post = `POST /user/alice/x HTTP/1.1\r\n${head}Content-Length: 0\r\n\r\n`;
    const statuses = [];
    for (let index = 0; index < 4; index += 1) {
      statuses.push((await sendRaw(gateway.port, post, { quietMs: 100 })).status);
    }
    assert.ok(statuses.includes(503), String(statuses));
  });
});
