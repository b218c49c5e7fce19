import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, it } from "node:test";
import { createRequestContexts } from "#src/session/request-context.ts";
import { fc } from "#test/support/property.ts";

type Headers = readonly (readonly [name: string, value: string])[];

interface Asked {
  readonly peer?: string;
  readonly encrypted?: boolean;
  readonly headers?: Headers;
}

function request({
  peer = "192.168.1.20",
  encrypted = false,
  headers = [["Host", "box.lan"]],
}: Asked): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: peer === "" ? undefined : peer });
  if (encrypted) Object.defineProperty(socket, "encrypted", { value: true });
  const req = new IncomingMessage(socket);
  req.rawHeaders = headers.flat();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = req.headers[key];
    // As Node does: of these the first stays, others are joined.
    if (before === undefined) req.headers[key] = value;
    else if (key.startsWith("x-")) req.headers[key] = `${String(before)}, ${value}`;
  }
  return req;
}

function contextOf(asked: Asked, trustedProxies: readonly string[] = [], publicUrl?: string) {
  return createRequestContexts({ trustedProxies, publicUrl }).make(request(asked), "network");
}

function hostOf(host: string, encrypted = false): string {
  return contextOf({ headers: [["Host", host]], encrypted }).origin;
}

describe("the host of a request", () => {
  it("is one plain name or address, in small letters, and the origin is what a browser writes", () => {
    const table: Record<string, string> = {
      "box.lan": "http://box.lan",
      "Box.LAN:8000": "http://box.lan:8000",
      "box:80": "http://box",
      "box:443": "http://box:443",
      my_box: "http://my_box",
      "box.lan.": "http://box.lan.",
      "192.168.1.2:8000": "http://192.168.1.2:8000",
      "[fe80::1]": "http://[fe80::1]",
      "[FE80:0:0::1]:8000": "http://[fe80::1]:8000",
      "[::ffff:1.2.3.4]": "http://[::ffff:102:304]",
      "xn--bcher-kva.example": "http://xn--bcher-kva.example",
      localhost: "http://localhost",
    };
    for (const [host, origin] of Object.entries(table)) {
      assert.equal(hostOf(host), origin, host);
    }
    assert.equal(hostOf("box.lan:443", true), "https://box.lan");
    assert.equal(contextOf({ headers: [["Host", "Box.LAN:8000"]] }).host, "box.lan:8000");
  });

  it("is refused when it is anything else", () => {
    for (const host of [
      "box@evil.example",
      "user:pass@box",
      "box/path",
      "box?x",
      "box#x",
      "box\\evil",
      "box evil",
      " box",
      "box:",
      "box:0",
      "box:65536",
      "box:80a",
      "box:8000:8000",
      "box:123456",
      "a..b",
      "-box",
      ".box",
      "bücher.example",
      "box,evil",
      "box%00",
      "box\t",
      "[fe80::1",
      "fe80::1",
      "[fe80::1%eth0]",
      "[1.2.3.4]",
      "[]",
      "999.1.1.1",
      "x".repeat(300),
      "'box'",
      "<script>",
      "*",
    ]) {
      assert.throws(() => hostOf(host), { code: "bad_host" }, host);
    }
  });

  it("is refused when it comes twice", () => {
    for (const second of ["box.lan", "evil.example", ""]) {
      const headers: Headers = [
        ["Host", "box.lan"],
        ["hOsT", second],
      ];
      assert.throws(() => contextOf({ headers }), { code: "bad_host" });
    }
  });

  it("may be absent, as HTTP/1.0 has it: then no origin is ours", () => {
    const context = contextOf({ headers: [] });
    assert.deepEqual([context.host, context.origin, context.ownOrigins], ["", "", []]);
  });

  it("never leaves anything but a plain origin, or is refused (10,000 hosts)", () => {
    const piece = fc.constantFrom(
      ...Array.from("abzAZ09.-_:[]@/\\?#%$, \t;ä"),
      "box",
      "::",
      ":80",
      "evil.example",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const host = pieces.join("");
        let origin = "";
        try {
          origin = hostOf(host);
        } catch (error) {
          assert.ok(error instanceof Error && "code" in error && error.code === "bad_host", host);
          return;
        }
        if (host !== "") {
          assert.match(origin, /^http:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d+)?$/);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it("is accepted beside the public origin", () => {
    const context = contextOf({}, [], "https://School.example:443/hub/");
    assert.deepEqual(context.ownOrigins, ["http://box.lan", "https://school.example"]);
    for (const publicUrl of ["box.lan:8000", "file:///x", "school.example"]) {
      assert.throws(() => createRequestContexts({ trustedProxies: [], publicUrl }), TypeError);
    }
  });
});

describe("the address of a request", () => {
  const forwarded = (value: string): Headers => [
    ["Host", "box.lan"],
    ["X-Forwarded-For", value],
  ];

  it("is the peer's, whatever it claims", () => {
    for (const claim of ["1.2.3.4", "127.0.0.1", "unknown", ""]) {
      assert.equal(contextOf({ headers: forwarded(claim) }).address, "192.168.1.20");
      assert.equal(
        contextOf({ headers: forwarded(claim) }, ["192.168.1.2"]).address,
        "192.168.1.20",
      );
    }
    assert.equal(contextOf({ peer: "::ffff:192.168.1.20" }).address, "192.168.1.20");
    assert.equal(contextOf({ peer: "fe80::1%eth0" }).address, "fe80::1");
    assert.equal(contextOf({ peer: "" }).address, "");
  });

  it("behind trusted web servers is the last that none of them is", () => {
    const proxies = ["192.168.1.2", "10.0.0.0/8", "fd00::/8"];
    const table: readonly (readonly [peer: string, header: string, address: string])[] = [
      ["192.168.1.2", "1.2.3.4", "1.2.3.4"],
      ["::ffff:192.168.1.2", "1.2.3.4", "1.2.3.4"],
      ["192.168.1.2", "6.6.6.6, 1.2.3.4", "1.2.3.4"],
      ["192.168.1.2", "6.6.6.6,1.2.3.4, 10.9.9.9", "1.2.3.4"],
      ["10.1.2.3", "  1.2.3.4  ", "1.2.3.4"],
      ["192.168.1.2", "2001:db8::7", "2001:db8::7"],
      ["192.168.1.2", "::ffff:1.2.3.4", "1.2.3.4"],
      ["fd12::1", "1.2.3.4", "1.2.3.4"],
      ["192.168.1.2", "", "192.168.1.2"],
      ["192.168.1.2", "unknown", "192.168.1.2"],
      ["192.168.1.2", "1.2.3.4, garbage", "192.168.1.2"],
      ["192.168.1.2", "garbage, 10.0.0.5", "10.0.0.5"],
      ["192.168.1.2", "10.0.0.6, 10.0.0.5", "10.0.0.6"],
      ["192.168.1.2", "1.2.3.4:5678", "192.168.1.2"],
      ["192.168.1.2", "<script>", "192.168.1.2"],
    ];
    for (const [peer, header, address] of table) {
      assert.equal(
        contextOf({ peer, headers: forwarded(header) }, proxies).address,
        address,
        header,
      );
    }
    assert.equal(contextOf({ peer: "192.168.1.2" }, proxies).address, "192.168.1.2");
  });

  it("is found quickly in a header made to take long", () => {
    // Some hundred times what Node takes as headers: a look that goes back and forth would need many minutes.
    const long = `${" ,".repeat(1_000_000)}1.2.3.4`;
    const start = performance.now();
    assert.equal(
      contextOf({ peer: "10.0.0.1", headers: forwarded(long) }, ["10.0.0.1"]).address,
      "1.2.3.4",
    );
    assert.ok(performance.now() - start < 60_000);
  });

  it("is empty on the control socket, where nothing forwarded counts", () => {
    const contexts = createRequestContexts({ trustedProxies: ["192.168.1.2"] });
    const req = request({
      peer: "",
      headers: [
        ["Host", "localhost"],
        ["X-Forwarded-For", "1.2.3.4"],
      ],
    });
    const context = contexts.make(req, "console");
    assert.deepEqual([context.via, context.address, context.scheme], ["console", "", "http"]);
  });

  it("does not take a setting for a web server that is none", () => {
    for (const entry of [
      "",
      "box.lan",
      "1.2.3",
      "1.2.3.4/33",
      "::/129",
      "1.2.3.4/x",
      "1.2.3.4/8/8",
      "10.0.0.0/",
    ]) {
      assert.throws(() => createRequestContexts({ trustedProxies: [entry] }), TypeError, entry);
    }
  });
});

describe("the scheme of a request", () => {
  const proto = (value: string): Headers => [
    ["Host", "box.lan"],
    ["X-Forwarded-Proto", value],
  ];

  it("is that of the connection, or what a trusted web server says", () => {
    assert.equal(contextOf({}).scheme, "http");
    assert.equal(contextOf({ encrypted: true }).scheme, "https");
    assert.equal(contextOf({ headers: proto("https") }).scheme, "http");
    const trusted = ["192.168.1.20"];
    assert.equal(contextOf({ headers: proto("https") }, trusted).scheme, "https");
    assert.equal(contextOf({ headers: proto("HTTPS, http") }, trusted).scheme, "https");
    assert.equal(contextOf({ headers: proto("https") }, trusted).origin, "https://box.lan");
    for (const other of ["", "javascript", "ws", "https://evil.example"]) {
      assert.equal(contextOf({ headers: proto(other) }, trusted).scheme, "http");
    }
  });
});

describe("the id of a request", () => {
  it("can be read out, and does not come again for long", () => {
    const contexts = createRequestContexts({ trustedProxies: [] });
    const ids = new Set<string>();
    const req = request({});
    for (let count = 0; count < 50_000; count += 1) {
      ids.add(contexts.make(req, "network").id);
    }
    assert.equal(ids.size, 50_000);
    for (const id of ids) assert.match(id, /^[ACEFHJKLMNPQRTUWXY][2345679]-\d{4}$/);
  });
});

describe("the context of a request", () => {
  it("is found again by the request alone", () => {
    const contexts = createRequestContexts({ trustedProxies: [] });
    const req = request({});
    assert.throws(() => contexts.of(req), TypeError);
    const context = contexts.make(req, "network");
    assert.equal(contexts.of(req), context);
  });
});
