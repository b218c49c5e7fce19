import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Role, UserRecord } from "#src/stores/records.ts";
import { makeId } from "#src/stores/ids.ts";
import { Sessions } from "#src/session/sessions.ts";
import { planUser, readNewcomer } from "#src/services/accounts/new-user.ts";
import {
  actorFor,
  consoleActor,
  createPeople,
  failureOf,
  visitorAt,
} from "#test/support/people.ts";
import { silentLog } from "#test/support/silent-log.ts";

let people: ReturnType<typeof createPeople>;

beforeEach(() => {
  people = createPeople();
});

async function signIn(user: UserRecord): Promise<string> {
  await using sessions = new Sessions({
    store: people.store,
    clock: people.clock,
    idleMs: 1000,
    maxMs: 1000,
    log: silentLog,
  });
  const fresh = people.accounts.byId(user.id) ?? user;
  const { session } = await sessions.create({
    user: fresh,
    mustChangePassword: false,
    device: "Firefox on Windows",
    address: "192.168.1.20",
  });
  return session.id;
}

function sessionsOf(user: UserRecord): number {
  const sessions = Array.from(people.store.entries("sessions"), ([, session]) => session);
  return sessions.filter(({ userId }) => userId === user.id).length;
}

function membersOf(user: UserRecord): readonly string[] {
  return Array.from(people.store.entries("members"), ([, member]) => member)
    .filter((member) => member.userId === user.id)
    .map((member) => `${people.store.get("groups", member.groupId)?.name} ${member.role}`);
}

function names(): readonly string[] {
  return Array.from(people.store.entries("names"), ([name]) => name);
}

async function addClass(name: string) {
  const id = makeId<"group">();
  const created = "2026-11-22T08:00:00.000Z";
  const signUp = { mode: "off" } as const;
  const record = { id, number: 2, name, created, isDefault: false, signUp };
  await people.store.change(() => ({
    writes: [{ put: "groups", key: id, record }],
    result: undefined,
  }));
  return id;
}

/** The rows of each change from now on, in words. */
function watchBatches(): string[][] {
  const batches: string[][] = [];
  people.store.onChange((writes) => {
    batches.push(
      writes.map((write) => {
        if ("audit" in write) return `audit ${write.audit.action}`;
        if ("redact" in write) return "redact";
        return "put" in write ? `put ${write.put}` : `remove ${write.remove}`;
      }),
    );
  });
  return batches;
}

