import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Codes, type Grant } from "#src/session/oauth/codes.ts";
import { makeId } from "#src/stores/ids.ts";
import { MovableClock } from "#test/support/people.ts";

function grantFor(client: string, session = makeId<"session">()): Grant {
  return {
    client,
    redirectUri: undefined,
    challenge: undefined,
    userId: makeId<"user">(),
    session,
    scopes: [],
  };
}

describe("authorisation codes", () => {
  it("are taken once, by the client that they were made for", () => {
    const codes = new Codes(new MovableClock());
    const code = codes.make(grantFor("server a"));
    assert.equal(codes.take(code, "server b"), undefined);
    assert.equal(codes.take(code, "server a")?.client, "server a");
    assert.equal(codes.take(code, "server a"), undefined);
  });

  it("are over after five minutes, whatever the wall clock says", () => {
    const clock = new MovableClock();
    const codes = new Codes(clock);
    const [early, late] = [codes.make(grantFor("a")), codes.make(grantFor("a"))];
    clock.jump(-86_400_000);
    clock.pass(5 * 60_000 - 1);
    assert.ok(codes.take(early, "a"));
    clock.pass(1);
    assert.equal(codes.take(late, "a"), undefined);
  });

  it("give way to newer ones of the same session, and to no others", () => {
    const codes = new Codes(new MovableClock());
    const session = makeId<"session">();
    const other = codes.make(grantFor("a"));
    const own = Array.from({ length: 12 }, () => codes.make(grantFor("a", session)));
    const taken = own.map((code) => codes.take(code, "a") !== undefined);
    assert.deepEqual(taken, [false, false, ...Array.from({ length: 10 }, () => true)]);
    assert.ok(codes.take(other, "a"));
  });
});
