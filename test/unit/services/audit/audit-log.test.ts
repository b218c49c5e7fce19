import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AuditLog } from "#src/services/audit/audit-log.ts";
import type { AuditRecord } from "#src/stores/records.ts";
import { actorFor, createPeople } from "#test/support/people.ts";
import { collect } from "#test/support/records.ts";

async function createWorld(mostRows?: number) {
  const people = createPeople();
  const log = new AuditLog({
    store: people.store,
    clock: people.clock,
    ...(mostRows === undefined ? {} : { mostRows }),
  });
  const ada = await people.add("ada", "owner");
  const tom = await people.add("tom");
  const ann = await people.add("ann");
  return { ...people, log, ada, tom, ann };
}

const told = (lines: readonly AuditRecord[]): string[] =>
  lines.map(({ action, subjectName }) => `${action} ${subjectName}`);

describe("the newest lines of the audit", () => {
  it("come first, and no more than were asked for", async () => {
    const { log } = await createWorld();
    assert.deepEqual(told(await log.recent({ limit: 2 })), ["user.added ann", "user.added tom"]);
    assert.deepEqual(await log.recent({ limit: 0 }), []);
  });

  it("are about one person: what they did and what was done to them", async () => {
    const { log, accounts, ada, tom, ann } = await createWorld();
    await accounts.resetPassword(ann.id, actorFor(ada));
    await accounts.resetPassword(tom.id, actorFor(ada));
    assert.deepEqual(told(await log.recent({ limit: 9, about: ann.id })), [
      "password.reset ann",
      "user.added ann",
    ]);
    assert.deepEqual(told(await log.recent({ limit: 9, about: ada.id })), [
      "password.reset tom",
      "password.reset ann",
      "user.added ada",
    ]);
  });

  it("are those that the reader may read", async () => {
    const { log, tom } = await createWorld();
    const mayRead = (line: AuditRecord): boolean => line.subject === tom.id;
    assert.deepEqual(told(await log.recent({ limit: 9, mayRead })), ["user.added tom"]);
  });

  it("are looked for in a bounded number of lines", async () => {
    const { log, ada, ann } = await createWorld(2);
    assert.deepEqual(await log.recent({ limit: 9, about: ada.id }), []);
    assert.equal((await log.recent({ limit: 9, about: ann.id })).length, 1);
  });
});

describe("a person's lines", () => {
  it("tell how the account was made, however few lines are wanted", async () => {
    const { log, accounts, ada, ann } = await createWorld();
    await accounts.resetPassword(ann.id, actorFor(ada));
    await accounts.resetPassword(ann.id, actorFor(ada));
    const { lines, made } = await log.ofPerson(ann.id, { limit: 1 });
    assert.deepEqual(told(lines), ["password.reset ann"]);
    assert.deepEqual([made?.action, made?.actorName], ["user.added", "console"]);
  });

  it("do not take what the person made for how they were made", async () => {
    const { log, accounts, ada } = await createWorld(3);
    await accounts.add({ name: "kim", role: "student", password: "kim likes tea" }, actorFor(ada));
    const { made } = await log.ofPerson(ada.id, { limit: 5 });
    assert.equal(made, undefined);
  });
});

describe("who put people into the trash", () => {
  it("is told by the newest line for each", async () => {
    const { log, accounts, ada, tom, ann } = await createWorld();
    await accounts.remove(ann.id, actorFor(ada));
    const removals = await log.removals(new Set([ann.id, tom.id]));
    assert.deepEqual([...removals.keys()], [ann.id]);
    assert.equal(removals.get(ann.id)?.actorName, "ada");
    assert.equal((await log.removals(new Set())).size, 0);
  });
});

describe("taking the audit out", () => {
  it("is a line of it, before anything is read", async () => {
    const { log, ada, clock } = await createWorld();
    const { at, lines } = await log.export(actorFor(ada), () => true);
    assert.equal(at, new Date(clock.now()).toISOString());
    const [first, ...rest] = await collect(lines);
    assert.deepEqual(
      [first?.action, first?.actor, first?.address, first?.request],
      ["audit.exported", ada.id, "192.168.1.20", "K7-4201"],
    );
    assert.equal(rest.length, 3);
  });

  it("leaves out what the reader may not read", async () => {
    const { log, ada, tom } = await createWorld();
    const { lines } = await log.export(actorFor(ada), ({ subject }) => subject === tom.id);
    assert.deepEqual(told(await collect(lines)), ["user.added tom"]);
  });
});