describe("renaming a person", () => {
  it("moves the name alone: id, sessions, class and password stay", async () => {
    const sam = await people.add("sam");
    await signIn(sam);
    const before = membersOf(sam);
    const renamed = await people.accounts.rename(sam.id, { name: " Samú " }, consoleActor);
    assert.equal(renamed.name, "samu");
    assert.equal(renamed.id, sam.id);
    assert.deepEqual(renamed.password, sam.password);
    assert.equal(people.accounts.byName("sam"), undefined);
    assert.deepEqual(people.accounts.byName("SAMU"), renamed);
    assert.deepEqual(names(), ["samu"]);
    assert.equal(sessionsOf(sam), 1);
    assert.deepEqual(membersOf(sam), before);
    const [row] = await people.audit();
    assert.equal(row?.action, "user.renamed");
    assert.equal(row.subject, sam.id);
    assert.equal(row.subjectName, "samu");
    assert.deepEqual(row.detail, {
      from: "sam",
      to: "samu",
      displayFrom: "sam",
      displayTo: "samu",
    });
  });

  it("to another display name leaves the user name, and the other way round", async () => {
    const sam = await people.add("sam");
    const shown = await people.accounts.rename(
      sam.id,
      { displayName: "  Sam\u202e  Björk " },
      consoleActor,
    );
    assert.equal(shown.displayName, "Sam Björk");
    assert.equal(shown.name, "sam");
    const named = await people.accounts.rename(sam.id, { name: "sbjork" }, consoleActor);
    assert.equal(named.displayName, "Sam Björk");
    const [last, first] = await people.audit();
    assert.deepEqual(first?.detail, { displayFrom: "sam", displayTo: "Sam Björk" });
    assert.deepEqual(last?.detail, { from: "sam", to: "sbjork" });
  });

  it("to another spelling of the own name changes nothing, and is no error", async () => {
    const sam = await people.add("sam");
    const batches = watchBatches();
    for (const name of ["sam", "SAM", " sám "]) {
      assert.deepEqual(await people.accounts.rename(sam.id, { name }, consoleActor), sam);
    }
    assert.deepEqual(batches.flat(), []);
  });

  it("keeps to the rules of names, and to names that are free", async () => {
    const sam = await people.add("sam");
    await people.add("maria");
    const refusals = {
      maria: "name_taken",
      María: "name_taken",
      hub: "name_reserved",
      "": "name_empty",
      "../x": "name_character",
      аnna: "name_alphabet",
      [`a${"b".repeat(64)}`]: "name_too_long",
    };
    for (const [name, code] of Object.entries(refusals)) {
      assert.equal(await failureOf(people.accounts.rename(sam.id, { name }, consoleActor)), code);
    }
    const long = { displayName: "x".repeat(101) };
    assert.equal(
      await failureOf(people.accounts.rename(sam.id, long, consoleActor)),
      "display_name_too_long",
    );
    assert.deepEqual(people.accounts.byName("sam"), sam);
  });

  it("gives a name to one of those who want it at the same moment (20)", async () => {
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, index) => people.add(`student${index}`)),
    );
    const spellings = ["maria", "MARIA", "María", " maria "];
    const results = await Promise.all([
      ...many.map((user, index) =>
        failureOf(
          people.accounts.rename(user.id, { name: spellings[index % 4] ?? "" }, actorFor(user)),
        ),
      ),
      failureOf(people.accounts.add({ name: "maria", password: "maria likes tea" }, consoleActor)),
    ]);
    assert.equal(results.filter((result) => result === "no failure").length, 1);
    assert.equal(results.filter((result) => result === "name_taken").length, 20);
    const holder = people.accounts.byName("maria");
    const bearers = people.accounts.living().filter(({ name }) => name === "maria");
    assert.deepEqual(bearers, [holder]);
    assert.equal(names().length, people.accounts.living().length);
  });

  it("leaves the old name to somebody else, whom the audit tells apart by id", async () => {
    const sam = await people.add("sam");
    await people.accounts.rename(sam.id, { name: "samuel" }, consoleActor);
    const other = await people.add("sam");
    assert.notEqual(other.id, sam.id);
    const about = (await people.audit()).filter(({ subject }) => subject === sam.id);
    assert.deepEqual(
      about.map(({ action, subjectName }) => [action, subjectName]),
      [
        ["user.renamed", "samuel"],
        ["user.added", "sam"],
      ],
    );
  });

  it("forgives the misses under both names: they were not this person's", async () => {
    const sam = await people.add("sam");
    const miss = (name: string) => people.attempts.limit(name, "10.0.0.1", async () => undefined);
    for (const name of ["sam", "samuel"]) {
      for (let tries = 0; tries < 6; tries += 1) await miss(name);
      assert.equal(await failureOf(miss(name)), "too_many_attempts");
    }
    await people.accounts.rename(sam.id, { name: "samuel" }, consoleActor);
    assert.equal(await failureOf(miss("sam")), "no failure");
    assert.equal(await failureOf(miss("samuel")), "no failure");
  });

  it("is not possible for nobody, nor by somebody who was locked meanwhile", async () => {
    const [sam, tess] = [await people.add("sam"), await people.add("tess", "teacher")];
    const renaming = [
      people.accounts.setDisabled(tess.id, true, consoleActor),
      people.accounts.rename(sam.id, { name: "silly" }, actorFor(tess)),
    ].map((work) => failureOf(work));
    assert.deepEqual(await Promise.all(renaming), ["no failure", "not_allowed"]);
    await people.accounts.remove(sam.id, consoleActor);
    const gone = people.accounts.rename(sam.id, { name: "samuel" }, consoleActor);
    assert.equal(await failureOf(gone), "user_not_found");
  });
});

