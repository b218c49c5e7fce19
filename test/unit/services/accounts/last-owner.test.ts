/** A box always has an owner who can help: one who is neither locked nor in the trash. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Actor } from "#src/services/audit/actor.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { actorFor, consoleActor, createPeople, failureOf } from "#test/support/people.ts";
import { fc } from "#test/support/property.ts";

type People = ReturnType<typeof createPeople>;

function activeOwners({ store }: People): number {
  const users = Array.from(store.entries("users"), ([, user]) => user);
  return users.filter(
    ({ role, deleted, disabled }) =>
      role === "owner" && deleted === undefined && disabled === undefined,
  ).length;
}

/** What can be done to somebody; some of it takes an owner away. */
const operations = {
  remove: ({ accounts }: People, { id }: UserRecord, by: Actor) => accounts.remove(id, by),
  lock: ({ accounts }: People, { id }: UserRecord, by: Actor) => accounts.setDisabled(id, true, by),
  unlock: ({ accounts }: People, { id }: UserRecord, by: Actor) =>
    accounts.setDisabled(id, false, by),
  demote: ({ accounts }: People, { id }: UserRecord, by: Actor) =>
    accounts.setRole(id, "teacher", by),
  promote: ({ accounts }: People, { id }: UserRecord, by: Actor) =>
    accounts.setRole(id, "owner", by),
  restore: ({ accounts }: People, { id }: UserRecord, by: Actor) => accounts.restore(id, {}, by),
  demoteAndLock: ({ accounts }: People, { id }: UserRecord, by: Actor) =>
    accounts.change(id, { role: "student", disabled: true }, by),
  promoteAndLock: ({ accounts }: People, { id }: UserRecord, by: Actor) =>
    accounts.change(id, { role: "owner", disabled: true }, by),
} as const;
type Operation = keyof typeof operations;

const names = ["olga", "owen", "tess"] as const;

async function threePeople() {
  const people = createPeople();
  const users = [
    await people.add("olga", "owner"),
    await people.add("owen", "owner"),
    await people.add("tess", "teacher"),
  ];
  return { people, users };
}

describe("the last owner", () => {
  it("is left of two after 20 demotions, removals and locks at the same moment", async () => {
    for (let round = 0; round < 12; round += 1) {
      const { people, users } = await threePeople();
      const takeAway = ["remove", "lock", "demote", "demoteAndLock"] as const;
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const operation = operations[takeAway[(index * 7 + round) % 4] ?? "remove"];
          const target = users[(index + (round >> 1)) % 2];
          assert.ok(target !== undefined);
          return failureOf(operation(people, target, consoleActor));
        }),
      );
      assert.equal(activeOwners(people), 1, `round ${round}: ${results.join(", ")}`);
      assert.ok(results.includes("last_owner"));
    }
  });

  it("is there after every change, in whatever order they come and whoever makes them", async () => {
    const step = fc.record({
      operation: fc.constantFrom(...(Object.keys(operations) as Operation[])), // The keys of a constant.
      target: fc.nat({ max: names.length - 1 }),
      actor: fc.option(fc.nat({ max: names.length - 1 }), { nil: undefined }),
      /** Waits for what came before, or comes at the same moment. */
      waits: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const { people, users } = await threePeople();
        const owners: number[] = [];
        people.store.onChange(() => owners.push(activeOwners(people)));
        const under: Promise<string>[] = [];
        for (const { operation, target, actor, waits } of steps) {
          const [subject, who] = [users[target], actor === undefined ? undefined : users[actor]];
          assert.ok(subject !== undefined);
          const by = who === undefined ? consoleActor : actorFor(who);
          under.push(failureOf(operations[operation](people, subject, by)));
          if (waits) await Promise.all(under);
        }
        const results = await Promise.all(under);
        assert.ok(owners.every((count) => count >= 1));
        assert.ok(activeOwners(people) >= 1);
        // Only refusals from the table: nothing broke.
        for (const result of results) assert.match(result, /^[a-z_]+$|^no failure$/);
      }),
      { numRuns: 300 },
    );
  });
});
