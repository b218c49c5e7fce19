import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTarget, queryValues } from "#src/entrypoint/target.ts";
import { fc } from "#test/support/property.ts";

const BASES = ["/", "/jupyterhub/", "/a/b/"];

describe("a server's address", () => {
  for (const base of BASES) {
    it(`is taken apart below ${base}`, () => {
      const address = `${base}user/maria.l@x/api/contents/a%2Fb//c?x=1&y=%2e%2e`;
      assert.deepEqual(parseTarget(address, base), {
        is: "server",
        name: "maria.l@x",
        prefix: `${base}user/maria.l@x/`,
        rest: "api/contents/a%2Fb//c",
        address,
        query: "x=1&y=%2e%2e",
        forward: address,
      });
    });

    it(`is completed with its slash below ${base}`, () => {
      assert.deepEqual(parseTarget(`${base}user/alice?a=b`, base), {
        is: "moved",
        status: 301,
        location: `${base}user/alice/?a=b`,
      });
    });
  }

  it("has one spelling; others lead to it", () => {
    for (const spelling of ["ALICE", "%61lice", "Alic%C3%A9", "%EF%BC%A1lice", "alice%20"]) {
      assert.deepEqual(parseTarget(`/user/${spelling}/lab//x?y`, "/"), {
        is: "moved",
        status: 302,
        location: "/user/alice/lab//x?y",
      });
    }
  });

  it("is nobody's when no one can have that name", () => {
    for (const name of [
      "-rf",
      "a:b",
      "a%20b",
      "%D0%B0dmin",
      "hub",
      "a".repeat(65),
      "__proto__",
      "constructor",
    ]) {
      assert.equal(parseTarget(`/user/${name}/`, "/").is, "nobody", name);
    }
  });

  it("may have slashes in the name of a class, and nowhere else in the hub", () => {
    for (const base of BASES) {
      const is = (path: string): string => parseTarget(`${base}hub/api/${path}`, base).is;
      for (const path of ["groups/7%2Fb", "groups/%2f%2Fx/users", "groups/a%2Fb/properties?c"]) {
        assert.equal(is(path), "hub", path);
      }
      for (const path of [
        "groups//users",
        "groups/",
        "groups/a/users%2Fb",
        "groups/a%2F..%2Fb",
        "groups/%2E%2E/users",
        "groupsx/a%2Fb",
        "users/a%2Fb",
      ]) {
        assert.equal(is(path), path === "groups/" ? "hub" : "refused", path);
      }
    }
  });

  it("belongs to the hub without a name", () => {
    for (const path of ["/user", "/user/", "/users/alice/", "/xuser/alice/", "/USER/alice/"]) {
      assert.equal(parseTarget(path, "/").is, "hub", path);
    }
  });

  it("is not looked for outside the base path", () => {
    assert.equal(parseTarget("/user/alice/", "/jupyterhub/").is, "hub");
    assert.equal(parseTarget("/jupyterhub/user/alice/", "/").is, "hub");
  });
});

describe("what goes on to the container", () => {
  const forwarded = (address: string): string => {
    const target = parseTarget(address, "/");
    assert.equal(target.is, "server");
    return target.is === "server" ? target.forward : "";
  };

  it("carries no token", () => {
    assert.equal(forwarded("/user/alice/x?token=s"), "/user/alice/x");
    assert.equal(forwarded("/user/alice/x?token=s&"), "/user/alice/x");
    assert.equal(forwarded("/user/alice/x?&token"), "/user/alice/x");
    assert.equal(forwarded("/user/alice/x?a=1&token=s&b=2"), "/user/alice/x?a=1&b=2");
    assert.equal(forwarded("/user/alice/x?%74oken=s&b"), "/user/alice/x?b");
    assert.equal(forwarded("/user/alice/x?mytoken=s&tokens=t"), "/user/alice/x?mytoken=s&tokens=t");
  });

  it("is otherwise the same, question marks and all", () => {
    for (const address of ["/user/alice/x?a?b??", "/user/alice/?&", "/user/alice/a;b=c/~x'()|"]) {
      assert.equal(forwarded(address), address);
    }
    assert.equal(forwarded("/user/alice/lab?"), "/user/alice/lab");
  });
});