describe("several changes at once", () => {
  it("are one batch, or none of them", async () => {
    const sam = await people.add("sam");
    await people.add("maria");
    await signIn(sam);
    const batches = watchBatches();
    const taken = people.accounts.change(
      sam.id,
      { role: "teacher", disabled: true, name: "maria" },
      consoleActor,
    );
    assert.equal(await failureOf(taken), "name_taken");
    assert.deepEqual(people.accounts.byId(sam.id), sam);
    assert.equal(sessionsOf(sam), 1);
    assert.deepEqual(batches, []);
    const changed = await people.accounts.change(
      sam.id,
      { role: "teacher", disabled: true, name: "samuel", displayName: "Samuel" },
      consoleActor,
    );
    assert.equal(batches.length, 1);
    assert.equal(changed.role, "teacher");
    assert.equal(changed.name, "samuel");
    assert.ok(changed.disabled !== undefined);
    assert.deepEqual(
      (await people.audit()).slice(0, 3).map(({ action }) => action),
      ["user.disabled", "user.role_changed", "user.renamed"],
    );
  });
});

describe("locking a person", () => {
  it("ends the sessions in the same batch, and keeps everything else", async () => {
    const sam = await people.add("sam");
    await signIn(sam);
    await signIn(sam);
    const batches = watchBatches();
    const locked = await people.accounts.setDisabled(sam.id, true, consoleActor);
    assert.deepEqual(batches, [
      ["put users", "remove sessions", "remove sessions", "audit user.disabled"],
    ]);
    assert.equal(locked.disabled, "2026-11-22T08:00:00.000Z");
    assert.deepEqual(people.accounts.byName("sam"), locked);
    assert.equal(people.accounts.activeById(sam.id), undefined);
    assert.equal(membersOf(sam).length, 1);
    const open = await people.accounts.setDisabled(sam.id, false, consoleActor);
    assert.deepEqual(open, sam);
    assert.equal((await people.audit())[0]?.action, "user.enabled");
  });

  it("twice is once", async () => {
    const sam = await people.add("sam");
    const locked = await people.accounts.setDisabled(sam.id, true, consoleActor);
    people.clock.pass(60_000);
    const batches = watchBatches();
    assert.deepEqual(await people.accounts.setDisabled(sam.id, true, consoleActor), locked);
    assert.deepEqual(batches.flat(), []);
  });

  it("is not done to oneself, nor to the last owner", async () => {
    const olga = await people.add("olga", "owner");
    const lock = (actor = consoleActor) => people.accounts.setDisabled(olga.id, true, actor);
    assert.equal(await failureOf(lock()), "last_owner");
    const owen = await people.add("owen", "owner");
    assert.equal(await failureOf(lock(actorFor(olga))), "cannot_disable_self");
    await people.accounts.setDisabled(owen.id, true, actorFor(olga));
    // Owen is an owner, but cannot help anybody.
    assert.equal(await failureOf(lock()), "last_owner");
    assert.equal(await failureOf(people.accounts.remove(olga.id, consoleActor)), "last_owner");
    const step = people.accounts.setRole(olga.id, "teacher", consoleActor);
    assert.equal(await failureOf(step), "last_owner");
    await people.accounts.remove(owen.id, actorFor(olga));
  });

  it("stops what they had begun: nobody is added and no password reset by them any more", async () => {
    const [tess, sam] = [await people.add("tess", "teacher"), await people.add("sam")];
    const hashing = Promise.withResolvers<void>();
    people.passwords.hashing = hashing.promise;
    const begun = [
      failureOf(people.accounts.add({ name: "friend" }, actorFor(tess))),
      failureOf(people.accounts.resetPassword(sam.id, actorFor(tess))),
    ];
    await people.accounts.setDisabled(tess.id, true, consoleActor);
    hashing.resolve();
    assert.deepEqual(await Promise.all(begun), ["not_allowed", "not_allowed"]);
    assert.deepEqual(people.accounts.byId(sam.id), sam);
    assert.equal(people.accounts.byName("friend"), undefined);
  });

  it("keeps out a session that was about to begin", async () => {
    const sam = await people.add("sam");
    const results = [
      failureOf(people.accounts.setDisabled(sam.id, true, consoleActor)),
      failureOf(signIn(sam)),
    ];
    assert.deepEqual(await Promise.all(results), ["no failure", "account_locked"]);
    assert.equal(sessionsOf(sam), 0);
  });
});

