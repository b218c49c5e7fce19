import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { Sessions } from "#src/session/sessions.ts";
import type { SessionId, SessionRecord, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { actorFor, consoleActor, createPeople, failureOf } from "#test/support/people.ts";
import { silentLog } from "#test/support/silent-log.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

let people: ReturnType<typeof createPeople>;
let sessions: Sessions;
let sam: UserRecord;

beforeEach(async () => {
  people = createPeople();
  sam = await people.add("sam");
  sessions = open();
});

afterEach(async () => {
  await sessions[Symbol.asyncDispose]();
});

function open(store: Store = people.store): Sessions {
  return new Sessions({
    store,
    clock: people.clock,
    idleMs: 8 * HOUR,
    maxMs: 14 * DAY,
    log: silentLog,
  });
}

/** As after a crash: what was not written is not known. */
function restart(): void {
  sessions = open();
}

function signIn(user = sam, device = "Firefox on Windows") {
  return sessions.create({ user, mustChangePassword: false, device, address: "192.168.1.20" });
}

function stored(id: SessionId): SessionRecord | undefined {
  return people.store.get("sessions", id);
}

/** Uses the session as a request does. */
function use(hubSecret: string): boolean {
  const session = sessions.byHubSecret(hubSecret);
  if (session !== undefined) sessions.touch(session.id);
  return session !== undefined;
}

describe("a session", () => {
  it("is opened by each of two unrelated secrets, of which only hashes are kept", async () => {
    const { session, hubSecret, siteSecret } = await signIn();
    assert.equal(sessions.byHubSecret(hubSecret)?.id, session.id);
    assert.equal(sessions.bySiteSecret(siteSecret)?.id, session.id);
    assert.equal(sessions.byHubSecret(siteSecret), undefined);
    assert.equal(sessions.bySiteSecret(hubSecret), undefined);
    assert.equal(Buffer.from(hubSecret, "base64url").length, 32);
    assert.equal(Buffer.from(siteSecret, "base64url").length, 32);
    const rows = JSON.stringify([...people.store.entries("sessions")]);
    assert.ok(!rows.includes(hubSecret) && !rows.includes(siteSecret));
    assert.match(session.hubSecret, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      [session.device, session.address, session.created],
      ["Firefox on Windows", "192.168.1.20", "2026-11-22T08:00:00.000Z"],
    );
  });

  it("is opened by nothing else", async () => {
    const { session, hubSecret } = await signIn();
    for (const secret of [
      "",
      "x",
      session.id,
      session.hubSecret,
      hubSecret.slice(1),
      `${hubSecret}=`,
      `${hubSecret}\n`,
      hubSecret.toUpperCase(),
      "__proto__",
      "x".repeat(1_000_000),
    ]) {
      assert.equal(sessions.byHubSecret(secret), undefined);
    }
  });

  it("is the same after a restart of the hub", async () => {
    const { session, hubSecret, siteSecret } = await signIn();
    restart();
    assert.deepEqual(sessions.byHubSecret(hubSecret), session);
    assert.deepEqual(sessions.bySiteSecret(siteSecret), session);
  });

  it("is not made for an account or password that changed since it was checked", async () => {
    await people.accounts.resetPassword(sam.id, consoleActor);
    assert.equal(await failureOf(signIn(sam)), "wrong_password");
    const now = people.accounts.byId(sam.id) ?? sam;
    await signIn(now);
    await people.accounts.remove(sam.id, consoleActor);
    assert.equal(await failureOf(signIn(now)), "wrong_password");
    assert.deepEqual([...people.store.entries("sessions")], []);
  });

  it("keeps no more of device and address than fits a line", async () => {
    const { session } = await signIn(sam, "x".repeat(100_000));
    assert.equal(session.device.length, 100);
  });
});

describe("the end of a session", () => {
  it("comes at sign-out, at once, and is told", async () => {
    const [one, other] = [await signIn(), await signIn()];
    const ended: SessionId[] = [];
    sessions.onEnded((ids) => ended.push(...ids));
    const ending = sessions.end(one.session.id, actorFor(sam));
    assert.deepEqual(ended, [one.session.id], "before anything is written");
    assert.equal(sessions.byHubSecret(one.hubSecret), undefined);
    assert.equal(sessions.bySiteSecret(one.siteSecret), undefined);
    await ending;
    assert.equal(stored(one.session.id), undefined);
    assert.equal(sessions.byHubSecret(other.hubSecret)?.id, other.session.id);
    await sessions.end(one.session.id);
    assert.equal(ended.length, 1);
    const [row] = await people.audit();
    assert.deepEqual([row?.action, row?.subjectName], ["session.signed_out", "sam"]);
  });

  it("comes for all of a person, or all but one", async () => {
    const made = [await signIn(), await signIn(), await signIn()];
    const [here] = made;
    const alex = await signIn(await people.add("alex"));
    const batches: number[] = [];
    people.store.onChange((writes) => batches.push(writes.length));
    assert.equal(
      await sessions.endAll(sam.id, {
        except: here?.session.id ?? alex.session.id,
        actor: actorFor(sam),
      }),
      2,
    );
    assert.deepEqual(batches, [3], "two rows and their audit in one batch");
    assert.equal(sessions.ofUser(sam.id).length, 1);
    assert.equal(await sessions.endAll(sam.id), 1);
    assert.equal(await sessions.endAll(sam.id), 0);
    assert.equal(sessions.byHubSecret(alex.hubSecret)?.id, alex.session.id);
    assert.equal((await people.audit())[0]?.action, "session.signed_out_everywhere");
  });

  it("comes with the batch of whoever resets, changes or removes", async () => {
    const alex = await people.add("alex");
    for (const end of [
      async () => people.accounts.resetPassword(sam.id, consoleActor),
      async () =>
        people.accounts.changePassword(
          alex.id,
          { current: "alex likes tea", next: "new words here" },
          actorFor(alex),
        ),
      async () => people.accounts.remove(alex.id, consoleActor),
    ]) {
      const both = [
        await signIn(people.accounts.byId(sam.id) ?? sam),
        await signIn(people.accounts.byId(alex.id) ?? alex),
      ];
      const told: string[] = [];
      const off = sessions.onEnded((ids) => told.push(...ids));
      // Nothing has a turn between the batch and what hears of it.
      let toldWithBatch = 0;
      const offStore = people.store.onChange(() => (toldWithBatch = told.length));
      await end();
      assert.equal(toldWithBatch, 1);
      const open = both.filter(({ hubSecret }) => sessions.byHubSecret(hubSecret) !== undefined);
      assert.equal(open.length, 1);
      assert.ok(!told.includes(open[0]?.session.id ?? ""));
      await sessions.endAll(sam.id);
      await sessions.endAll(alex.id);
      off();
      offStore();
    }
  });

  it("is not undone by a change of its record that was under way", async () => {
    const { session, hubSecret } = await signIn();
    use(hubSecret);
    await Promise.all([sessions.tidy(), sessions.end(session.id), sessions.tidy()]);
    assert.equal(stored(session.id), undefined);
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
  });

  it("is not undone by writing down when it was last used", async () => {
    const { session, hubSecret } = await signIn();
    people.clock.pass(MINUTE);
    use(hubSecret);
    await Promise.all([people.accounts.remove(sam.id, consoleActor), sessions.tidy()]);
    assert.equal(stored(session.id), undefined);
    restart();
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
  });

  it("comes to the longest unused of more than twenty of one person", async () => {
    const first = await signIn();
    const second = await signIn();
    for (let count = 0; count < 18; count += 1) {
      people.clock.pass(1000);
      await signIn();
    }
    people.clock.pass(1000);
    assert.ok(use(first.hubSecret));
    assert.equal(sessions.ofUser(sam.id).length, 20);
    const ended: SessionId[] = [];
    sessions.onEnded((ids) => ended.push(...ids));
    await signIn();
    assert.deepEqual(ended, [second.session.id]);
    assert.equal(sessions.ofUser(sam.id).length, 20);
    assert.ok(use(first.hubSecret));
  });

  it("counts although the disk refuses, and is written when it can be", async () => {
    const { session, hubSecret } = await signIn();
    const failing = new FailingStore(people.store);
    sessions = open(failing);
    failing.isFull = true;
    await sessions.end(session.id);
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
    assert.ok(stored(session.id) !== undefined);
    await sessions.tidy();
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
    failing.isFull = false;
    await sessions.tidy();
    assert.equal(stored(session.id), undefined);
  });
});

describe("a session of an own computer", () => {
  it("has no end by idleness, only by age, also over restarts", async () => {
    const { session, hubSecret } = await sessions.create({
      user: sam,
      mustChangePassword: false,
      device: "Firefox on Windows",
      address: "192.168.1.20",
      isKept: true,
    });
    assert.equal(session.isKept, true);
    people.clock.pass(13 * DAY);
    await sessions.tidy();
    restart();
    assert.ok(use(hubSecret));
    people.clock.pass(DAY + 1);
    assert.equal(use(hubSecret), false);
  });

  it("is asked for: a shared one says nothing", async () => {
    assert.equal((await signIn()).session.isKept, undefined);
  });
});

describe("the end of a session by somebody else", () => {
  it("is told as such, with the device, and once", async () => {
    const teacher = await people.add("okoro", "teacher");
    const { session } = await signIn();
    await sessions.end(session.id, actorFor(teacher));
    await sessions.end(session.id, actorFor(teacher));
    const [row, before] = await people.audit();
    assert.deepEqual(
      [row?.action, row?.actorName, row?.subject, row?.detail],
      [
        "session.ended_by_other",
        "okoro",
        sam.id,
        { device: "Firefox on Windows", address: "192.168.1.20" },
      ],
    );
    assert.notEqual(before?.action, "session.ended_by_other");
  });

  it("of all is one row with their number", async () => {
    await signIn();
    await signIn();
    await sessions.endAll(sam.id, { actor: consoleActor });
    const [row] = await people.audit();
    assert.deepEqual(
      [row?.action, row?.actor, row?.detail],
      ["session.ended_by_other", "console", { sessions: 2 }],
    );
  });
});

describe("sign-ins of other browsers", () => {
  function devicesSince(id: SessionId): string[] {
    return sessions.othersSince(id).map(({ device }) => device);
  }

  it("are those since this session began, the newest first", async () => {
    await signIn(sam, "Edge on Windows");
    people.clock.pass(1000);
    const here = await signIn();
    assert.deepEqual(devicesSince(here.session.id), []);
    people.clock.pass(1000);
    await signIn(sam, "Safari on iPhone");
    people.clock.pass(1000);
    await signIn(sam, "Chrome on Android");
    await signIn(await people.add("alex"), "Opera");
    assert.deepEqual(devicesSince(here.session.id), ["Chrome on Android", "Safari on iPhone"]);
    restart();
    assert.deepEqual(devicesSince(here.session.id), ["Chrome on Android", "Safari on iPhone"]);
  });

  it("are none from the same browser and address, but some from another address", async () => {
    const here = await signIn();
    people.clock.pass(1000);
    await signIn();
    assert.deepEqual(devicesSince(here.session.id), []);
    await sessions.create({
      user: sam,
      mustChangePassword: false,
      device: "Firefox on Windows",
      address: "192.168.1.7",
    });
    assert.equal(devicesSince(here.session.id).length, 1);
  });

  it("are forgotten when they end, and when they are known", async () => {
    const here = await signIn();
    people.clock.pass(1000);
    const other = await signIn(sam, "Safari on iPhone");
    await sessions.end(other.session.id);
    assert.deepEqual(devicesSince(here.session.id), []);
    await signIn(sam, "Safari on iPhone");
    await sessions.knowOthers(here.session.id);
    assert.deepEqual(devicesSince(here.session.id), []);
    assert.equal(stored(here.session.id)?.othersSeen, "2026-11-22T08:00:01.000Z");
    restart();
    assert.deepEqual(devicesSince(here.session.id), []);
    people.clock.pass(1000);
    await signIn(sam, "Chrome on Android");
    assert.deepEqual(devicesSince(here.session.id), ["Chrome on Android"]);
  });

  it("are told also after the wall clock was set back by years", async () => {
    const here = await signIn();
    people.clock.pass(1000);
    await sessions.knowOthers(here.session.id);
    people.clock.jump(-10 * YEAR);
    await sessions.tidy();
    restart();
    assert.deepEqual(devicesSince(here.session.id), []);
    people.clock.pass(1000);
    await signIn(sam, "Chrome on Android");
    assert.deepEqual(devicesSince(here.session.id), ["Chrome on Android"]);
  });

  it("of a session that is over are none, and cannot be known", async () => {
    const here = await signIn();
    people.clock.pass(1000);
    await signIn(sam, "Safari on iPhone");
    await sessions.end(here.session.id);
    await sessions.knowOthers(here.session.id);
    assert.deepEqual(devicesSince(here.session.id), []);
    assert.equal(stored(here.session.id), undefined);
  });
});

describe("the age of a session", () => {
  it("ends it when it was not used for eight hours, and not before", async () => {
    const { session, hubSecret, siteSecret } = await signIn();
    people.clock.pass(8 * HOUR);
    assert.ok(use(hubSecret));
    people.clock.pass(8 * HOUR + 1);
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
    assert.equal(sessions.bySiteSecret(siteSecret), undefined);
    // Dead is dead, also before it was swept out.
    sessions.touch(session.id);
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
    assert.deepEqual(sessions.ofUser(sam.id), []);
    const ended: SessionId[] = [];
    sessions.onEnded((ids) => ended.push(...ids));
    await sessions.tidy();
    assert.deepEqual(ended, [session.id]);
    assert.equal(stored(session.id), undefined);
  });

  it("ends it after fourteen days, however busy", async () => {
    const { hubSecret } = await signIn();
    for (let hours = 0; hours < 14 * 24; hours += 6) {
      assert.ok(use(hubSecret));
      people.clock.pass(6 * HOUR);
    }
    assert.ok(use(hubSecret));
    people.clock.pass(1);
    assert.equal(use(hubSecret), false);
  });

  it("is written down once a minute, in one batch for all", async () => {
    const made = [await signIn(), await signIn(), await signIn()];
    const batches: number[] = [];
    people.store.onChange((writes) => batches.push(writes.length));
    people.clock.pass(MINUTE);
    for (let requests = 0; requests < 1000; requests += 1) {
      for (const { hubSecret } of made) use(hubSecret);
    }
    assert.deepEqual(batches, []);
    await sessions.tidy();
    assert.deepEqual(batches, [3]);
    await sessions.tidy();
    assert.deepEqual(batches, [3], "nothing new, nothing written");
    assert.equal(stored(made[0]?.session.id ?? sessionId())?.lastSeen, "2026-11-22T08:01:00.000Z");
    assert.equal(sessions.ofUser(sam.id)[0]?.lastSeen, "2026-11-22T08:01:00.000Z");
  });

  it("goes on over a restart", async () => {
    const { hubSecret } = await signIn();
    people.clock.pass(7 * HOUR);
    restart();
    people.clock.pass(HOUR);
    assert.equal(sessions.byHubSecret(hubSecret) !== undefined, true);
    people.clock.pass(1);
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
    restart();
    assert.equal(sessions.byHubSecret(hubSecret), undefined);
  });
});

describe("a wall clock that is set", () => {
  it("forwards or backwards by years logs nobody out while the hub runs", async () => {
    for (const jump of [10 * YEAR, -10 * YEAR, -10 * YEAR, 20 * YEAR]) {
      const { hubSecret } = await signIn();
      people.clock.jump(jump);
      assert.ok(use(hubSecret));
      people.clock.pass(7 * HOUR);
      assert.ok(use(hubSecret));
      people.clock.pass(8 * HOUR + 1);
      assert.equal(use(hubSecret), false, "the idle rule holds all the same");
    }
  });

  it("logs nobody out at the next restart either", async () => {
    for (const jump of [50 * YEAR, -50 * YEAR, 3 * HOUR]) {
      const { hubSecret } = await signIn();
      people.clock.jump(jump);
      await sessions.tidy();
      restart();
      assert.ok(use(hubSecret), `jump of ${jump / YEAR} years`);
      people.clock.pass(7 * HOUR);
      restart();
      assert.ok(use(hubSecret));
    }
  });

  it("back while the hub is down logs nobody out, and lets nobody stay for ever", async () => {
    const { hubSecret } = await signIn();
    people.clock.jump(-10 * YEAR);
    restart();
    assert.ok(sessions.byHubSecret(hubSecret) !== undefined);
    people.clock.pass(8 * HOUR + 1);
    assert.equal(use(hubSecret), false);
  });
});

function sessionId(): SessionId {
  throw new Error("there is no session");
}

/** The real store, on a disk that can be full. */
class FailingStore implements Store {
  readonly #store: Store;
  isFull = false;

  constructor(store: Store) {
    this.#store = store;
  }

  get: Store["get"] = (collection, key) => this.#store.get(collection, key);
  entries: Store["entries"] = (collection, prefix) => this.#store.entries(collection, prefix);
  audit: Store["audit"] = (options) => this.#store.audit(options);
  onChange: Store["onChange"] = (listener) => this.#store.onChange(listener);
  health: Store["health"] = () => this.#store.health();
  verify: Store["verify"] = () => this.#store.verify();

  change: Store["change"] = (plan) =>
    this.isFull
      ? Promise.reject(new HubError("database_write_failed", { detail: "disk full" }))
      : this.#store.change(plan);

  close(): Promise<void> {
    return this.#store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
