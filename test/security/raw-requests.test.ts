/**
 * Requests that no library would send. Behind the gateway a server notes what reaches it: exactly what was
 * authorised, whatever the framing, and never a byte of alice's for bob.
 */
import assert from "node:assert/strict";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { GatewayProcess, XSRF } from "#test/support/gateway-process.ts";
import { sendRaw } from "#test/support/raw-sockets.ts";

interface Case {
  readonly what: string;
  /** Lines end with `\n` here and with CRLF on the wire; `{C}` is alice's cookie line, `{X}` her `_xsrf` header, `{H}` the host line. */
  readonly send: string | Buffer;
  /** The statuses of all answers, in order. */
  readonly answers: readonly number[];
  /** What reached alice's server, as `METHOD target body`. */
  readonly seen?: readonly string[];
  /** Sent as it is. */
  readonly raw?: boolean;
}

const GET_X = "GET /user/alice/x";
const SMUGGLED = "GET /user/alice/smuggled HTTP/1.1\nHost: x\nX-Homeroom-User: teacher\n\n";

const CASES: readonly Case[] = [
  // What is fine, so that the others mean something.
  {
    what: "a plain GET",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}\n",
    answers: [200],
    seen: [GET_X],
  },
  {
    what: "two, one after the other",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}\nGET /user/alice/y HTTP/1.1\n{H}{C}\n",
    answers: [200, 200],
    seen: [GET_X, "GET /user/alice/y"],
  },
  {
    what: "a POST with a length",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 5\n\nhello",
    answers: [200],
    seen: ["POST /user/alice/x hello"],
  },
  {
    what: "a POST in chunks",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\n\n5\nhello\n0\n\n",
    answers: [200],
    seen: ["POST /user/alice/x hello"],
  },
  {
    what: "a POST without a body",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}\n",
    answers: [200],
    seen: ["POST /user/alice/x"],
  },
  {
    what: "a DELETE as JupyterLab sends it",
    send: "DELETE /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 0\n\n",
    answers: [200],
    seen: ["DELETE /user/alice/x"],
  },
  {
    what: "an OPTIONS",
    send: "OPTIONS /user/alice/x HTTP/1.1\n{H}{C}\n",
    answers: [200],
    seen: ["OPTIONS /user/alice/x"],
  },
  {
    what: "a body that waits to be asked for",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Expect: 100-continue\nContent-Length: 2\n\nok",
    answers: [100, 200],
    seen: ["POST /user/alice/x ok"],
  },
  { what: "HTTP/1.0", send: "GET /user/alice/x HTTP/1.0\n{H}{C}\n", answers: [200], seen: [GET_X] },
  {
    what: "an empty line before the request",
    send: "\nGET /user/alice/x HTTP/1.1\n{H}{C}\n",
    answers: [200],
    seen: [GET_X],
  },

  // Where a request ends.
  {
    what: "CL.TE",
    send: `POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 6\nTransfer-Encoding: chunked\n\n0\n\nX${SMUGGLED}`,
    answers: [400],
  },
  {
    what: "TE.CL",
    send: `POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\nContent-Length: 4\n\n5c\n${SMUGGLED}\n0\n\n`,
    answers: [400],
  },
  {
    what: "two lengths",
    send: `POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 0\nContent-Length: 90\n\n${SMUGGLED}`,
    answers: [400],
  },
  {
    what: "the same length twice",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 2\nContent-Length: 2\n\nok",
    answers: [400],
  },
  {
    what: "a list of lengths",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 2, 2\n\nok",
    answers: [400],
  },
  {
    what: "a signed length",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: +2\n\nok",
    answers: [400],
  },
  {
    what: "a negative length",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: -2\n\nok",
    answers: [400],
  },
  {
    what: "a length in hex",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 0x2\n\nok",
    answers: [400],
  },
  {
    what: "an endless length",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 99999999999999999999999\n\nok",
    answers: [400],
  },
  {
    what: "an empty length",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length:\n\nok",
    answers: [400],
  },
  {
    what: "a space before the colon of the length",
    send: `POST /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length : 90\n\n${SMUGGLED}`,
    answers: [400],
  },
  {
    what: "chunks to DELETE",
    send: `DELETE /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\n\n5c\n${SMUGGLED}\n0\n\n`,
    answers: [411],
  },
  {
    what: "chunks to OPTIONS",
    send: `OPTIONS /user/alice/x HTTP/1.1\n{H}{C}Transfer-Encoding: chunked\n\n5c\n${SMUGGLED}\n0\n\n`,
    answers: [411],
  },
  {
    what: "chunks to GET",
    send: `GET /user/alice/x HTTP/1.1\n{H}{C}Transfer-Encoding: chunked\n\n5c\n${SMUGGLED}\n0\n\n`,
    answers: [411],
  },
  {
    what: "chunks to HEAD",
    send: `HEAD /user/alice/x HTTP/1.1\n{H}{C}Transfer-Encoding: chunked\n\n5c\n${SMUGGLED}\n0\n\n`,
    answers: [411],
  },
  {
    what: "chunks to DELETE in capitals",
    send: `DELETE /user/alice/x HTTP/1.1\n{H}{C}{X}TRANSFER-ENCODING: CHUNKED\n\n5c\n${SMUGGLED}\n0\n\n`,
    answers: [411],
  },
  {
    what: "a body to GET",
    send: `GET /user/alice/x HTTP/1.1\n{H}{C}Content-Length: 92\n\n${SMUGGLED}`,
    answers: [400],
  },
  {
    what: "a body to DELETE",
    send: `DELETE /user/alice/x HTTP/1.1\n{H}{C}{X}Content-Length: 92\n\n${SMUGGLED}`,
    answers: [400],
  },
  {
    what: "an encoding that is none",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: xchunked\n\n0\n\n",
    answers: [400],
  },
  {
    what: "an encoding before chunked",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: gzip, chunked\n\n0\n\n",
    answers: [400],
  },
  {
    what: "chunked twice",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\n\n",
    answers: [400],
  },
  {
    what: "chunked, and something behind it",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked, identity\n\n0\n\n",
    answers: [400],
  },
  {
    what: "identity",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: identity\nContent-Length: 2\n\nok",
    answers: [400],
  },
  {
    what: "a vertical tab before chunked",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: \u000bchunked\n\n0\n\n",
    answers: [400],
  },
  {
    what: "a space before the colon of the encoding",
    send: `DELETE /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding : chunked\n\n5c\n${SMUGGLED}\n0\n\n`,
    answers: [400],
  },
  {
    what: "chunks over HTTP/1.0",
    send: "POST /user/alice/x HTTP/1.0\n{H}{C}{X}Transfer-Encoding: chunked\n\n0\n\n",
    answers: [400],
  },
  {
    what: "a chunk size that is none",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\n\nxyz\n\n",
    answers: [400],
  },
  {
    what: "a chunk size with a sign",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\n\n+5\nhello\n0\n\n",
    answers: [400],
  },
  {
    what: "a chunk size in 0x",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\n\n0x5\nhello\n0\n\n",
    answers: [400],
  },
  {
    what: "a chunk longer than it says",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\n\n2\nhello\n0\n\n",
    answers: [400],
  },
  {
    what: "a chunk that ends with a bare line feed",
    raw: true,
    send: "POST /user/alice/x HTTP/1.1\r\n{H}{C}{X}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
    answers: [400],
  },
  {
    what: "a chunk extension of 20 KB",
    send: `POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\n\n5;a=${"b".repeat(20_000)}\nhello\n0\n\n`,
    answers: [413],
  },
  {
    what: "headers behind the chunks",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding: chunked\nTrailer: X-Homeroom-User\n\n5\nhello\n0\nX-Homeroom-User: teacher\n\n",
    answers: [200],
    seen: ["POST /user/alice/x hello"],
  },
  {
    what: "Trailer without chunks",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}Trailer: x\n\n",
    answers: [200],
    seen: [GET_X],
  },

  // How lines are written.
  {
    what: "bare line feeds",
    raw: true,
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}\n",
    answers: [400],
  },
  {
    what: "a bare line feed in a header",
    raw: true,
    send: "GET /user/alice/x HTTP/1.1\r\n{H}{C}X-A: b\nX-B: c\r\n\r\n",
    answers: [400],
  },
  {
    what: "a bare CR in a header",
    raw: true,
    send: "GET /user/alice/x HTTP/1.1\r\n{H}{C}X-A: b\rX-B: c\r\n\r\n",
    answers: [400],
  },
  {
    what: "a bare CR for an end",
    raw: true,
    send: "GET /user/alice/x HTTP/1.1\r{H}{C}\r\r",
    answers: [400],
  },
  {
    what: "a folded header",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}X-A: b\n  c\n\n",
    answers: [400],
  },
  {
    what: "a folded encoding",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Transfer-Encoding:\n chunked\n\n0\n\n",
    answers: [400],
  },
  {
    what: "a line that begins with a space",
    send: "GET /user/alice/x HTTP/1.1\n X-A: b\n{H}{C}\n",
    answers: [400],
  },
  {
    what: "a header without a colon",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}X-A\n\n",
    answers: [400],
  },
  {
    what: "a header without a name",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}: b\n\n",
    answers: [400],
  },
  {
    what: "a NUL in a header",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}X-A: b\u0000c\n\n",
    answers: [400],
  },
  {
    what: "20 KB of one header",
    send: `GET /user/alice/x HTTP/1.1\n{H}{C}X-A: ${"a".repeat(20_000)}\n\n`,
    answers: [431],
  },
  {
    what: "3,000 headers",
    send: `GET /user/alice/x HTTP/1.1\n{H}{C}${"X-A: b\n".repeat(3000)}\n`,
    answers: [431],
  },
  {
    what: "an address of 20 KB",
    send: `GET /user/alice/${"x".repeat(20_000)} HTTP/1.1\n{H}{C}\n`,
    answers: [431],
  },
  {
    what: "a header called __proto__",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}__proto__: x\nconstructor: y\nhasOwnProperty: z\n\n",
    answers: [200],
    seen: [GET_X],
  },
  {
    what: "two hosts",
    send: "GET /user/alice/x HTTP/1.1\n{H}Host: evil.example\n{C}\n",
    answers: [400],
  },
  { what: "the same host twice", send: "GET /user/alice/x HTTP/1.1\n{H}{H}{C}\n", answers: [400] },
  { what: "no host", send: "GET /user/alice/x HTTP/1.1\n{C}\n", answers: [400] },
  {
    what: "a host with a path",
    send: "GET /user/alice/x HTTP/1.1\nHost: box/user/bob\n{C}\n",
    answers: [400],
  },
  {
    what: "a host with a name before it",
    send: "GET /user/alice/x HTTP/1.1\nHost: box@evil.example\n{C}\n",
    answers: [400],
  },

  // Methods and versions.
  { what: "TRACE", send: "TRACE /user/alice/x HTTP/1.1\n{H}{C}\n", answers: [405] },
  { what: "CONNECT", send: "CONNECT bob:8888 HTTP/1.1\n{H}{C}\n", answers: [405] },
  { what: "a method of WebDAV", send: "PROPFIND /user/alice/x HTTP/1.1\n{H}{C}\n", answers: [405] },
  { what: "a method that is none", send: "EVIL /user/alice/x HTTP/1.1\n{H}{C}\n", answers: [400] },
  {
    what: "a method in small letters",
    send: "get /user/alice/x HTTP/1.1\n{H}{C}\n",
    answers: [400],
  },
  { what: "the preface of HTTP/2", send: "PRI * HTTP/2.0\n\nSM\n\n", answers: [400] },
  { what: "HTTP/0.9", send: "GET /user/alice/x\n\n", answers: [400] },
  { what: "HTTP/1.2", send: "GET /user/alice/x HTTP/1.2\n{H}{C}\n", answers: [400] },
  { what: "HTTP/3", send: "GET /user/alice/x HTTP/3.0\n{H}{C}\n", answers: [400] },
  {
    what: "two spaces before the address",
    send: "GET  /user/alice/x HTTP/1.1\n{H}{C}\n",
    answers: [200],
    seen: [GET_X],
  },
  {
    what: "an offer of HTTP/2",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: x\n\n",
    answers: [200],
    seen: [GET_X],
  },
  {
    what: "a TLS hello",
    raw: true,
    send: Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, 0x0d, 0x0a]),
    answers: [400],
  },

  // Upgrades with more behind them.
  {
    what: "a WebSocket with a body",
    send: `GET /user/alice/ws HTTP/1.1\n{H}{C}{X}Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: x\nContent-Length: 92\n\n${SMUGGLED}`,
    answers: [400],
  },
  {
    what: "a WebSocket in chunks",
    send: `GET /user/alice/ws HTTP/1.1\n{H}{C}{X}Connection: Upgrade\nUpgrade: websocket\nTransfer-Encoding: chunked\n\n0\n\n${SMUGGLED}`,
    answers: [411],
  },
  {
    what: "a WebSocket by POST",
    send: "POST /user/alice/ws HTTP/1.1\n{H}{C}{X}Connection: Upgrade\nUpgrade: websocket\nContent-Length: 0\n\n",
    answers: [200],
    seen: ["POST /user/alice/ws"],
  },
  {
    what: "a WebSocket that is not answered as one, and a request behind it",
    send: `GET /user/alice/ws HTTP/1.1\n{H}{C}{X}Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: x\n\n${SMUGGLED}`,
    answers: [502],
    seen: ["GET /user/alice/ws"],
  },
  {
    what: "a WebSocket to the hub",
    send: "GET /hub/home HTTP/1.1\n{H}{C}{X}Connection: Upgrade\nUpgrade: websocket\n\n",
    answers: [404],
  },

  // Another one's server.
  { what: "bob's", send: "GET /user/bob/x HTTP/1.1\n{H}{C}\n", answers: [404] },
  {
    what: "bob's behind alice's",
    send: "GET /user/alice/../bob/x HTTP/1.1\n{H}{C}\n",
    answers: [400],
  },
  {
    what: "bob's with a backslash",
    send: "GET /user/alice/..\\bob/x HTTP/1.1\n{H}{C}\n",
    answers: [400],
  },
  {
    what: "bob's in absolute form",
    send: "GET http://127.0.0.1/user/bob/x HTTP/1.1\n{H}{C}\n",
    answers: [400],
  },
  { what: "bob's as a host", send: "GET //user/bob/x HTTP/1.1\n{H}{C}\n", answers: [400] },
  {
    what: "bob's by another header",
    send: "GET /user/alice/x HTTP/1.1\n{H}{C}X-Original-URL: /user/bob/x\nX-Rewrite-URL: /user/bob/x\nX-Forwarded-Path: /user/bob/\n\n",
    answers: [200],
    seen: [GET_X],
  },
  {
    what: "a property of every object",
    send: "GET /__proto__/x HTTP/1.1\n{H}\nGET /constructor HTTP/1.1\n{H}\n",
    answers: [200, 200],
  },
  { what: "a bad percent", send: "GET /user/alice/%zz HTTP/1.1\n{H}{C}\n", answers: [400] },

  // Nobody, or not quite somebody.
  { what: "nobody's", send: "GET /user/alice/x HTTP/1.1\n{H}\n", answers: [302] },
  { what: "nobody's API call", send: "GET /user/alice/api/status HTTP/1.1\n{H}\n", answers: [403] },
  {
    what: "nobody's upload",
    send: "PUT /user/alice/x HTTP/1.1\n{H}Content-Length: 5\n\nhello",
    answers: [403],
  },
  {
    what: "a stranger's token",
    send: "GET /user/alice/api/status HTTP/1.1\n{H}Authorization: token the-containers-own-secret\n\n",
    answers: [403],
  },
  {
    what: "a token in the address",
    send: "GET /user/alice/api/status?token=the-containers-own-secret HTTP/1.1\n{H}\n",
    answers: [403],
  },
  {
    what: "the session twice",
    send: "GET /user/alice/api/x HTTP/1.1\n{H}{C}Cookie: jupyterhub-session-id=other\n\n",
    answers: [403],
  },
  {
    what: "a POST without a token",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}Content-Length: 5\n\nhello",
    answers: [403],
  },
  {
    what: "a POST from another origin",
    send: "POST /user/alice/x HTTP/1.1\n{H}{C}{X}Origin: http://evil.example\nContent-Length: 5\n\nhello",
    answers: [403],
  },
];

