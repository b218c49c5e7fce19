import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { Attempts, type TryOptions } from "#src/services/sign-in/attempts.ts";
import { FakeClock, settle } from "#test/support/fake-clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEAR_MS = 365 * 24 * HOUR_MS;
let clock: FakeClock;
let attempts: Attempts;

beforeEach(() => {
  clock = new FakeClock();
  attempts = create();
});

function create(maxKeys = 10_000): Attempts {
  return new Attempts({ clock, timers: clock, maxKeys });
}

/** Seconds to wait, `missed`, `let in` or `too busy`. */
async function tryAs(
  name: string,
  address: string,
  fits = false,
  options: TryOptions = {},
): Promise<number | string> {
  try {
    const result = await attempts.limit(
      name,
      address,
      async () => (fits ? "in" : undefined),
      options,
    );
    return result === undefined ? "missed" : "let in";
  } catch (error) {
    assert.ok(error instanceof HubError);
    if (error.code === "too_busy") return "too busy";
    assert.equal(error.code, "too_many_attempts");
    assert.equal(error.status, 429);
    const seconds = error.params["seconds"];
    assert.equal(error.retryAfter, seconds);
    return Number(seconds);
  }
}

function signIn(name: string, address: string, fits: boolean, options: TryOptions = {}) {
  return tryAs(name, address, fits, { isSignIn: true, ...options });
}

async function missTimes(count: number, name = "alice", address = "10.0.0.1"): Promise<void> {
  for (let tries = 0; tries < count; tries += 1) {
    assert.equal(await tryAs(name, address), "missed");
  }
}

/** Time passes until it has an answer. */
async function answered<Result>(work: Promise<Result>, stepMs = 250): Promise<Result> {
  const end = new AbortController();
  const done = work.finally(() => end.abort());
  for (let steps = 0; steps < 10_000 && !end.signal.aborted; steps += 1) {
    await clock.advance(stepMs);
  }
  return done;
}

