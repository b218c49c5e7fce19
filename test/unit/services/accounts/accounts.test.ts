import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { UserRecord } from "#src/stores/records.ts";
import { Sessions } from "#src/session/sessions.ts";
import {
  consoleActor,
  createPeople,
  actorFor,
  failureOf,
  visitorAt,
} from "#test/support/people.ts";
import { silentLog } from "#test/support/silent-log.ts";

let people: ReturnType<typeof createPeople>;

beforeEach(() => {
  people = createPeople();
});

async function signedIn(user: UserRecord) {
  await using sessions = new Sessions({
    store: people.store,
    clock: people.clock,
    idleMs: 1000,
    maxMs: 1000,
    log: silentLog,
  });
  const mustChangePassword = people.accounts.byId(user.id)?.password?.isFirst ?? false;
  const fresh = people.accounts.byId(user.id) ?? user;
  const { session } = await sessions.create({
    user: fresh,
    mustChangePassword,
    device: "Firefox on Windows",
    address: "192.168.1.20",
  });
  return session;
}

function sessionIds(): readonly string[] {
  return Array.from(people.store.entries("sessions"), ([key]) => key);
}

function membersOf(user: UserRecord): readonly string[] {
  return Array.from(people.store.entries("members"), ([, member]) => member)
    .filter((member) => member.userId === user.id)
    .map((member) => member.role);
}

describe("the first owner", () => {
  const owner = { name: "Teacher", displayName: "Ms Björk", password: "three small words" };

  it("is made once, and closes the set-up", async () => {
    assert.equal(people.accounts.hasOwner(), false);
    const user = await people.accounts.setUp(owner, visitorAt("192.168.1.20"));
    assert.equal(user.name, "teacher");
    assert.equal(user.displayName, "Ms Björk");
    assert.equal(user.role, "owner");
    assert.equal(user.password?.isFirst, false);
    assert.equal(people.accounts.hasOwner(), true);
    const again = people.accounts.setUp({ ...owner, name: "other" }, visitorAt("192.168.1.21"));
    assert.equal(await failureOf(again), "setup_done");
    assert.equal(people.accounts.living().length, 1);
    const [row] = await people.audit();
    assert.equal(row?.action, "setup.done");
    assert.equal(row.subject, user.id);
    assert.equal(row.address, "192.168.1.20");
  });

  it("is one of those who try at the same moment", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        people.accounts.setUp({ ...owner, name: `teacher${index}` }, visitorAt("192.168.1.20")),
      ),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(people.accounts.living().length, 1);
  });

  it("is not made with a name or password that the rules refuse", async () => {
    const [console_] = [consoleActor];
    assert.equal(
      await failureOf(people.accounts.setUp({ ...owner, name: "hub" }, console_)),
      "name_reserved",
    );
    assert.equal(
      await failureOf(people.accounts.setUp({ ...owner, password: "short" }, console_)),
      "password_too_short",
    );
    assert.equal(people.accounts.hasOwner(), false);
  });
});