describe("a refused target", () => {
  const refused = [
    ["absolute form", "http://evil/user/alice/"],
    ["asterisk", "*"],
    ["authority", "evil:80"],
    ["nothing", ""],
    ["no slash", "user/alice/"],
    ["dot segment", "/user/alice/../bob/"],
    ["dot segment at the end", "/user/alice/.."],
    ["one dot", "/user/./alice/"],
    ["encoded dots", "/user/alice/%2e%2E/bob/"],
    ["half encoded dots", "/user/alice/.%2e/bob/"],
    ["dots between encoded slashes", "/user/alice/..%2fbob/"],
    ["dots behind an encoded slash", "/user/alice/x%2F../bob"],
    ["backslash", "/user/alice/..\\bob/"],
    ["encoded backslash", "/user/alice/a%5Cb"],
    ["NUL", "/user/alice/a%00b"],
    ["encoded line feed", "/user/alice/a%0ab"],
    ["encoded delete", "/user/alice/%7f"],
    ["fragment", "/user/alice/#x"],
    ["space", "/user/alice/a b"],
    ["control character", "/user/alice/\u0001"],
    ["bare line feed in the query", "/user/alice/?a\nb"],
    ["cut percent", "/user/alice/a%2"],
    ["bad percent", "/user/alice/%zz"],
    ["overlong UTF-8", "/user/alice/%c0%ae%c0%ae/bob"],
    ["cut UTF-8", "/user/alice/%c3"],
    ["byte beyond ASCII", "/user/alic\u00e9/"],
    ["double slash first", "//user/alice/"],
    ["double slash before the name", "/user//alice/"],
    ["encoded slash in the name", "/user/alice%2fbob/"],
    ["encoded slash before the name", "/user/%2Falice/"],
    ["double slash in a hub page", "/hub//login"],
    ["encoded slash in a hub page", "/hub/api/users/a%2fb"],
  ] as const;
  for (const [why, url] of refused) {
    it(why, () => assert.deepEqual(parseTarget(url, "/"), { is: "refused" }));
  }

  it("is not one that only its container has to understand", () => {
    for (const rest of [
      "a%2Fb",
      "a//b",
      "...",
      "..a",
      "%252e%252e/x",
      "a;b",
      "x?q=100%",
      "x?a\\b",
    ]) {
      assert.equal(parseTarget(`/user/alice/${rest}`, "/").is, "server", rest);
    }
  });

  it("is not one that leads on to a server", () => {
    for (const path of [
      "/hub/user/alice/a%2Fb//c",
      "/hub/user-redirect/lab/tree/a%2Fb",
      "/user-redirect/lab/tree/a%2Fb",
    ]) {
      assert.equal(parseTarget(path, "/").is, "hub", path);
    }
  });
});

