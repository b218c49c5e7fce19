import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { SignUpLimit } from "#src/services/accounts/sign-up-limit.ts";
import { MovableClock } from "#test/support/people.ts";

const MINUTE_MS = 60_000;
let clock: MovableClock;
let limit: SignUpLimit;

beforeEach(() => {
  clock = new MovableClock();
  limit = new SignUpLimit({ most: 3, clock });
});

/** Minutes to wait, or 0. */
function take(address: string): number {
  try {
    limit.take(address);
    return 0;
  } catch (error) {
    assert.ok(error instanceof HubError && error.code === "sign_up_limit");
    return Number(error.params["minutes"]);
  }
}

describe("accounts from one address", () => {
  it("are so many in an hour, whatever happens to the wall clock", () => {
    for (let made = 0; made < 3; made += 1) {
      assert.equal(take("10.0.0.1"), 0);
      clock.pass(10 * MINUTE_MS);
    }
    assert.equal(take("10.0.0.1"), 30);
    clock.jump(365 * 24 * 60 * MINUTE_MS);
    assert.equal(take("10.0.0.1"), 30);
    clock.pass(30 * MINUTE_MS);
    assert.equal(take("10.0.0.1"), 0);
    assert.equal(take("10.0.0.1"), 10);
  });

  it("do not count for another address", () => {
    for (let made = 0; made < 3; made += 1) take("10.0.0.1");
    assert.equal(take("10.0.0.2"), 0);
  });

  it("count together for all addresses that one subscriber has", () => {
    for (let made = 0; made < 3; made += 1) assert.equal(take(`2001:db8:1:2::${made}`), 0);
    assert.equal(take("2001:db8:1:2:aaaa::1"), 60);
    assert.equal(take("2001:db8:1:3::1"), 0);
  });

  it("that were not made after all do not count", () => {
    const takeBack = limit.take("10.0.0.1");
    take("10.0.0.1");
    take("10.0.0.1");
    takeBack();
    assert.equal(take("10.0.0.1"), 0);
    takeBack();
    assert.equal(take("10.0.0.1"), 60, "once");
  });
});
