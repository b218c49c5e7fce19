import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  HUB_COOKIE,
  SITE_COOKIE,
  XSRF_COOKIE,
  clearCookie,
  parseCookies,
  serializeCookie,
} from "#src/session/cookies.ts";
import { makeSecret } from "#src/stores/ids.ts";
import { fc } from "#test/support/property.ts";

describe("cookies that a browser sends", () => {
  it("are read whatever else is among them", () => {
    const cookies = parseCookies(
      `a=1; ${HUB_COOKIE}=abc; =nothing; novalue;;  ${XSRF_COOKIE} = 2|x|y=z ; b="quoted"; username-box="{}"`,
    );
    assert.equal(cookies.get(HUB_COOKIE), "abc");
    assert.equal(cookies.get(XSRF_COOKIE), "2|x|y=z");
    assert.equal(cookies.get("b"), '"quoted"');
    assert.equal(cookies.get("novalue"), undefined);
    assert.equal(parseCookies(undefined).size, 0);
    assert.equal(parseCookies("").size, 0);
  });

  it("count as none when one of ours comes twice, also with the same value or thrice", () => {
    for (const name of [HUB_COOKIE, SITE_COOKIE, XSRF_COOKIE]) {
      for (const header of [
        `${name}=a; ${name}=b`,
        `${name}=a;${name}=a`,
        `${name}=a; x=1; ${name}=b; ${name}=c`,
      ]) {
        assert.equal(parseCookies(header).has(name), false, header);
      }
    }
    assert.equal(parseCookies("theirs=a; theirs=b").get("theirs"), "a");
  });

  it("have no names that an object has by itself", () => {
    const cookies = parseCookies("__proto__=1; constructor=2");
    assert.equal(cookies.get("__proto__"), "1");
    assert.equal(cookies.get("toString"), undefined);
  });

  it("are read from anything without an exception (10,000 headers)", () => {
    const piece = fc.constantFrom(
      HUB_COOKIE,
      SITE_COOKIE,
      "=",
      ";",
      " ",
      "a",
      '"',
      "\t",
      "%",
      "ÿ",
      ",",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const header = pieces.join("");
        const value = parseCookies(header).get(HUB_COOKIE);
        const count = header
          .split(";")
          .filter((pair) => pair.split("=")[0]?.trim() === HUB_COOKIE && pair.includes("=")).length;
        assert.equal(value !== undefined, count === 1, header);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe("cookies that the hub sets", () => {
  it("are written with their attributes", () => {
    const secret = makeSecret();
    assert.equal(
      serializeCookie(HUB_COOKIE, secret, { path: "/a/b/hub/", httpOnly: true, secure: true }),
      `${HUB_COOKIE}=${secret}; Path=/a/b/hub/; HttpOnly; Secure; SameSite=Lax`,
    );
    assert.equal(
      serializeCookie(XSRF_COOKIE, "t", { path: "/hub/", httpOnly: false, secure: false }),
      `${XSRF_COOKIE}=t; Path=/hub/; SameSite=Lax`,
    );
    assert.equal(
      serializeCookie("x", "", { path: "/", httpOnly: true, secure: false, maxAgeSeconds: 3600.5 }),
      "x=; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax",
    );
  });

  it("are taken back on the path on which they were set", () => {
    assert.equal(
      clearCookie(SITE_COOKIE, "/jupyterhub/"),
      `${SITE_COOKIE}=; Path=/jupyterhub/; Max-Age=0; HttpOnly; SameSite=Lax; Expires=Thu, 01 Jan 1970 00:00:00 GMT`,
    );
  });

  it("come back as they were written", () => {
    const header = ["a.b_c-d~e", "2|1:0|10", "x=y"].map((value) => {
      const [pair] = serializeCookie(XSRF_COOKIE, value, {
        path: "/",
        httpOnly: false,
        secure: false,
      }).split("; ");
      assert.equal(parseCookies(pair).get(XSRF_COOKIE), value);
      return pair;
    });
    assert.equal(header.length, 3);
  });

  it("are refused when a value or path could begin something else", () => {
    const attributes = { path: "/", httpOnly: true, secure: false };
    for (const value of [
      "a;b",
      "a b",
      "a\r\nSet-Cookie: x=y",
      "ä",
      'a"b',
      "a,b",
      "a\\b",
      "\u0000",
    ]) {
      assert.throws(() => serializeCookie("x", value, attributes), TypeError, value);
    }
    for (const name of ["", "a b", "a=b", "a;b", "ä"]) {
      assert.throws(() => serializeCookie(name, "x", attributes), TypeError, name);
    }
    for (const path of ["", "hub/", "/;Domain=x", "/ä", "/\n"]) {
      assert.throws(() => serializeCookie("x", "y", { ...attributes, path }), TypeError, path);
    }
  });
});