describe("a request as bytes", () => {
  let gateway: GatewayProcess;
  const seen: string[] = [];
  const seenByBob: string[] = [];
  let alice: Server;
  let bob: Server;

  before(async () => {
    gateway = await GatewayProcess.start();
    alice = await recorder(seen);
    bob = await recorder(seenByBob);
    await gateway.run("alice", portOf(alice));
    await gateway.run("bob", portOf(bob));
  });

  beforeEach(() => {
    seen.length = 0;
  });

  after(async () => {
    await gateway[Symbol.asyncDispose]();
    for (const server of [alice, bob]) {
      server.closeAllConnections();
      server.close();
    }
  });

  function bytes({ send, raw }: Case): Buffer {
    if (Buffer.isBuffer(send)) return send;
    const lines = raw === true ? send : send.replaceAll("\n", "\r\n");
    return Buffer.from(
      lines
        .replaceAll("{H}", `Host: 127.0.0.1:${gateway.port}\r\n`)
        .replaceAll("{C}", `Cookie: ${gateway.cookie("alice")}\r\n`)
        .replaceAll("{X}", `X-XSRFToken: ${XSRF}\r\n`),
      "latin1",
    );
  }

  for (const request of CASES) {
    it(`is ${request.what}`, async () => {
      const until = (text: string) => statusesIn(text).length >= request.answers.length;
      const answer = await sendRaw(gateway.port, bytes(request), { until });
      assert.ok(gateway.isAlive, "the hub's process ended");
      assert.deepEqual(statusesIn(answer.text), request.answers, answer.text.slice(0, 400));
      // Two at once go by two connections, each at its own pace.
      assert.deepEqual(seen.toSorted(), request.seen ?? []);
      assert.deepEqual(seenByBob, []);
    });
  }

  it("says which methods there are to one that is none of them", async () => {
    const send = "TRACE /user/alice/x HTTP/1.1\n{H}{C}\n";
    const answer = await sendRaw(gateway.port, bytes({ what: "", send, answers: [] }));
    assert.match(answer.text, /^Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r$/im);
  });

  it("is one of more than sixty", () => assert.ok(CASES.length >= 60, String(CASES.length)));

  it("leaves the gateway fit for the next", async () => {
    const answer = await sendRaw(
      gateway.port,
      bytes({ what: "", send: "GET /user/alice/x HTTP/1.1\n{H}{C}\n", answers: [] }),
    );
    assert.equal(answer.status, 200);
    assert.ok((await gateway.settlesAt(60)) <= 60);
  });
});

function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((found) => Number(found[1]));
}

async function recorder(seen: string[]): Promise<Server> {
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      seen.push(`${req.method} ${req.url} ${Buffer.concat(chunks).toString()}`.trim());
      assert.equal(req.headers["x-homeroom-user"], "alice");
      assert.deepEqual(req.trailers, {});
      res.end("fine");
    });
  });
  server.on("upgrade", (req, socket) => {
    seen.push(`${req.method} ${req.url}`);
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
  });
  // Whoever is asked again after a pause is not just closing.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo; // It listens on TCP.
  return address.port;
}