describe("adding a person", () => {
  it("makes a first password, which is to be changed", async () => {
    const { user, firstPassword } = await people.accounts.add({ name: " María " }, consoleActor);
    assert.ok(firstPassword !== undefined);
    assert.equal(await people.passwords.verify(user.password?.hash, firstPassword), true);
    assert.equal(user.password?.isFirst, true);
    assert.equal(user.name, "maria");
    assert.equal(user.displayName, "María");
    assert.equal(user.role, "student");
    assert.equal(user.created, "2026-11-22T08:00:00.000Z");
    assert.deepEqual(people.accounts.byName("MARÍA"), user);
    assert.deepEqual(people.accounts.byId(user.id), user);
  });

  it("with a password makes no other, and keeps it", async () => {
    const { user, firstPassword } = await people.accounts.add(
      { name: "sam", displayName: "Sam", password: "sam likes tea" },
      consoleActor,
    );
    assert.equal(firstPassword, undefined);
    assert.equal(user.password?.isFirst, false);
  });

  it("writes the name once, however many ask for it at the same moment (50)", async () => {
    const spellings = ["maria", "MARIA", "María", " maria "];
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        people.accounts.add(
          { name: spellings[index % 4] ?? "", password: `password number ${index}` },
          consoleActor,
        ),
      ),
    );
    const won = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    assert.equal(won.length, 1);
    assert.deepEqual(people.accounts.living(), [won[0]?.user]);
    assert.ok(
      results.every(
        (result) => result.status === "fulfilled" || result.reason.code === "name_taken",
      ),
    );
    assert.equal((await people.audit()).length, 1);
  });

  it("gives numbers in order, also to those of the same moment", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `student${index}`);
    await Promise.all(names.map((name) => people.add(name)));
    const living = people.accounts.living();
    assert.deepEqual(
      living.map((user) => user.number),
      names.map((_, index) => index + 1),
    );
    assert.equal(new Set(living.map((user) => user.id)).size, 30);
  });

  it("puts students and teachers into the default class, and owners into none", async () => {
    const [student, teacher, owner] = [
      await people.add("sam"),
      await people.add("tess", "teacher"),
      await people.add("olga", "owner"),
    ];
    assert.deepEqual(membersOf(student), ["student"]);
    assert.deepEqual(membersOf(teacher), ["teacher"]);
    assert.deepEqual(membersOf(owner), []);
  });

  it("is audited without the password", async () => {
    const { firstPassword } = await people.accounts.add({ name: "sam" }, consoleActor);
    const rows = JSON.stringify(await people.audit());
    assert.match(rows, /"action":"user.added".*"subjectName":"sam".*"role":"student"/);
    assert.ok(!rows.includes(firstPassword ?? "?") && !rows.includes("plain "));
  });

  it("costs no hash when the name is taken or not allowed", async () => {
    await people.add("sam");
    const before = people.passwords.hashed;
    assert.equal(await failureOf(people.accounts.add({ name: "SAM" }, consoleActor)), "name_taken");
    assert.equal(await failureOf(people.accounts.add({ name: "" }, consoleActor)), "name_empty");
    assert.equal(people.passwords.hashed, before);
  });

  it("treats the names of JavaScript's own things as any other", async () => {
    for (const name of ["tostring", "valueof", "hasownproperty", "isprototypeof"]) {
      assert.equal(people.accounts.byName(name), undefined);
      assert.equal((await people.add(name)).name, name);
    }
    assert.equal(people.accounts.byName("constructor"), undefined);
    assert.equal(people.accounts.byName("__proto__"), undefined);
  });
});

describe("a password reset", () => {
  it("makes a new first password and ends all sessions in the same batch", async () => {
    const [sam, other] = [await people.add("sam"), await people.add("other")];
    await signedIn(sam);
    await signedIn(sam);
    const kept = await signedIn(other);
    const batches: number[] = [];
    people.store.onChange((writes) =>
      batches.push(writes.filter((write) => "remove" in write).length),
    );
    const { user, firstPassword } = await people.accounts.resetPassword(sam.id, consoleActor);
    assert.deepEqual(batches, [2]);
    assert.deepEqual(sessionIds(), [kept.id]);
    assert.equal(user.password?.isFirst, true);
    assert.equal(await people.passwords.verify(user.password.hash, firstPassword), true);
    assert.equal(user.id, sam.id);
    assert.deepEqual(membersOf(user), ["student"]);
  });

  it("asked for twice at once leaves the password that was told last", async () => {
    const { user } = await people.accounts.add({ name: "zoe", role: "student" }, consoleActor);
    let isFirst = true;
    const slowly = Promise.withResolvers<void>();
    people.passwords.hashing = slowly.promise;
    const first = people.accounts.resetPassword(user.id, consoleActor);
    await nextTurn();
    people.passwords.hashing = Promise.resolve();
    const second = people.accounts.resetPassword(user.id, consoleActor).finally(() => {
      assert.equal(isFirst, false, "they are answered in the order in which they were asked");
    });
    void first.finally(() => (isFirst = false));
    await nextTurn();
    slowly.resolve();
    const [, { firstPassword }] = await Promise.all([first, second]);
    assert.equal(people.accounts.byId(user.id)?.password?.hash, `plain ${firstPassword}`);
  });

  it("forgives the misses of that person", async () => {
    const sam = await people.add("sam");
    const actor = actorFor(sam);
    const guess = () =>
      people.accounts.changePassword(sam.id, { current: "wrong", next: "new words here" }, actor);
    for (let tries = 0; tries < 6; tries += 1) {
      assert.equal(await failureOf(guess()), "current_password_wrong");
    }
    assert.equal(await failureOf(guess()), "too_many_attempts");
    await people.accounts.resetPassword(sam.id, consoleActor);
    assert.equal(await failureOf(guess()), "current_password_wrong");
  });

  it("is not possible for nobody", async () => {
    const sam = await people.add("sam");
    await people.accounts.remove(sam.id, consoleActor);
    assert.equal(
      await failureOf(people.accounts.resetPassword(sam.id, consoleActor)),
      "user_not_found",
    );
  });
});

