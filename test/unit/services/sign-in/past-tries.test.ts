import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { LocalAuthenticator } from "#src/authenticators/local.ts";
import { Attempts } from "#src/services/sign-in/attempts.ts";
import { Login, openNothing } from "#src/services/sign-in/login.ts";
import { restoreAttempts } from "#src/services/sign-in/past-tries.ts";
import { Sessions } from "#src/session/sessions.ts";
import { consoleActor, createPeople, failureOf, visitorAt } from "#test/support/people.ts";
import { silentLog } from "#test/support/silent-log.ts";

const HOUR = 3_600_000;
const never = new AbortController().signal;
let people: ReturnType<typeof createPeople>;
let login: Login;

beforeEach(async () => {
  people = createPeople();
  await people.add("sam");
  login = createLogin(people.attempts);
});

function createLogin(attempts: Attempts): Login {
  return new Login({ ...people, attempts, authenticator: new LocalAuthenticator(people) });
}

/** The hub stops as it should, and starts again. */
async function restart(): Promise<Attempts> {
  await login[Symbol.asyncDispose]();
  const attempts = new Attempts({ clock: people.clock });
  await restoreAttempts(attempts, people);
  login = createLogin(attempts);
  return attempts;
}

function signIn(password: string, address = "10.0.0.1", name = "sam", device?: string) {
  return failureOf(
    login.signIn({
      credentials: { username: name, password },
      actor: visitorAt(address),
      client: { device },
      signal: never,
      open: openNothing,
    }),
  );
}

async function miss(times: number, address?: string, name?: string, device?: string) {
  for (let tries = 0; tries < times; tries += 1) {
    assert.equal(await signIn("a guess", address, name, device), "wrong_password");
  }
}

/** As often as strangers may, and once more. */
async function missFromEverywhere(): Promise<void> {
  for (let address = 0; address < 101; address += 1) await miss(1, `10.0.1.${address}`);
}

describe("a restart of the hub", () => {
  it("forgives no misses", async () => {
    await miss(6);
    assert.equal(await signIn("sam likes tea"), "too_many_attempts");
    await restart();
    assert.equal(await signIn("sam likes tea"), "too_many_attempts");
    assert.equal(await signIn("sam likes tea", "10.0.0.2"), "no failure");
    people.clock.pass(2000);
    assert.equal(await signIn("sam likes tea"), "no failure");
  });

  it("keeps the misses of a known browser apart", async () => {
    await miss(6, "10.0.0.1", "sam", "own");
    await restart();
    assert.equal(await signIn("sam likes tea", "10.0.0.1", "sam", "own"), "too_many_attempts");
    assert.equal(await signIn("sam likes tea"), "no failure");
  });

  it("remembers misses by strangers", async () => {
    await missFromEverywhere();
    assert.equal(await signIn("sam likes tea", "10.0.0.9"), "too_many_attempts");
    await restart();
    assert.equal(await signIn("sam likes tea", "10.0.0.9"), "too_many_attempts");
  });

  it("counts summed-up misses of a name for the name", async () => {
    for (let name = 0; name < 7; name += 1) await miss(5, "10.0.0.1", `name${name}`);
    await miss(6, "10.0.0.1", "sam");
    await restart();
    const sums = (await people.audit()).filter(({ detail }) => detail?.["count"] !== undefined);
    assert.ok(sums.some(({ subjectName }) => subjectName === "sam"));
    assert.equal(await signIn("sam likes tea"), "too_many_attempts");
  });

  it("knows who signed in meanwhile, whose password was reset, and what is long ago", async () => {
    await miss(4);
    assert.equal(await signIn("sam likes tea"), "no failure");
    await restart();
    await miss(5);
    await people.accounts.resetPassword(
      people.accounts.byName("sam")?.id ?? nobody(),
      consoleActor,
    );
    await restart();
    await miss(5);
    people.clock.pass(HOUR);
    await restart();
    await miss(6);
  });

  it("knows from where people are signed in", async () => {
    const sam = people.accounts.byName("sam") ?? nobody();
    await using sessions = new Sessions({
      store: people.store,
      clock: people.clock,
      log: silentLog,
      idleMs: 8 * HOUR,
      maxMs: 14 * 24 * HOUR,
    });
    const address = "10.0.0.9";
    await sessions.create({ user: sam, mustChangePassword: false, device: "Firefox", address });
    people.clock.pass(2 * HOUR);
    await missFromEverywhere();
    await restart();
    assert.equal(await signIn("sam likes tea", "10.0.0.8"), "too_many_attempts");
    assert.equal(await signIn("sam likes tea", address), "no failure");
  });

  it("with a clock that was set by years freezes nothing", async () => {
    for (const years of [10, -10, -20]) {
      await miss(6, "10.0.0.1", `name${years + 20}`);
      people.clock.jump(years * 365 * 24 * HOUR);
      await restart();
      people.clock.pass(60_000);
      assert.equal(await signIn("sam likes tea"), "no failure");
    }
  });

  it("reads no more than the last hour of a long audit", async () => {
    await miss(1);
    people.clock.pass(HOUR);
    await miss(2);
    let read = 0;
    const counting = {
      entries: people.store.entries.bind(people.store),
      get: people.store.get.bind(people.store),
      audit: async function* (options: { limit?: number } = {}) {
        assert.equal(options.limit, 20_000);
        for await (const row of people.store.audit(options)) {
          read += 1;
          yield row;
        }
      },
    };
    await restoreAttempts(new Attempts({ clock: people.clock }), {
      clock: people.clock,
      store: counting,
    });
    assert.equal(read, 3);
  });
});

function nobody(): never {
  throw new Error("there is no such person");
}