describe("the trash", () => {
  it("remembers the classes, shows the last removed first, and gives nothing to a newcomer", async () => {
    const [sam, alex] = [await people.add("sam"), await people.add("alex")];
    await people.accounts.remove(sam.id, consoleActor);
    people.clock.pass(1000);
    await people.accounts.remove(alex.id, consoleActor);
    assert.deepEqual(
      people.accounts.trashed().map(({ name }) => name),
      ["alex", "sam"],
    );
    const kept = people.accounts.trashedById(sam.id);
    assert.deepEqual(
      kept?.formerGroups?.map(({ role }) => role),
      ["student"],
    );
    assert.equal(people.accounts.trashedById("nobody"), undefined);
    const next = await people.add("sam");
    assert.notEqual(next.id, sam.id);
    assert.notDeepEqual(next.password, sam.password);
    assert.deepEqual(people.accounts.trashedById(sam.id), kept);
    assert.equal(people.accounts.trashedById(next.id), undefined);
  });

  it("forgives the misses of whoever had the name", async () => {
    const sam = await people.add("sam");
    const miss = () => people.attempts.limit("sam", "10.0.0.1", async () => undefined);
    for (let tries = 0; tries < 6; tries += 1) await miss();
    assert.equal(await failureOf(miss()), "too_many_attempts");
    await people.accounts.remove(sam.id, consoleActor);
    assert.equal(await failureOf(miss()), "no failure");
  });
});