describe("guessing a password", () => {
  it("is free five times, then waits twice as long each time, up to a minute", async () => {
    await missTimes(6);
    for (const seconds of [2, 4, 8, 16, 32, 60, 60, 60]) {
      assert.equal(await tryAs("alice", "10.0.0.1"), seconds);
      await clock.advance(seconds * 1000 - 1);
      assert.equal(await tryAs("alice", "10.0.0.1", true), 1, "not a moment before");
      await clock.advance(1);
      assert.equal(await tryAs("alice", "10.0.0.1"), "missed");
    }
  });

  it("does not wait longer for those who are impatient", async () => {
    await missTimes(6);
    for (let tries = 0; tries < 100; tries += 1) {
      assert.equal(await tryAs("alice", "10.0.0.1"), 2);
    }
    await clock.advance(2000);
    assert.equal(await tryAs("alice", "10.0.0.1"), "missed");
    assert.equal(await tryAs("alice", "10.0.0.1"), 4);
  });

  it("never keeps the honest person at another address out (1,000 tries from three addresses)", async () => {
    for (let tries = 0; tries < 1000; tries += 1) {
      await signIn("alice", `10.0.0.${1 + (tries % 3)}`, false);
    }
    assert.equal(await signIn("alice", "10.0.0.9", true), "let in");
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
    await clock.advance(HOUR_MS);
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
    await settle();
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

describe("the browser in which somebody signed in before", () => {
  const own = { device: "alices browser" };

  it("is not kept out by a guesser behind the same address", async () => {
    for (let tries = 0; tries < 100; tries += 1) {
      await signIn("alice", "10.0.0.1", false);
    }
    assert.equal(await signIn("alice", "10.0.0.1", true), 2);
    assert.equal(await signIn("alice", "10.0.0.1", true, own), "let in");
    assert.equal(await signIn("alice", "10.0.0.1", false), 2, "and forgives the guesser nothing");
  });

  it("has five free misses of its own, and waits then", async () => {
    for (let tries = 0; tries < 6; tries += 1) {
      assert.equal(await signIn("alice", "10.0.0.1", false, own), "missed");
    }
    assert.equal(await signIn("alice", "10.0.0.1", true, own), 2);
    assert.equal(await signIn("alice", "10.0.0.7", true, own), 2, "wherever it is carried");
    assert.equal(await signIn("alice", "10.0.0.1", true), "let in");
  });

  it("is not held for what others miss", async () => {
    for (let tries = 0; tries < 150; tries += 1) void signIn(`name${tries}`, "10.0.0.1", false);
    await settle();
    assert.equal(await signIn("alice", "10.0.0.1", true, own), "let in");
    await clock.advance(MINUTE_MS);
  });

  it("gets in although the whole world guesses", async () => {
    for (let tries = 0; tries < 200; tries += 1) {
      await signIn("alice", `10.0.${tries}.1`, false);
    }
    assert.equal(await signIn("alice", "10.9.9.9", true), 2);
    assert.equal(await signIn("alice", "10.9.9.9", true, own), "let in");
  });
});

describe("guessing at one account from very many addresses", () => {
  async function missFromEverywhere(count: number): Promise<(number | string)[]> {
    const answers: (number | string)[] = [];
    for (let tries = 0; tries < count; tries += 1) {
      answers.push(await signIn("alice", `10.1.${Math.floor(tries / 200)}.${tries % 200}`, false));
    }
    return answers;
  }

  it("is free a hundred times in an hour, and then waits up to half a minute", async () => {
    const answers = await missFromEverywhere(101);
    assert.ok(answers.every((answer) => answer === "missed"));
    for (const seconds of [2, 4, 8, 16, 30, 30]) {
      assert.equal(await signIn("alice", "10.2.0.1", true), seconds);
      await clock.advance(seconds * 1000);
      assert.equal(await signIn("alice", `10.3.0.${seconds}`, false), "missed");
      await clock.advance(0);
    }
    await clock.advance(HOUR_MS);
    assert.equal(await signIn("alice", "10.2.0.1", true), "let in");
  });

  it("does not keep out who signed in well from their address lately", async () => {
    assert.equal(await signIn("alice", "10.0.0.9", true), "let in");
    await missFromEverywhere(200);
    assert.equal(await signIn("alice", "10.0.0.9", true), "let in");
    assert.equal(await signIn("alice", "10.0.0.8", true), 2);
    await clock.advance(15 * 24 * HOUR_MS);
    await missFromEverywhere(200);
    assert.equal(await signIn("alice", "10.0.0.9", true), 2, "fifteen days ago is not lately");
  });

  it("is forgiven when a teacher resets the password", async () => {
    await missFromEverywhere(200);
    attempts.clear("alice");
    assert.equal(await signIn("alice", "10.2.0.1", true), "let in");
  });

  it("is counted for names that nobody has as well", async () => {
    for (let tries = 0; tries < 101; tries += 1) await signIn("nobody", `10.1.0.${tries}`, false);
    assert.equal(await signIn("nobody", "10.2.0.1", false), 2);
  });

  it("does not touch what is no sign-in", async () => {
    for (let tries = 0; tries < 300; tries += 1) {
      assert.equal(
        await tryAs("!code", `10.1.${Math.floor(tries / 200)}.${tries % 200}`),
        "missed",
      );
    }
    assert.equal(await tryAs("!code", "10.2.0.1", true), "let in");
  });
});

describe("an open sign-in page", () => {
  it("of somebody new gets in although a neighbour hammers at the name", async () => {
    const guesser = { page: "the page of the guesser" };
    for (let tries = 0; tries < 1000; tries += 1) {
      await signIn("alice", "10.0.0.1", false, guesser);
    }
    assert.equal(await signIn("alice", "10.0.0.1", false, guesser), 2);
    const alice = { page: "the page of alice" };
    assert.equal(await signIn("alice", "10.0.0.1", false, alice), "missed", "a slip of the finger");
    assert.equal(await signIn("alice", "10.0.0.1", true, alice), "let in");
  });

  it("is worth two tries, and all pages of an address together twenty", async () => {
    await missTimes(6);
    for (const page of ["one", "two"]) {
      assert.equal(await signIn("alice", "10.0.0.1", false, { page }), "missed");
      assert.equal(await signIn("alice", "10.0.0.1", false, { page }), "missed");
      assert.notEqual(await signIn("alice", "10.0.0.1", false, { page }), "missed");
    }
    let missed = 0;
    for (let page = 0; page < 100; page += 1) {
      if ((await signIn("alice", "10.0.0.1", false, { page: `p${page}` })) === "missed")
        missed += 1;
    }
    assert.equal(missed, 16);
  });
});

describe("an address", () => {
  it("that a whole class shares lets all hundred in at the bell, each with a slip", async () => {
    for (let person = 0; person < 100; person += 1) {
      assert.equal(await signIn(`student${person}`, "10.0.0.1", false), "missed");
    }
    await clock.advance(MINUTE_MS);
    const release = Promise.withResolvers<string>();
    const all = Array.from({ length: 100 }, (_, person) =>
      attempts.limit(`student${person}`, "10.0.0.1", () => release.promise, { isSignIn: true }),
    );
    release.resolve("in");
    assert.deepEqual(new Set(await Promise.all(all)), new Set(["in"]));
    assert.equal(clock.timers, 0, "nobody was held");
  });

  it("is not slowed down by signing in", async () => {
    for (let times = 0; times < 400; times += 1) {
      assert.equal(await signIn(`student${times % 40}`, "10.0.0.1", true), "let in");
    }
  });

  it("with more than a hundred misses in a minute is held, twice as long each time, up to two seconds", async () => {
    for (let tries = 0; tries < 100; tries += 1) {
      assert.equal(await signIn(`name${tries}`, "10.0.0.1", false), "missed");
    }
    for (const [index, holdMs] of [250, 500, 1000, 2000, 2000].entries()) {
      let answer: number | string | undefined;
      void signIn(`more${index}`, "10.0.0.1", false).then((got) => (answer = got));
      await clock.advance(holdMs - 1);
      assert.equal(answer, undefined);
      await clock.advance(1);
      assert.equal(answer, "missed");
    }
    assert.equal(await signIn("alice", "10.0.0.2", true), "let in", "others are not");
    await clock.advance(MINUTE_MS);
    assert.equal(await signIn("alice", "10.0.0.1", true), "let in", "nor anybody a minute later");
  });

  it("lets thirty newcomers in while a guesser there sprays all names and hammers at one", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `student${index}`);
    const guesser = { page: "guesser" };
    const over = new AbortController();
    let guesses = 0;
    // Ten at a time, without a pause.
    const guessing = Array.from({ length: 10 }, async () => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        const name = round % 3 === 0 ? "student0" : (names[round % 30] ?? "");
        await signIn(round % 3 === 1 ? `unknown${round}` : name, "10.0.0.1", false, guesser);
        guesses += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (let steps = 0; steps < 500; steps += 1) await clock.advance(20);
    assert.ok(guesses > 200);
    const started = clock.monotonic();
    const answers = Promise.all(
      names.map((name) => signIn(name, "10.0.0.1", true, { page: `page of ${name}` })),
    );
    assert.deepEqual(await answered(answers), Array(30).fill("let in"));
    assert.ok(clock.monotonic() - started <= 5000, "within five seconds");
    over.abort();
    await answered(Promise.all(guessing));
  });

  it("has five held tries of one page and five hundred in all; others are asked to come back", async () => {
    for (let tries = 0; tries < 100; tries += 1) await signIn(`name${tries}`, "10.0.0.1", false);
    const page = { page: "flood" };
    const flood = Array.from({ length: 100 }, (_, index) =>
      signIn(`n${index}`, "10.0.0.1", false, page),
    );
    const botnet = Array.from({ length: 700 }, (_, index) =>
      signIn(`m${index}`, "10.0.0.1", false, { page: `page ${index}` }),
    );
    await settle();
    assert.equal(clock.timers, 500);
    const ofFlood = await answered(Promise.all(flood));
    assert.equal(ofFlood.filter((answer) => answer === "missed").length, 5);
    const ofBotnet = await answered(Promise.all(botnet));
    assert.equal(ofBotnet.filter((answer) => answer === "missed").length, 495);
    assert.ok([...ofFlood, ...ofBotnet].every((got) => got === "missed" || got === "too busy"));
    await clock.advance(MINUTE_MS);
    assert.equal(await signIn("alice", "10.0.0.1", true), "let in");
  });

  it("that is noisy has four tries evaluated at once, in the order in which they came", async () => {
    for (let tries = 0; tries < 110; tries += 1) void signIn(`name${tries}`, "10.0.0.1", false);
    await clock.advance(5000);
    const begun: number[] = [];
    const releases: (() => void)[] = [];
    const tries = Array.from({ length: 12 }, (_, index) =>
      attempts.limit(
        `n${index}`,
        "10.0.0.1",
        async () => {
          begun.push(index);
          await new Promise<void>((resolve) => releases.push(resolve));
          return "in";
        },
        { isSignIn: true },
      ),
    );
    await clock.advance(2000);
    assert.deepEqual(begun, [0, 1, 2, 3]);
    releases.shift()?.();
    await settle();
    assert.deepEqual(begun, [0, 1, 2, 3, 4]);
    for (let ended = 1; ended < 12; ended += 1) {
      releases.shift()?.();
      await settle();
    }
    assert.deepEqual(await Promise.all(tries), Array(12).fill("in"));
    assert.deepEqual(
      begun,
      Array.from({ length: 12 }, (_, index) => index),
    );
  });

  it("leaves no trace of a held try whose browser went away", async () => {
    for (let tries = 0; tries < 100; tries += 1) await signIn(`name${tries}`, "10.0.0.1", false);
    for (let round = 0; round < 600; round += 1) {
      const gone = new AbortController();
      let ran = false;
      const held = attempts.limit(
        `n${round}`,
        "10.0.0.1",
        async () => {
          ran = true;
          return undefined;
        },
        { isSignIn: true, signal: gone.signal },
      );
      gone.abort();
      await assert.rejects(held, { name: "AbortError" });
      assert.equal(ran, false);
    }
    assert.equal(clock.timers, 0);
    assert.equal(await answered(signIn("alice", "10.0.0.1", true)), "let in");
  });

  it("of IPv6 counts with its network, of which one subscriber has all", async () => {
    const addresses = ["2001:db8::1", "2001:db8::2:3", "2001:db8:0:0:ffff::4"];
    for (let tries = 0; tries < 100; tries += 1) {
      assert.equal(await signIn(`s${tries}`, addresses[tries % 3] ?? "", false), "missed");
    }
    const held = signIn("alice", "2001:db8::9:9:9:9", true);
    await settle();
    assert.equal(clock.timers, 1);
    assert.equal(await signIn("alice", "2001:db8:0:1::1", true), "let in");
    assert.equal(await answered(held), "let in");
  });
});

describe("the counters", () => {
  it("do not care how the wall clock is set", async () => {
    await missTimes(6);
    for (const jump of [-10 * YEAR_MS, 20 * YEAR_MS, -10 * YEAR_MS]) {
      clock.jump(jump);
      assert.equal(await tryAs("alice", "10.0.0.1"), 2);
    }
    await clock.advance(2000);
    assert.equal(await tryAs("alice", "10.0.0.1"), "missed");
    clock.jump(-YEAR_MS);
    await clock.advance(HOUR_MS);
    await missTimes(6);
  });

  it("are bounded: who has not tried for the longest time is forgotten first", async () => {
    attempts = create(100);
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
