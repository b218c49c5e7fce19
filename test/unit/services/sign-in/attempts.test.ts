import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { HubError } from "#src/errors.ts";
import { Attempts } from "#src/services/sign-in/attempts.ts";

const HOUR_MS = 3_600_000;
let attempts: Attempts;

beforeEach(() => {
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: Date.parse("2026-11-22T08:00:00Z") });
  attempts = new Attempts();
});

afterEach(() => {
  mock.timers.reset();
});

/** Seconds to wait, `missed` or `let in`. */
async function tryAs(name: string, address: string, fits = false): Promise<number | string> {
  try {
    const result = await attempts.limit(name, address, async () => (fits ? "in" : undefined));
    return result === undefined ? "missed" : "let in";
  } catch (error) {
    assert.ok(error instanceof HubError);
    assert.equal(error.code, "too_many_attempts");
    assert.equal(error.status, 429);
    const seconds = error.params["seconds"];
    assert.equal(error.retryAfter, seconds);
    return Number(seconds);
  }
}

async function missTimes(count: number, name = "alice", address = "10.0.0.1"): Promise<void> {
  for (let tries = 0; tries < count; tries += 1) {
    assert.equal(await tryAs(name, address), "missed");
  }
}

describe("guessing a password", () => {
  it("is free five times, then waits twice as long each time, up to a minute", async () => {
    await missTimes(6);
    for (const seconds of [2, 4, 8, 16, 32, 60, 60, 60]) {
      assert.equal(await tryAs("alice", "10.0.0.1"), seconds);
      mock.timers.tick(seconds * 1000 - 1);
      assert.equal(await tryAs("alice", "10.0.0.1", true), 1, "not a moment before");
      mock.timers.tick(1);
      assert.equal(await tryAs("alice", "10.0.0.1"), "missed");
    }
  });

  it("does not wait longer for those who are impatient", async () => {
    await missTimes(6);
    for (let tries = 0; tries < 100; tries += 1) {
      assert.equal(await tryAs("alice", "10.0.0.1"), 2);
    }
    mock.timers.tick(2000);
    assert.equal(await tryAs("alice", "10.0.0.1"), "missed");
    assert.equal(await tryAs("alice", "10.0.0.1"), 4);
  });

  it("never keeps the honest person at another address out (1,000 tries from three addresses)", async () => {
    for (let tries = 0; tries < 1000; tries += 1) {
      await tryAs("alice", `10.0.0.${1 + (tries % 3)}`);
    }
    assert.equal(await tryAs("alice", "10.0.0.9", true), "let in");
  });

  it("of one account does not slow the others at the same address", async () => {
    await missTimes(6);
    assert.equal(await tryAs("bob", "10.0.0.1", true), "let in");
  });

  it("begins anew after a success, and after an hour", async () => {
    await missTimes(5);
    assert.equal(await tryAs("alice", "10.0.0.1", true), "let in");
    await missTimes(6);
    assert.equal(await tryAs("alice", "10.0.0.1"), 2);
    mock.timers.tick(HOUR_MS);
    await missTimes(6);
    assert.equal(await tryAs("alice", "10.0.0.1"), 2);
  });

  it("is forgiven everywhere when a teacher resets the password", async () => {
    await missTimes(6, "alice", "10.0.0.1");
    await missTimes(6, "alice", "10.0.0.2");
    await missTimes(6, "alice2", "10.0.0.2");
    attempts.clear("alice");
    assert.equal(await tryAs("alice", "10.0.0.1", true), "let in");
    await missTimes(6, "alice", "10.0.0.2");
    assert.equal(await tryAs("alice2", "10.0.0.2"), 2);
  });

  it("counts tries of the same moment, not those that have ended", async () => {
    let running = 0;
    const release = Promise.withResolvers<void>();
    const results = Promise.allSettled(
      Array.from({ length: 100 }, () =>
        attempts.limit("alice", "10.0.0.1", async () => {
          running += 1;
          await release.promise;
          return undefined;
        }),
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    release.resolve();
    const settled = await results;
    assert.equal(running, 6);
    assert.equal(settled.filter(({ status }) => status === "rejected").length, 94);
  });

  it("counts a try whose answer nobody waited for", async () => {
    for (let tries = 0; tries < 6; tries += 1) {
      await assert.rejects(
        attempts.limit("alice", "10.0.0.1", () => Promise.reject(new Error("went away"))),
        /went away/,
      );
    }
    assert.equal(await tryAs("alice", "10.0.0.1", true), 2);
  });
});

describe("an address", () => {
  it("that a whole class shares lets all hundred in at the bell, each with a slip", async () => {
    for (let person = 0; person < 100; person += 1) {
      assert.equal(await tryAs(`student${person}`, "10.0.0.1"), "missed");
    }
    const release = Promise.withResolvers<string>();
    const all = Array.from({ length: 100 }, (_, person) =>
      attempts.limit(`student${person}`, "10.0.0.1", () => release.promise),
    );
    release.resolve("in");
    assert.deepEqual(new Set(await Promise.all(all)), new Set(["in"]));
  });

  it("is not slowed down by signing in", async () => {
    for (let times = 0; times < 400; times += 1) {
      assert.equal(await tryAs(`student${times % 40}`, "10.0.0.1", true), "let in");
    }
  });

  it("cannot try common passwords on everybody without end", async () => {
    let missed = 0;
    for (let tries = 0; tries < 1000; tries += 1) {
      if ((await tryAs(`student${tries}`, "10.0.0.1")) === "missed") missed += 1;
    }
    assert.equal(missed, 300);
    assert.equal(await tryAs("alice", "10.0.0.1", true), 60);
    assert.equal(await tryAs("alice", "10.0.0.2", true), "let in");
    mock.timers.tick(60_000);
    assert.equal(await tryAs("alice", "10.0.0.1", true), "let in");
  });

  it("of IPv6 counts with its network, of which one subscriber has all", async () => {
    const addresses = ["2001:db8::1", "2001:DB8::2:3".toLowerCase(), "2001:db8:0:0:ffff::4"];
    for (let tries = 0; tries < 300; tries += 1) {
      assert.equal(await tryAs(`s${tries}`, addresses[tries % 3] ?? ""), "missed");
    }
    assert.equal(await tryAs("alice", "2001:db8::9:9:9:9"), 60);
    assert.equal(await tryAs("alice", "2001:db8:0:1::1", true), "let in");
  });
});

describe("the counters", () => {
  it("tell of no more than a minute when the wall clock was set back by years", async () => {
    await missTimes(6);
    mock.timers.setTime(Date.parse("2016-01-01T00:00:00Z"));
    assert.equal(await tryAs("alice", "10.0.0.1"), 60);
  });

  it("are bounded: who has not tried for the longest time is forgotten first", async () => {
    attempts = new Attempts({ maxKeys: 100 });
    await missTimes(6, "first", "10.0.0.1");
    await missTimes(6, "second", "10.0.0.2");
    for (let index = 0; index < 98; index += 1) {
      await missTimes(6, `n${index}`, `10.1.0.${index}`);
    }
    assert.equal(await tryAs("first", "10.0.0.1"), 2);
    await missTimes(1, "one more", "10.0.0.3");
    assert.equal(await tryAs("first", "10.0.0.1"), 2);
    assert.equal(await tryAs("second", "10.0.0.2"), "missed");
  });
});
