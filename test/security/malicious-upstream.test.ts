/**
 * A student is an attacker on the container's side too: whatever it answers, the hub lives, the visitor has an
 * answer, and nothing stays open.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { GatewayProcess } from "#test/support/gateway-process.ts";
import { ITS_END, RawServer, eventually, sendRaw } from "#test/support/raw-sockets.ts";

interface Case {
  readonly what: string;
  /** Statuses that the visitor may get; absent: anything, the connection may just end. */
  readonly status?: readonly number[];
  readonly reply: (socket: Socket) => void | Promise<void>;
  /** Found in what the visitor gets. */
  readonly lacks?: RegExp;
  readonly has?: RegExp;
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

function says(text: string | Buffer, end = true): Case["reply"] {
  return (socket) => {
    if (end) socket.end(text);
    else socket.write(text);
  };
}

async function drips(socket: Socket, pieces: Iterable<string>, everyMs: number): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    await sleep(everyMs);
  }
  socket.destroy();
}

const CASES: readonly Case[] = [
  {
    what: "status 099",
    status: [502],
    reply: says("HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "status 000",
    status: [502],
    reply: says("HTTP/1.1 000 X\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "status 600",
    status: [502],
    reply: says("HTTP/1.1 600 X\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "status 1000",
    status: [502],
    reply: says("HTTP/1.1 1000 X\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "control characters in the reason phrase",
    status: [200, 502],
    has: /^HTTP\/1\.1 (?:200 OK|502 Bad Gateway)\r\n/,
    reply: says("HTTP/1.1 200 O\u0001K\u0008\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "a reason phrase of other bytes",
    status: [200],
    has: /^HTTP\/1\.1 200 OK\r\n/,
    reply: says(Buffer.from("HTTP/1.1 200 \xff\xfe evil\r\nContent-Length: 2\r\n\r\nok", "latin1")),
  },
  {
    what: "a NUL in a header",
    status: [502],
    reply: says("HTTP/1.1 200 OK\r\nX: a\u0000b\r\n\r\n"),
  },
  {
    what: "a bare CR in a header",
    status: [502],
    reply: says("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b=c; Path=/\r\n\r\n"),
    lacks: /set-cookie/i,
  },
  { what: "a header without a name", status: [502], reply: says("HTTP/1.1 200 OK\r\n: x\r\n\r\n") },
  {
    what: "a space in a header's name",
    status: [502],
    reply: says("HTTP/1.1 200 OK\r\nX y: x\r\n\r\n"),
  },
  {
    what: "60 KB of one header",
    status: [502],
    reply: says(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(60_000)}\r\n\r\n`),
  },
  {
    what: "2,000 headers",
    status: [502],
    reply: says(`HTTP/1.1 200 OK\r\n${"X: 12345678\r\n".repeat(2000)}\r\n`),
  },
  {
    what: "2,000 times 103, then a reply",
    status: [200],
    reply: says("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(2000) + OK),
  },
  {
    what: "2,000 times 103, then nothing",
    status: [502],
    reply: says("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(2000), false),
  },
  { what: "half a body", reply: says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf") },
  {
    what: "a reset in the middle of a body",
    reply: async (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
      await sleep(20);
      socket.resetAndDestroy();
    },
  },
  {
    what: "a chunked body that ends too soon",
    reply: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"),
  },
  {
    what: "a chunk size that is none",
    reply: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhe\r\n"),
  },
  {
    what: "101 to a plain GET",
    status: [502, 503],
    reply: says(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      false,
    ),
  },
  {
    what: "a length twice",
    status: [502],
    reply: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "two lengths",
    status: [502],
    reply: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\nok"),
  },
  {
    what: "length and chunks",
    status: [502],
    reply: says(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
  },
  {
    what: "a negative length",
    status: [502],
    reply: says("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"),
  },
  { what: "no status line", status: [502], reply: says("hello\r\n\r\n") },
  {
    what: "bytes of another protocol",
    status: [502],
    reply: says(Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])),
  },
  {
    what: "a request for an answer",
    status: [502],
    reply: says("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  },
  { what: "nothing, and the end", status: [503], reply: says("") },
  {
    what: "a reset for an answer",
    status: [503],
    reply: (socket) => void socket.resetAndDestroy(),
  },
  {
    what: "a head that drips",
    status: [502],
    // For minutes, if it is let.
    reply: (socket) => drips(socket, "HTTP/1.1 200 OK\r\nX: ".padEnd(3000, "y"), 100),
  },
  {
    what: "a body that drips",
    status: [200],
    reply: (socket) =>
      drips(
        socket,
        ["HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", ...Array<string>(20).fill("z")],
        50,
      ),
  },
  {
    what: "two replies to one request",
    status: [200],
    lacks: /evil/,
    reply: says(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
      false,
    ),
  },
  {
    what: "a reply that goes on behind its length",
    status: [502],
    lacks: /evil/,
    reply: says(`${OK}evil`),
  },
  {
    what: "a body to 204",
    status: [502],
    lacks: /evil/,
    reply: says("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil"),
  },
  {
    what: "a gzip bomb, which is the browser's to open",
    status: [200],
    has: /content-encoding: gzip/i,
    reply: (socket) => {
      const bomb = gzipSync(Buffer.alloc(20_000_000));
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
      );
      socket.end(bomb);
    },
  },
  {
    what: "trailers",
    status: [200],
    lacks: /evil/,
    reply: says(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: evil=1; Path=/\r\n\r\n",
    ),
  },
  {
    what: "a header called __proto__",
    status: [200],
    reply: says("HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\nContent-Length: 2\r\n\r\nok"),
  },
  {
    what: "a redirect to the hub's own machine, which the browser gets",
    status: [302],
    has: /location: http:\/\/127\.0\.0\.1\//i,
    reply: says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"),
  },
];

describe("a hostile container", () => {
  let gateway: GatewayProcess;
  let upstream: RawServer;
  let baseline = 0;

  before(async () => {
    gateway = await GatewayProcess.start();
    upstream = await RawServer.start((socket) => {
      socket.once("data", (head: Buffer) => {
        const index = Number(
          /^GET \/user\/alice\/case\/(\d+)/.exec(head.toString("latin1"))?.[1] ?? -1,
        );
        const found = CASES[index];
        if (found === undefined) socket.end(OK);
        else void found.reply(socket);
      });
    });
    await gateway.run("alice", upstream.port);
    await sendRaw(gateway.port, ask("warm-up"));
    baseline = (await gateway.counts()).descriptors;
  });

  after(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  function ask(path: string): string {
    return `GET /user/alice/${path} HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nCookie: ${gateway.cookie("alice")}\r\nConnection: close\r\n\r\n`;
  }

  for (const [index, { what, status, lacks, has }] of CASES.entries()) {
    it(`answers with ${what}`, async () => {
      const answer = await sendRaw(gateway.port, ask(`case/${index}`), { until: ITS_END });
      assert.ok(gateway.isAlive, "the hub's process ended");
      if (status !== undefined)
        assert.ok(status.includes(answer.status), answer.text.slice(0, 300));
      if (lacks !== undefined) assert.doesNotMatch(answer.text, lacks);
      if (has !== undefined) assert.match(answer.text, has);
      assert.ok(answer.closed, "the visitor's connection stayed open");
    });
  }

  it("has nothing left open afterwards", async () => {
    assert.ok(await eventually(() => upstream.open <= 1), `${upstream.open} connections`);
    const left = await gateway.settlesAt(baseline + 2);
    assert.ok(left <= baseline + 2, `${left} descriptors, ${baseline} before`);
    assert.equal((await sendRaw(gateway.port, ask("after"))).status, 200);
  });
});