describe("restoring a person", () => {
  it("brings back name, role, password, lock and classes, but no session", async () => {
    const tess = await people.add("tess", "teacher");
    await people.accounts.setDisabled(tess.id, true, consoleActor);
    const before = people.accounts.byId(tess.id);
    const classes = membersOf(tess);
    await people.accounts.remove(tess.id, consoleActor);
    const restored = await people.accounts.restore(tess.id, {}, consoleActor);
    assert.deepEqual(restored, before);
    assert.deepEqual(people.accounts.byName("tess"), before);
    assert.deepEqual(membersOf(tess), classes);
    assert.equal(sessionsOf(tess), 0);
    assert.deepEqual(people.accounts.trashed(), []);
    assert.equal((await people.audit())[0]?.action, "user.restored");
  });

  it("asks for a name when it is taken, and takes another one in any spelling", async () => {
    const sam = await people.add("sam");
    await people.accounts.remove(sam.id, consoleActor);
    const other = await people.add("sam");
    await people.add("maria");
    const restore = (as: { name?: string }) => people.accounts.restore(sam.id, as, consoleActor);
    assert.equal(await failureOf(restore({})), "name_taken");
    assert.equal(await failureOf(restore({ name: " SAM " })), "name_taken");
    assert.equal(await failureOf(restore({ name: "María" })), "name_taken");
    assert.equal(await failureOf(restore({ name: "hub" })), "name_reserved");
    const restored = await restore({ name: "Sam.Older" });
    assert.equal(restored.id, sam.id);
    assert.equal(restored.name, "sam.older");
    assert.deepEqual(people.accounts.byName("sam"), other);
    const [row] = await people.audit();
    assert.equal(row?.detail?.["from"], "sam");
    assert.equal(row.detail["to"], "sam.older");
  });

  it("leads to the classes that there still are, or to the default one", async () => {
    const [sam, alex] = [await people.add("sam"), await people.add("alex")];
    const [stays, goes] = [await addClass("Stays"), await addClass("Goes")];
    const join = (user: UserRecord, groupId: typeof stays) =>
      people.store.change((state) => ({
        writes: [
          ...Array.from(state.entries("members"))
            .filter(([, member]) => member.userId === user.id && groupId === goes)
            .map(([key]) => ({ remove: "members" as const, key })),
          {
            put: "members" as const,
            key: `${groupId}!${user.id}`,
            record: { groupId, userId: user.id, role: "student" as const },
          },
        ],
        result: undefined,
      }));
    await join(sam, stays);
    await join(alex, goes);
    assert.deepEqual(membersOf(alex), ["Goes student"]);
    await people.accounts.remove(sam.id, consoleActor);
    await people.accounts.remove(alex.id, consoleActor);
    await people.store.change(() => ({
      writes: [{ remove: "groups", key: goes }],
      result: undefined,
    }));
    await people.accounts.restore(sam.id, {}, consoleActor);
    await people.accounts.restore(alex.id, {}, consoleActor);
    assert.equal(membersOf(sam).length, 2);
    assert.ok(membersOf(sam).includes("Stays student"));
    assert.equal(membersOf(alex).length, 1);
    assert.ok(!membersOf(alex).includes("Goes student"));
  });

  it("happens once, of those who try at the same moment, and gives the name to one account", async () => {
    const one = await people.add("sam");
    await people.accounts.remove(one.id, consoleActor);
    const two = await people.add("sam");
    await people.accounts.remove(two.id, consoleActor);
    const results = await Promise.all(
      [one, two, one, two].map((user) =>
        failureOf(people.accounts.restore(user.id, {}, consoleActor)),
      ),
    );
    assert.equal(results.filter((result) => result === "no failure").length, 1);
    assert.equal(people.accounts.living().length, 1);
    assert.equal(people.accounts.trashed().length, 1);
  });

  it("is not possible for the living, or for what is not an id", async () => {
    const sam = await people.add("sam");
    assert.equal(
      await failureOf(people.accounts.restore(sam.id, {}, consoleActor)),
      "not_in_trash",
    );
  });
});

