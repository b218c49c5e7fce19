/** Whether a port answers as a notebook does, over real sockets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { probe, probeOnce, type ProbeTarget } from "#src/spawners/docker/probe.ts";

const never = new AbortController().signal;
/** Longer than a machine ever stands still. */
const times = { timeoutMs: 60_000, patienceMs: 150 };
const open: net.Server[] = [];
const sockets = new Set<Socket>();

async function listen(server: net.Server): Promise<ProbeTarget> {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const upstream = { host: "127.0.0.1", port: address.port };
  return { upstream, kind: "jupyter", baseUrl: "/user/maria/", secret: "s3cret" };
}

/** What one look finds, when it is not too late for its own connection. */
async function heard(target: ProbeTarget): ReturnType<typeof probeOnce> {
  for (;;) {
    const result = await probeOnce(target, never);
    if (result.is !== "silent") return result;
  }
}

function jupyter(delayMs = 0): http.Server {
  return http.createServer((request, response) => {
    const isRight =
      request.url === "/user/maria/api" && request.headers.authorization === "token s3cret";
    setTimeout(() => response.writeHead(isRight ? 200 : 403).end("{}"), delayMs);
  });
}

describe("the probe of a port", () => {
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of open) server.close();
    sockets.clear();
    open.length = 0;
  });

  it("finds a Jupyter that knows the secret", async () => {
    assert.equal(await probe(await listen(jupyter()), times, never), "answering");
  });

  it("finds it soon after it begins to listen", async () => {
    const target = await listen(jupyter());
    const [server] = open;
    server?.close();
    const began = performance.now();
    let listening = 0;
    setTimeout(() => {
      const late = jupyter();
      open.push(late);
      late.listen(target.upstream.port, "127.0.0.1", () => (listening = performance.now()));
    }, 150);
    assert.equal(await probe(target, times, never), "answering");
    assert.ok(performance.now() - began > 100);
    assert.ok(performance.now() - listening < 30_000);
  });

  it("waits for one that is slow to answer", async () => {
    const target = await listen(jupyter(300));
    assert.equal(await probe(target, { ...times, patienceMs: 50 }, never), "answering");
  });

  it("tells silence when nobody listens, after its time", async () => {
    const target = await listen(jupyter());
    open[0]?.close();
    const began = performance.now();
    const short = { ...times, timeoutMs: 400 };
    assert.deepEqual(await probe(target, short, never), { is: "silent", detail: "" });
    const took = performance.now() - began;
    assert.ok(took > 250 && took < 60_000, `${took} ms`);
  });

  const garbage = {
    "another protocol": [(socket: Socket) => void socket.end("SSH-2.0-nonsense\r\n"), /not HTTP/],
    "a closed door": [(socket: Socket) => socket.destroy(), /closed the connection/],
    "a header that never ends": [
      (socket: Socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`),
      /not HTTP/,
    ],
    "an upgrade": [
      (socket: Socket) =>
        void socket.write("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
      /upgrade|not HTTP/,
    ],
    "a status out of range": [(socket: Socket) => void socket.write("HTTP/1.1 099 x\r\n\r\n"), /./],
  } as const;
  for (const [what, [behave, pattern]] of Object.entries(garbage)) {
    it(`tells garbage when what answers is ${what}, before its time`, async () => {
      const target = await listen(net.createServer(behave));
      const result = await probe(target, { ...times, patienceMs: 100 }, never);
      assert.ok(result !== "answering" && result.is === "garbage");
      assert.match(result.detail, pattern);
    });
  }

  it("tells the status of another web server, or of a Jupyter with another secret", async () => {
    const target = await listen(jupyter());
    const result = await heard({ ...target, secret: "wrong" });
    const detail = "status 403 for /user/maria/api";
    assert.deepEqual(result, { is: "garbage", detail, status: 403 });
  });

  it("is content with any page of a web app, but not with its failure", async () => {
    let status = 302;
    const paths: (string | undefined)[] = [];
    const target = await listen(
      http.createServer((request, response) => {
        paths.push(request.url);
        response.writeHead(status, { location: "/x" }).end();
      }),
    );
    assert.deepEqual(await heard({ ...target, kind: "web" }), { is: "answering" });
    status = 503;
    assert.equal((await heard({ ...target, kind: "web" })).is, "garbage");
    assert.deepEqual(paths, ["/user/maria/", "/user/maria/"]);
  });

  it("holds a web app that has nothing at its address for lost, when that is not the root", async () => {
    const asked: unknown[] = [];
    const target = await listen(
      http.createServer(({ url, headers }, response) => {
        asked.push([url, headers.authorization]);
        response.writeHead(404).end();
      }),
    );
    const lost = await probe({ ...target, kind: "web" }, times, never);
    const detail = "status 404 for /user/maria/";
    assert.deepEqual(lost, { is: "garbage", detail, status: 404 });
    asked.length = 0;
    const upstream = { ...target.upstream, kind: "web", stripsPrefix: true } as const;
    const stripped = { ...target, kind: "web", upstream } as const;
    assert.deepEqual(await heard(stripped), { is: "answering" });
    // Without the container's secret, too.
    assert.deepEqual(asked, [["/", undefined]]);
  });

  it("ends with its signal", async () => {
    const target = await listen(net.createServer(() => {}));
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const began = performance.now();
    await assert.rejects(probe(target, { timeoutMs: 60_000, patienceMs: 60_000 }, abort.signal), {
      name: "AbortError",
    });
    assert.ok(performance.now() - began < 30_000);
  });
});
