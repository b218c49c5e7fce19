import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Write } from "#src/stores/store.ts";
import { actorFor, consoleActor, createPeople, failureOf } from "#test/support/people.ts";

describe("accounts that wait for a first password", () => {
  let people: ReturnType<typeof createPeople>;

  beforeEach(() => {
    people = createPeople();
  });

  const named = (...names: readonly string[]) => names.map((name) => ({ name }));

  it("are made in one change, each in a class and on the audit", async () => {
    const changes: (readonly Write[])[] = [];
    people.store.onChange((writes) => changes.push(writes));
    const made = await people.accounts.addWaiting(named("Maria", "juan"), consoleActor);
    assert.equal(changes.length, 1);
    assert.deepEqual(
      made.map(({ name, number, role, password }) => [name, number, role, password]),
      [
        ["maria", 1, "student", undefined],
        ["juan", 2, "student", undefined],
      ],
    );
    assert.equal(Array.from(people.store.entries("members")).length, 2);
    const lines = (await people.audit()).map(
      ({ action, subjectName }) => `${action} ${subjectName}`,
    );
    assert.deepEqual(lines.toSorted(), ["user.added juan", "user.added maria"]);
    const next = await people.accounts.addWaiting(named("zoe"), consoleActor);
    assert.equal(next[0]?.number, 3);
    assert.equal(people.passwords.hashed, 0);
  });

  it("leave out names that are taken, in whatever spelling, also by one another", async () => {
    await people.accounts.addWaiting(named("maria"), consoleActor);
    const made = await people.accounts.addWaiting(named("MARÍA", "juan", " Juan "), consoleActor);
    assert.deepEqual(
      made.map(({ name }) => name),
      ["juan"],
    );
    assert.deepEqual(await people.accounts.addWaiting(named("juan"), consoleActor), []);
    assert.equal(people.accounts.living().length, 2);
  });

  it("are made once when two ask at the same time", async () => {
    const made = await Promise.all([
      people.accounts.addWaiting(named("maria", "juan"), consoleActor),
      people.accounts.addWaiting(named("juan", "zoe"), consoleActor),
    ]);
    assert.deepEqual(
      made.flat().map(({ name, number }) => [name, number]),
      [
        ["maria", 1],
        ["juan", 2],
        ["zoe", 3],
      ],
    );
  });

  it("get a first password from a teacher", async () => {
    const [maria] = await people.accounts.addWaiting(named("maria"), consoleActor);
    assert.ok(maria !== undefined);
    const { firstPassword } = await people.accounts.resetPassword(maria.id, consoleActor);
    assert.ok(firstPassword.length > 8);
    assert.equal(people.accounts.byId(maria.id)?.password?.isFirst, true);
  });

  it("are not made for somebody who was locked meanwhile", async () => {
    const [owner, other] = await people.accounts.addWaiting(
      [
        { name: "ada", role: "owner" },
        { name: "bob", role: "owner" },
      ],
      consoleActor,
    );
    assert.ok(owner !== undefined && other !== undefined);
    await people.accounts.setDisabled(other.id, true, consoleActor);
    const work = people.accounts.addWaiting(named("maria"), actorFor(other));
    assert.equal(await failureOf(work), "not_allowed");
    assert.equal(people.accounts.byName("maria"), undefined);
  });

  it("are refused together when one name cannot be", async () => {
    const work = people.accounts.addWaiting(named("maria", "a b"), consoleActor);
    assert.equal(await failureOf(work), "name_space");
    assert.deepEqual(people.accounts.living(), []);
  });

  it("are no owners on whom a box could be left", async () => {
    const ada = await people.add("ada", "owner");
    await people.accounts.addWaiting([{ name: "bob", role: "owner" }], consoleActor);
    const work = people.accounts.setRole(ada.id, "student", consoleActor);
    assert.equal(await failureOf(work), "last_owner");
    const bob = people.accounts.byName("bob");
    assert.ok(bob !== undefined);
    await people.accounts.resetPassword(bob.id, consoleActor);
    const student = await people.accounts.setRole(ada.id, "student", consoleActor);
    assert.equal(student.role, "student");
  });
});