describe("changing the own password", () => {
  const next = "new words here";

  it("needs the current one, and ends the other sessions in the same batch", async () => {
    const sam = await people.add("sam");
    const [here] = [await signedIn(sam), await signedIn(sam), await signedIn(sam)];
    const change = (current: string) =>
      people.accounts.changePassword(
        sam.id,
        { current, next, keepSession: here.id },
        actorFor(sam),
      );
    assert.equal(await failureOf(change("sam likes coffee")), "current_password_wrong");
    assert.equal(sessionIds().length, 3);
    await change("sam likes tea");
    assert.deepEqual(sessionIds(), [here.id]);
    const now = people.accounts.byId(sam.id);
    assert.equal(await people.passwords.verify(now?.password?.hash, next), true);
    assert.equal((await people.audit())[0]?.action, "password.changed");
  });

  it("keeps to the rules", async () => {
    const sam = await people.add("sam");
    const refusals = {
      password_too_short: "short",
      password_is_name: "sam2026!",
      password_common: "password1",
      password_unchanged: "sam likes tea",
      password_too_long: "x".repeat(2000),
    };
    for (const [code, refused] of Object.entries(refusals)) {
      const change = people.accounts.changePassword(
        sam.id,
        { current: "sam likes tea", next: refused },
        actorFor(sam),
      );
      assert.equal(await failureOf(change), code, refused);
    }
    assert.deepEqual(people.accounts.byId(sam.id), sam);
  });

  it("makes a session that had to change it an ordinary one", async () => {
    const { user, firstPassword = "" } = await people.accounts.add({ name: "sam" }, consoleActor);
    const session = await signedIn(user);
    assert.equal(session.mustChangePassword, true);
    await people.accounts.changePassword(
      user.id,
      { current: firstPassword, next, keepSession: session.id },
      actorFor(user),
    );
    assert.equal(people.store.get("sessions", session.id)?.mustChangePassword, false);
    assert.equal(people.accounts.byId(user.id)?.password?.isFirst, false);
  });

  it("loses against a reset of the same moment: the person who forgot it was told another", async () => {
    const sam = await people.add("sam");
    const hashing = Promise.withResolvers<void>();
    people.passwords.hashing = hashing.promise;
    const change = people.accounts.changePassword(
      sam.id,
      { current: "sam likes tea", next },
      actorFor(sam),
    );
    await new Promise((resolve) => setImmediate(resolve));
    people.passwords.hashing = Promise.resolve();
    const { firstPassword } = await people.accounts.resetPassword(sam.id, consoleActor);
    hashing.resolve();
    assert.equal(await failureOf(change), "current_password_wrong");
    const now = people.accounts.byId(sam.id);
    assert.equal(await people.passwords.verify(now?.password?.hash, firstPassword), true);
  });

  it("sent twice at once is done once, and both are told so", async () => {
    const { user } = await people.accounts.add(
      { name: "zoe", role: "student", password: "some words here" },
      consoleActor,
    );
    const { id } = await signedIn(user);
    const change = (next: string): Promise<void> =>
      people.accounts.changePassword(
        user.id,
        { current: "some words here", next, keepSession: id },
        actorFor(user),
      );
    await Promise.all([change("other words here"), change("other words here")]);
    const rows = await people.audit();
    assert.equal(rows.filter(({ action }) => action === "password.changed").length, 1);
    const [one, other] = await Promise.all([
      failureOf(
        people.accounts.changePassword(
          user.id,
          { current: "other words here", next: "third words here", keepSession: id },
          actorFor(user),
        ),
      ),
      failureOf(
        people.accounts.changePassword(
          user.id,
          { current: "other words here", next: "fourth words here", keepSession: id },
          actorFor(user),
        ),
      ),
    ]);
    assert.deepEqual([one, other], ["no failure", "current_password_wrong"]);
    // The password that it is already is no way around the current one.
    assert.equal(await failureOf(change("third words here")), "current_password_wrong");
  });

  it("of an account without a password is not possible", async () => {
    const sam = await people.add("sam");
    const { password: _gone, ...bare } = sam;
    await people.store.change(() => ({
      writes: [{ put: "users", key: sam.id, record: bare }],
      result: undefined,
    }));
    for (const current of ["", "sam likes tea", "undefined"]) {
      const change = people.accounts.changePassword(sam.id, { current, next }, actorFor(sam));
      assert.equal(await failureOf(change), "current_password_wrong");
    }
  });
});

