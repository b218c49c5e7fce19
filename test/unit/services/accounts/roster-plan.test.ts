import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { addPlanned, freeUserName, planRoster } from "#src/services/accounts/roster-plan.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { makeId } from "#src/stores/ids.ts";
import { userName } from "#test/support/records.ts";

const maria: UserRecord = {
  id: makeId<"user">(),
  number: 1,
  name: userName("maria"),
  displayName: "María",
  role: "student",
  created: "2026-11-21T10:00:00.000Z",
};
const accounts = { byName: (text: string) => (text === "maria" ? maria : undefined) };

describe("a plan for a pasted list", () => {
  it("proposes names that are free on the box and in the list", () => {
    const names = planRoster("María López\nMaría Paz\nJosé", accounts).map(({ name }) => name);
    assert.equal(new Set([...names, "maria"]).size, 4);
    assert.equal(names[2], "jose");
  });

  it("says in each row what is wrong with it", () => {
    const rows = planRoster("Ann\tann\nAnn Two\tANN \nMaría\tmaria\nBad\ta b\n\tsam", accounts);
    assert.deepEqual(
      rows.map(({ line, name, problem }) => [line, name, problem?.code]),
      [
        [1, "ann", undefined],
        [2, "ANN", "name_taken"],
        [3, "maria", "name_taken"],
        [4, "a b", "name_space"],
        [5, "sam", undefined],
      ],
    );
  });

  it("needs a name to propose one from", () => {
    assert.throws(() => freeUserName(" ", accounts), { code: "display_name_missing" });
  });
});

describe("adding a planned list", () => {
  it("adds every other row when the disk refuses one", async () => {
    const add: Accounts["add"] = async (input) => {
      await Promise.resolve();
      if (input.name === "bad") throw new HubError("database_write_failed", { detail: "full" });
      const user = { ...maria, name: userName(input.name), displayName: input.displayName ?? "" };
      return { user, firstPassword: "red-lamp-river-42" };
    };
    const rows = planRoster("Ann\tann\nBad\tbad\nSam\tsam", accounts);
    const { added, refused } = await addPlanned(rows, { add }, { id: "console", name: "console" });
    assert.deepEqual(
      added.map(({ name }) => name),
      ["ann", "sam"],
    );
    assert.deepEqual(
      refused.map(({ line, problem }) => [line, problem?.code]),
      [[2, "database_write_failed"]],
    );
  });
});
