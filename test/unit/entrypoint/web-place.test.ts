import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cleanReply } from "#src/entrypoint/response-headers.ts";
import {
  outsideCookiePath,
  outsideLocation,
  type WebPlace,
  withoutPrefix,
} from "#src/entrypoint/web-place.ts";

const PREFIX = "/jupyterhub/user/maria/";
const hosts = ["box.lan:8000", "10.213.0.2:5000"];
const kept: WebPlace = { prefix: PREFIX, stripsPrefix: false, hosts };
const stripped: WebPlace = { ...kept, stripsPrefix: true };

describe("the address that a web app without a prefix is asked for", () => {
  for (const [outside, inside] of [
    ["", "/"],
    ["?a=%2F", "/?a=%2F"],
    ["notes/1?x", "/notes/1?x"],
    ["/evil.example/x", "/evil.example/x"],
    ["//evil.example/x", "/evil.example/x"],
    ["a//b", "/a//b"],
  ] as const) {
    it(`is ${inside} for ${outside}`, () => {
      assert.equal(withoutPrefix(PREFIX + outside, PREFIX), inside);
    });
  }
});

describe("where a web app leads to", () => {
  for (const [location, whenStripped, whenKept = location] of [
    ["/", PREFIX],
    ["/login?next=/a", `${PREFIX}login?next=/a`],
    [`${PREFIX}login`, `${PREFIX}login`],
    ["/jupyterhub/user/maria", "/jupyterhub/user/maria"],
    ["/jupyterhub/user/mariana/", `${PREFIX}jupyterhub/user/mariana/`],
    ["notes/1", "notes/1"],
    ["?page=2", "?page=2"],
    ["", ""],
    ["http://box.lan:8000/notes", `${PREFIX}notes`, "/notes"],
    ["HTTPS://BOX.lan:8000/notes#a", `${PREFIX}notes#a`, "/notes#a"],
    ["//box.lan:8000/notes", `${PREFIX}notes`, "/notes"],
    ["http://10.213.0.2:5000", PREFIX, "/"],
    ["http://10.213.0.2:5000?a", `${PREFIX}?a`, "/?a"],
    [`http://box.lan:8000${PREFIX}x`, `${PREFIX}x`, `${PREFIX}x`],
    ["http://box.lan:8000.evil.example/x", "http://box.lan:8000.evil.example/x"],
    ["https://school.example/x", "https://school.example/x"],
  ] as const) {
    it(`is told to browsers: ${location}`, () => {
      assert.equal(outsideLocation(location, stripped), whenStripped);
      assert.equal(outsideLocation(location, kept), whenKept);
    });
  }
});

describe("the path of a web app's cookie", () => {
  for (const [path, whenStripped, whenKept] of [
    [undefined, PREFIX, PREFIX],
    ["", PREFIX, PREFIX],
    ["/", PREFIX, PREFIX],
    ["/notes", `${PREFIX}notes`, PREFIX],
    ["/../bob/", PREFIX, PREFIX],
    [`${PREFIX}x`, `${PREFIX}x`, `${PREFIX}x`],
    ["/jupyterhub/user/bob/", `${PREFIX}jupyterhub/user/bob/`, PREFIX],
    ["/jupyterhub/hub/", `${PREFIX}jupyterhub/hub/`, PREFIX],
  ] as const) {
    it(`stays below its server: ${path ?? "none"}`, () => {
      assert.equal(outsideCookiePath(path, stripped), whenStripped);
      assert.equal(outsideCookiePath(path, kept), whenKept);
    });
  }
});

describe("the reply of a web app", () => {
  const raw = [
    "Location",
    "/login",
    "Set-Cookie",
    "session=1; Path=/; HttpOnly; Domain=box.lan",
    "Set-Cookie",
    "jupyterhub-session-id=planted; Path=/",
    "Set-Cookie",
    "jupyterhub-hub-login=planted",
  ];

  it("keeps its cookies below its path, and none of ours", () => {
    const reply = cleanReply(
      { statusCode: 302, rawHeaders: raw },
      { prefix: PREFIX, rest: "files/a", web: stripped },
    );
    assert.deepEqual(reply?.headers, [
      "Location",
      `${PREFIX}login`,
      "Set-Cookie",
      `session=1; Path=${PREFIX}; HttpOnly`,
      "Content-Security-Policy",
      "frame-ancestors 'self'",
      "X-Frame-Options",
      "SAMEORIGIN",
      "Referrer-Policy",
      "same-origin",
    ]);
  });

  it("is nobody else's: Jupyter's own addresses and cookies stand as they are", () => {
    const reply = cleanReply({ statusCode: 302, rawHeaders: raw }, { prefix: PREFIX, rest: "x" });
    assert.deepEqual(reply?.headers.slice(0, 3), ["Location", "/login", "Content-Security-Policy"]);
  });
});