describe("another role", () => {
  it("stops what they had begun, and what a teacher had begun to do to them", async () => {
    const [tess, sam] = [await people.add("tess", "teacher"), await people.add("sam")];
    const [olga, alex] = [await people.add("olga", "owner"), await people.add("alex")];
    await people.add("owen", "owner");
    const { accounts, passwords } = people;
    const hashing = Promise.withResolvers<void>();
    passwords.hashing = hashing.promise;
    const resets = [
      failureOf(accounts.resetPassword(sam.id, actorFor(tess))),
      failureOf(accounts.resetPassword(alex.id, actorFor(tess))),
      failureOf(accounts.resetPassword(alex.id, actorFor(olga))),
      failureOf(accounts.add({ name: "friend" }, actorFor(olga))),
    ];
    const promoted = await accounts.setRole(sam.id, "owner", consoleActor);
    await accounts.setRole(olga.id, "teacher", consoleActor);
    hashing.resolve();
    assert.deepEqual(await Promise.all(resets), [
      "not_allowed",
      "no failure",
      "not_allowed",
      "not_allowed",
    ]);
    assert.deepEqual(accounts.byId(sam.id), promoted);

    const begun = (actor: UserRecord) =>
      Promise.all([
        failureOf(accounts.rename(sam.id, { displayName: "Boss" }, actorFor(actor))),
        failureOf(accounts.setDisabled(sam.id, true, actorFor(actor))),
        failureOf(accounts.remove(sam.id, actorFor(actor))),
        failureOf(accounts.accept(sam.id, actorFor(actor))),
      ]);
    assert.deepEqual(await begun(tess), Array(4).fill("not_allowed"));
    assert.deepEqual(await begun(olga), Array(4).fill("not_allowed"));
    assert.deepEqual(accounts.byId(sam.id), promoted);
  });

  it("ends the sessions in the same batch, and is told to the classes", async () => {
    const sam = await people.add("sam");
    await signIn(sam);
    const batches = watchBatches();
    const teacher = await people.accounts.setRole(sam.id, "teacher", consoleActor);
    assert.equal(teacher.role, "teacher");
    assert.equal(sessionsOf(sam), 0);
    assert.deepEqual(batches, [
      ["put users", "put members", "remove sessions", "audit user.role_changed"],
    ]);
  });

  it("that one has already changes nothing", async () => {
    const sam = await people.add("sam");
    await signIn(sam);
    await people.accounts.setRole(sam.id, "student", consoleActor);
    assert.equal(sessionsOf(sam), 1);
  });

  it("may be taken by an owner themself, unless they are the last", async () => {
    const olga = await people.add("olga", "owner");
    const step = (role: Role) => people.accounts.setRole(olga.id, role, actorFor(olga));
    assert.equal(await failureOf(step("teacher")), "last_owner");
    await people.add("owen", "owner");
    assert.equal((await step("teacher")).role, "teacher");
  });
});

describe("a newcomer", () => {
  it("joins the class of the sign-up, and is one until a teacher accepts them", async () => {
    const groupId = await addClass("Evening class");
    const newcomer = readNewcomer({ name: "Nele", password: "nele likes tea" }, 8);
    const secret = { hash: "plain nele likes tea", isFirst: false };
    const nele = await people.store.change((state) =>
      planUser(state, newcomer, secret, people.clock, { isNewcomer: true, groupId }),
    );
    assert.equal(nele.isNewcomer, true);
    assert.deepEqual(membersOf(nele), ["Evening class student"]);
    const accepted = await people.accounts.accept(nele.id, visitorAt("192.168.1.20"));
    assert.equal(accepted.isNewcomer, undefined);
    assert.ok(!("isNewcomer" in accepted));
    await people.accounts.accept(nele.id, consoleActor);
    const rows = (await people.audit()).filter(({ action }) => action === "user.accepted");
    assert.equal(rows.length, 1);
  });

  it("is accepted or refused, whichever was said first", async () => {
    const [nele, nora] = [await people.add("nele"), await people.add("nora")];
    for (const user of [nele, nora]) {
      const record = { ...user, isNewcomer: true } as const;
      await people.store.change(() => ({
        writes: [{ put: "users", key: user.id, record }],
        result: undefined,
      }));
    }
    const { accounts } = people;
    const outcomes = await Promise.all([
      failureOf(accounts.accept(nele.id, consoleActor)),
      failureOf(accounts.refuse(nele.id, consoleActor)),
      failureOf(accounts.refuse(nora.id, consoleActor)),
      failureOf(accounts.accept(nora.id, consoleActor)),
    ]);
    assert.deepEqual(outcomes, ["no failure", "not_a_newcomer", "no failure", "user_not_found"]);
    assert.ok(accounts.byId(nele.id) !== undefined);
    assert.equal(accounts.lastTrashed("nora")?.id, nora.id);
  });

  it("joins the default class when the one of the sign-up is gone", async () => {
    const newcomer = readNewcomer({ name: "nele", password: "nele likes tea" }, 8);
    const secret = { hash: "plain nele likes tea", isFirst: false };
    const groupId = makeId<"group">();
    const nele = await people.store.change((state) =>
      planUser(state, newcomer, secret, people.clock, { isNewcomer: true, groupId }),
    );
    assert.equal(membersOf(nele).length, 1);
  });
});