/** Every way of writing “go up to bob” that threats know of, put in each place of an address. */
function generatedTargets(victim: string): string[] {
  const ups = [
    "..",
    ".",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "..%2f",
    "..%5c",
    "..\\",
    "..;",
    "..%00",
    "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae",
    "\u2025",
    "%ef%bc%8e%ef%bc%8e",
    "..%09",
    "..%0d%0a",
    "....//",
    "..%c0%af",
  ];
  const slashes = ["/", "//", "%2f", "%2F", "\\", "%5c", "/./", "/%2e/", ";/", "%c0%af"];
  const targets = ups.flatMap((up) =>
    slashes.flatMap((slash) => [
      `/user/alice${slash}${up}${slash}${victim}/`,
      `/user/alice/lab${slash}${up}${slash}${up}${slash}${victim}/api`,
    ]),
  );
  const spellings = [
    `/user/${victim}/`,
    `/USER/${victim}/`,
    `//user/${victim}/`,
    `/./user/${victim}/`,
    `/user/./${victim}/`,
    `/user//${victim}/`,
    `/user;/${victim}/`,
    `/user/${victim};x/`,
    `/user/${victim}%00/`,
    `/user/${victim}%20/`,
    `/user/%2f${victim}/`,
    `/user/${victim}%2flab`,
    `/user/${victim}%5clab`,
    `http://h/user/${victim}/`,
    `//h/user/${victim}/`,
    `/user/alice?/../${victim}/`,
    `/user/alice#/../${victim}/`,
    `/user/alice@${victim}/`,
    `/user/${victim.toUpperCase()}/`,
    `/user/ ${victim}/`,
    `/user/${victim}\u00ad/`,
    `/%75ser/${victim}/`,
    `/user/${encodeURIComponent(victim).replace(/^./, (c) => `%${c.charCodeAt(0).toString(16)}`)}/`,
    `/hub/../user/${victim}/`,
    `/hub/%2e%2e/user/${victim}/`,
    `*`,
    `/user/${victim}`,
    `/user/${victim}/../${victim}/`,
  ];
  return [...targets, ...spellings];
}

describe("spellings of another one's address", () => {
  it("are more than three hundred, and reach nobody but who is named", () => {
    for (const victim of ["bob", "alice"]) {
      const targets = generatedTargets(victim);
      assert.ok(targets.length >= 300, String(targets.length));
      for (const url of targets) {
        const target = parseTarget(url, "/");
        if (target.is !== "server") continue;
        // What a server would make of the forwarded path, were it to resolve it, stays below the prefix.
        const resolved = new URL(target.forward, "http://upstream").pathname;
        assert.ok(resolved.startsWith(`/user/${target.name}/`), url);
        assert.ok(target.forward.startsWith(target.prefix), url);
      }
    }
  });
});

describe("any string at all", () => {
  const piece = fc.constantFrom(
    ..."/ // . .. %2e %2f %5c %00 %zz % \\ ; ? # & = token _xsrf user hub alice bob ALICE %61 a%20 \u00e9 : @ http: * ~ + \t".split(
      " ",
    ),
  );
  const soup = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(""));
  const url = fc.oneof(
    soup,
    soup.map((s) => `/user/alice/${s}`),
    soup.map((s) => `/user/${s}`),
    fc.string(),
  );

  it("is refused, the hub's, or a server's at exactly one place", () => {
    fc.assert(
      fc.property(url, fc.constantFrom(...BASES), (text, base) => {
        const target = parseTarget(text, base);
        if (target.is === "moved") {
          assert.match(target.location, /^\/(?![/\\])/);
          assert.ok(target.location.startsWith(`${base}user/`));
          const there = parseTarget(target.location, base);
          assert.ok(there.is === "server" || there.is === "moved", text);
        }
        if (target.is !== "server") return;
        assert.equal(target.prefix, `${base}user/${target.name}/`);
        assert.ok(target.forward.startsWith(target.prefix));
        assert.equal(
          new URL(target.forward, "http://u").pathname,
          target.forward.split("?")[0]?.replaceAll('"', "%22"),
        );
        assert.deepEqual(queryValues(target.forward.split("?").slice(1).join("?"), "token"), []);
        const again = parseTarget(target.forward, base);
        assert.equal(again.is === "server" ? again.forward : "", target.forward);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("a field of a query", () => {
  it("is found under its decoded name, as often as it is there", () => {
    assert.deepEqual(queryValues("_xsrf=a%7Cb&x=1&%5Fxsrf=c+d&_xsrf", "_xsrf"), ["a|b", "c d"]);
    assert.deepEqual(queryValues("", "_xsrf"), []);
    assert.deepEqual(queryValues("_xsrf=%zz", "_xsrf"), ["%zz"]);
  });
});
