import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeSegment, safeNext, withQuery } from "#src/routes/next-url.ts";
import { fc } from "#test/support/property.ts";

const own = ["http://box.lan:8000"];

describe("next=", () => {
  const kept: readonly (readonly [next: string, path: string])[] = [
    ["/hub/home", "/hub/home"],
    ["/user/maria/lab/tree/a.ipynb?x=1#top", "/user/maria/lab/tree/a.ipynb?x=1#top"],
    ["/elsewhere", "/elsewhere"],
    ["http://box.lan:8000/hub/spawn", "/hub/spawn"],
    ["HTTP://BOX.LAN:8000/hub/spawn", "/hub/spawn"],
    ["/user/mar%C3%ADa/", "/user/mar%C3%ADa/"],
    [
      "/hub/user-redirect/git-pull?repo=https%3A%2F%2Fx.example%2Fy",
      "/hub/user-redirect/git-pull?repo=https%3A%2F%2Fx.example%2Fy",
    ],
    ["/a/../hub/home", "/hub/home"],
    ["/user/sam/lab/tree/my notes.ipynb?a=b c", "/user/sam/lab/tree/my%20notes.ipynb?a=b%20c"],
    ["/user/sam/lab/tree/café ☕.ipynb", "/user/sam/lab/tree/caf%C3%A9%20%E2%98%95.ipynb"],
    ["/ /evil.example", "/%20/evil.example"],
  ];
  for (const [next, path] of kept) {
    it(`keeps ${next}`, () => assert.equal(safeNext(next, own), path));
  }

  const dropped: readonly string[] = [
    "",
    "hub/home",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    " /hub/home",
    "/%5cevil.example",
    "/%09/evil.example",
    "/%2f/evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/a/..//evil.example",
    "http://evil.example/hub/home",
    "http://box.lan:8000//evil.example",
    "http://box.lan:8000/\\evil.example",
    "http://box.lan:8000.evil.example/",
    "http://box.lan:8000@evil.example/",
    "http://box.lan/hub/home",
    "https://box.lan:8000/hub/home",
    "//box.lan:8000/hub/home",
    "javascript:alert(1)",
    "data:text/html,x",
    "/hub/\u0000home",
  ];
  for (const next of dropped) {
    it(`drops ${JSON.stringify(next)}`, () => assert.equal(safeNext(next, own), undefined));
  }

  it("never leads a browser to another host", () => {
    const part = fc.constantFrom(
      "/",
      "\\",
      ".",
      "..",
      "%2f",
      "%5c",
      "@",
      " ",
      ":",
      "?",
      "#",
      "a",
      "\t",
      "evil.example",
      "http:",
      "//",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const next = safeNext(parts.join(""), own);
        if (next === undefined) return;
        assert.equal(new URL(next, "http://box.lan:8000/hub/login").origin, "http://box.lan:8000");
      }),
      { numRuns: 5000 },
    );
  });
});

describe("addresses", () => {
  it("encode what a query carries and leave out what is not there", () => {
    assert.equal(withQuery("/hub/login", { next: "/a?b=c&d" }), "/hub/login?next=%2Fa%3Fb%3Dc%26d");
    assert.equal(withQuery("/hub/login", { next: undefined }), "/hub/login");
  });

  it("leave @ in a name bare, as JupyterHub does", () => {
    assert.equal(encodeSegment("ann@school.example"), "ann@school.example");
    assert.equal(encodeSegment("a/b"), "a%2Fb");
  });
});
