import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeSecret, makeId, hashSecret } from "#src/stores/ids.ts";
import type { SessionRecord } from "#src/stores/records.ts";
import { Csrf, checkOrigin } from "#src/session/csrf.ts";
import type { RequestContext } from "#src/session/request-context.ts";
import { MovableClock } from "#test/support/people.ts";
import { fc } from "#test/support/property.ts";

const DAY = 24 * 3_600_000;

function session(): SessionRecord {
  return {
    id: makeId<"session">(),
    userId: makeId<"user">(),
    hubSecret: hashSecret(makeSecret()),
    siteSecret: hashSecret(makeSecret()),
    created: "2026-11-22T08:00:00.000Z",
    lastSeen: "2026-11-22T08:00:00.000Z",
    mustChangePassword: false,
    device: "",
    address: "",
  };
}

describe("a form token of somebody signed in", () => {
  const csrf = new Csrf(makeSecret());
  const [mine, other] = [session(), session()];

  it("is that of the session, whatever the cookie says", () => {
    const sent = csrf.tokenOf(mine);
    assert.equal(csrf.isValid({ session: mine, sent }), true);
    assert.equal(csrf.isValid({ session: mine, sent, cookie: sent }), true);
    assert.equal(csrf.isValid({ session: mine, sent, cookie: "planted" }), true);
    assert.equal(csrf.tokenOf(mine), sent);
  });

  it("is no other", () => {
    const anonymous = csrf.anonymousToken();
    for (const sent of [
      undefined,
      "",
      "planted",
      csrf.tokenOf(other),
      anonymous,
      csrf.tokenOf(mine).slice(1),
      `${csrf.tokenOf(mine)} `,
      mine.id,
      mine.hubSecret,
      "x".repeat(1_000_000),
      new Csrf(makeSecret()).tokenOf(mine),
    ]) {
      assert.equal(csrf.isValid({ session: mine, sent, cookie: sent }), false);
    }
  });

  it("has nothing of the session's secrets or id in it", () => {
    const token = csrf.tokenOf(mine);
    assert.match(token, /^[\w-]{43}$/);
    const changed = { ...mine, hubSecret: hashSecret("x"), siteSecret: hashSecret("y") };
    assert.equal(csrf.tokenOf(changed), token);
    assert.ok(!token.includes(mine.id));
  });
});

describe("a form token of somebody who is not signed in", () => {
  const clock = new MovableClock();
  const csrf = new Csrf(makeSecret(), clock);

  it("is one made here that comes in form and cookie alike", () => {
    const token = csrf.anonymousToken();
    assert.equal(csrf.isValid({ cookie: token, sent: token }), true);
    assert.equal(csrf.isValid({ cookie: token }), false);
    assert.equal(csrf.isValid({ sent: token }), false);
    assert.equal(csrf.isValid({}), false);
    assert.equal(csrf.isValid({ cookie: csrf.anonymousToken(), sent: token }), false);
    const foreign = new Csrf(makeSecret(), clock).anonymousToken();
    for (const planted of ["", "x", "..", "a.b.c", foreign, csrf.tokenOf(session()), `${token}=`]) {
      assert.equal(csrf.isValid({ cookie: planted, sent: planted }), false, planted);
    }
  });

  it("is good for a day, also when the clock was set back meanwhile", () => {
    const token = csrf.anonymousToken();
    clock.pass(DAY - 60_000);
    assert.equal(csrf.isValid({ cookie: token, sent: token }), true);
    clock.jump(-365 * DAY);
    assert.equal(csrf.isValid({ cookie: token, sent: token }), true);
    clock.jump(365 * DAY);
    clock.pass(2 * 60_000);
    assert.equal(csrf.isValid({ cookie: token, sent: token }), false);
  });

  it("cannot be changed in any place (1,000 changes)", () => {
    const token = csrf.anonymousToken();
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.constantFrom(...Array.from("aA0._-Z9")),
        (index, character) => {
          const changed = token.slice(0, index) + character + token.slice(index + 1);
          // The last character of base64url carries two bits that are not read: it still has to be the same text.
          assert.equal(csrf.isValid({ cookie: changed, sent: changed }), changed === token);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("is refused in any other form without an exception (1,000 texts)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 120 }), (text) => {
        assert.equal(csrf.isValid({ cookie: text, sent: text }), false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the origin of a request", () => {
  const context: RequestContext = {
    id: "K7-4201",
    via: "network",
    address: "192.168.1.20",
    scheme: "http",
    host: "box.lan:8000",
    origin: "http://box.lan:8000",
    ownOrigins: ["http://box.lan:8000", "https://school.example"],
  };

  const table: readonly (readonly [
    origin: string | undefined,
    referer: string | undefined,
    own: boolean,
  ])[] = [
    ["http://box.lan:8000", undefined, true],
    ["https://school.example", undefined, true],
    ["http://box.lan:8000", "http://evil.example/", true],
    [undefined, undefined, true],
    ["null", undefined, false],
    ["null", "http://box.lan:8000/hub/login", false],
    ["", undefined, false],
    ["https://box.lan:8000", undefined, false],
    ["http://box.lan", undefined, false],
    ["http://box.lan:80", undefined, false],
    ["http://box.lan:8001", undefined, false],
    ["http://box.lan:8000/", undefined, false],
    ["http://box.lan:8000.evil.example", undefined, false],
    ["http://box.lan.evil.example", undefined, false],
    ["http://evilbox.lan:8000", undefined, false],
    ["http://BOX.LAN:8000", undefined, false],
    ["http://user@box.lan:8000", undefined, false],
    ["http://box.lan:8000, http://evil.example", undefined, false],
    ["http://school.example", undefined, false],
    ["http://evil.example", "http://box.lan:8000/", false],
    [undefined, "http://box.lan:8000/hub/login?next=%2F", true],
    [undefined, "https://school.example", true],
    [undefined, "http://box.lan:8000@evil.example/", false],
    [undefined, "http://evil.example/http://box.lan:8000/", false],
    [undefined, "http://box.lan/", false],
    [undefined, "about:blank", false],
    [undefined, "", false],
    [undefined, "box.lan:8000", false],
    [undefined, "not a url", false],
  ];
  for (const [origin, referer, own] of table) {
    it(`${own ? "is ours" : "is foreign"}: ${String(origin)} from ${String(referer)}`, () => {
      assert.equal(checkOrigin({ origin, referer }, context), own);
    });
  }

  it("is foreign for every browser where the request names no host", () => {
    const nameless = { ...context, host: "", origin: "", ownOrigins: [] };
    assert.equal(checkOrigin({ origin: "" }, nameless), false);
    assert.equal(checkOrigin({ origin: "http://box.lan:8000" }, nameless), false);
  });
});