describe("choosing an own password after a first one", () => {
  const next = "my own words";

  async function newcomer() {
    const { user, firstPassword = "" } = await people.accounts.add({ name: "sam" }, consoleActor);
    return { user, firstPassword, session: await signedIn(user) };
  }

  it("asks for no current one, and ends whatever else was opened with the first", async () => {
    const { user, firstPassword, session } = await newcomer();
    await signedIn(user);
    await people.accounts.chooseOwnPassword(user.id, { next, session: session.id }, actorFor(user));
    assert.deepEqual(sessionIds(), [session.id]);
    assert.equal(people.store.get("sessions", session.id)?.mustChangePassword, false);
    const now = people.accounts.byId(user.id);
    assert.equal(now?.password?.isFirst, false);
    assert.equal(await people.passwords.verify(now.password.hash, firstPassword), false);
  });

  it("does not take the first one again", async () => {
    const { user, firstPassword, session } = await newcomer();
    const choice = { next: firstPassword, session: session.id };
    const chosen = people.accounts.chooseOwnPassword(user.id, choice, actorFor(user));
    assert.equal(await failureOf(chosen), "password_is_first");
  });

  it("sent twice at once is done once, and both are told so", async () => {
    const { user } = await people.accounts.add({ name: "zoe", role: "student" }, consoleActor);
    const { id } = await signedIn(user);
    const choose = (next: string): Promise<void> =>
      people.accounts.chooseOwnPassword(user.id, { next, session: id }, actorFor(user));
    const failures = await Promise.all(
      ["own words here", "own words here", "other words here"].map((next) =>
        failureOf(choose(next)),
      ),
    );
    assert.deepEqual(failures, ["no failure", "no failure", "not_allowed"]);
    assert.equal(people.accounts.byId(user.id)?.password?.hash, "plain own words here");
  });

  it("works once, only with a session opened with the first one, and only with one's own", async () => {
    const { user, session } = await newcomer();
    const other = await signedIn(await people.add("other"));
    const choose = (sessionId: typeof session.id, wanted = next) =>
      people.accounts.chooseOwnPassword(
        user.id,
        { next: wanted, session: sessionId },
        actorFor(user),
      );
    assert.equal(await failureOf(choose(other.id)), "not_allowed");
    assert.equal(await failureOf(choose("gone" as typeof session.id)), "not_allowed");
    const results = await Promise.all([
      failureOf(choose(session.id)),
      failureOf(choose(session.id, "other words than these")),
    ]);
    assert.equal(results.filter((result) => result === "no failure").length, 1);
    assert.equal(await failureOf(choose(session.id)), "not_allowed");
  });
});

describe("removing a person", () => {
  it("keeps the record and its id, and frees the name for somebody else", async () => {
    const owner = await people.add("olga", "owner");
    const sam = await people.add("sam");
    await signedIn(sam);
    const removed = await people.accounts.remove(sam.id, actorFor(owner));
    assert.ok(removed.deleted !== undefined);
    assert.equal(people.store.get("users", sam.id)?.deleted, removed.deleted);
    assert.equal(people.accounts.byName("sam"), undefined);
    assert.equal(people.accounts.byId(sam.id), undefined);
    assert.deepEqual(people.accounts.living(), [owner]);
    assert.deepEqual(sessionIds(), []);
    assert.deepEqual(membersOf(sam), []);
    const next = await people.add("sam");
    assert.notEqual(next.id, sam.id);
    assert.equal(people.accounts.byName("sam")?.id, next.id);
    assert.equal(people.store.get("users", sam.id)?.deleted, removed.deleted);
  });

  it("is not done to oneself, to the last owner, or twice", async () => {
    const olga = await people.add("olga", "owner");
    assert.equal(await failureOf(people.accounts.remove(olga.id, consoleActor)), "last_owner");
    const owen = await people.add("owen", "owner");
    assert.equal(
      await failureOf(people.accounts.remove(olga.id, actorFor(olga))),
      "cannot_delete_self",
    );
    await people.accounts.remove(owen.id, actorFor(olga));
    assert.equal(
      await failureOf(people.accounts.remove(owen.id, actorFor(olga))),
      "user_not_found",
    );
    assert.equal(await failureOf(people.accounts.remove(olga.id, consoleActor)), "last_owner");
  });

  it("leaves one of two owners who remove each other at the same moment", async () => {
    const [olga, owen] = [await people.add("olga", "owner"), await people.add("owen", "owner")];
    const results = await Promise.all([
      failureOf(people.accounts.remove(owen.id, actorFor(olga))),
      failureOf(people.accounts.remove(olga.id, actorFor(owen))),
    ]);
    assert.deepEqual(results, ["no failure", "not_allowed"]);
    assert.equal(people.accounts.living().length, 1);
  });

  it("does not come back to life by a change that was under way", async () => {
    const sam = await people.add("sam");
    await people.add("olga", "owner");
    const change = people.accounts.changePassword(
      sam.id,
      { current: "sam likes tea", next: "new words here" },
      actorFor(sam),
    );
    const [, failure] = await Promise.all([
      people.accounts.remove(sam.id, consoleActor),
      failureOf(change),
    ]);
    assert.equal(failure, "user_not_found");
    assert.ok(people.store.get("users", sam.id)?.deleted !== undefined);
  });
});

describe("changing a role", () => {
  it("is told to the classes, and audited", async () => {
    const sam = await people.add("sam");
    await people.accounts.setRole(sam.id, "teacher", consoleActor);
    assert.equal(people.accounts.byId(sam.id)?.role, "teacher");
    assert.deepEqual(membersOf(sam), ["teacher"]);
    await people.accounts.setRole(sam.id, "owner", consoleActor);
    assert.deepEqual(membersOf(sam), []);
    await people.add("olga", "owner");
    await people.accounts.setRole(sam.id, "student", consoleActor);
    assert.deepEqual(membersOf(sam), ["student"]);
    const [row] = await people.audit();
    assert.equal(row?.action, "user.role_changed");
    assert.deepEqual(row.detail, { from: "owner", to: "student" });
  });

  it("leaves one owner, also when two step down at the same moment", async () => {
    const [olga, owen] = [await people.add("olga", "owner"), await people.add("owen", "owner")];
    const results = await Promise.all(
      [olga, owen].map((user) =>
        failureOf(people.accounts.setRole(user.id, "teacher", actorFor(user))),
      ),
    );
    assert.deepEqual(results, ["no failure", "last_owner"]);
    assert.equal(people.accounts.hasOwner(), true);
  });
});
