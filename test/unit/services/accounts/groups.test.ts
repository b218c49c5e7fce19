import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { MOST_GROUPS } from "#src/services/accounts/group-checks.ts";
import { Groups } from "#src/services/accounts/groups.ts";
import { membershipsOf } from "#src/services/accounts/memberships.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { actorFor, consoleActor, createPeople, failureOf } from "#test/support/people.ts";

let box: ReturnType<typeof createPeople>;
let groups: Groups;
let owner: UserRecord;
let teacher: UserRecord;
let sam: UserRecord;

beforeEach(async () => {
  box = createPeople();
  groups = new Groups(box);
  owner = await box.add("olga", "owner");
  teacher = await box.add("tess", "teacher");
  sam = await box.add("sam");
});

const names = (): string[] => groups.list().map(({ name }) => name);

function membersOf(name: string): string[] {
  const group = groups.byName(name);
  assert.ok(group !== undefined, name);
  return groups.members(group.id).map((user) => user.name);
}

/** In the order of the classes. */
function classesOf(user: UserRecord): string[] {
  const own = new Set(membershipsOf(box.store, user.id).map(({ groupId }) => groupId));
  return groups.list().flatMap(({ id, name }) => (own.has(id) ? [name] : []));
}

async function newAudit(work: () => Promise<unknown>): Promise<string[]> {
  const before = (await box.audit()).length;
  await work();
  const after = await box.audit();
  return after
    .slice(0, after.length - before)
    .toReversed()
    .map(({ action, subjectName, detail }) =>
      [action, subjectName, ...Object.values(detail ?? {})].filter((part) => part).join(" "),
    );
}

describe("making classes", () => {
  it("gives each a number, its members the role that they have, and a line in the audit", async () => {
    const lines = await newAudit(() => groups.add(["7a", "7b"], ["sam", "tess"], consoleActor));
    assert.deepEqual(names(), ["Class", "7a", "7b"]);
    assert.deepEqual(
      groups.list().map(({ number, isDefault, signUp }) => [number, isDefault, signUp.mode]),
      [
        [1, true, "off"],
        [2, false, "off"],
        [3, false, "off"],
      ],
    );
    assert.deepEqual(membersOf("7a"), ["tess", "sam"]);
    assert.deepEqual(
      membershipsOf(box.store, teacher.id).map(({ role }) => role),
      ["teacher", "teacher", "teacher"],
    );
    assert.deepEqual(classesOf(sam), ["Class", "7a", "7b"]);
    assert.deepEqual(lines, [
      "group.added 7a",
      "group.member_added sam 7a",
      "group.member_added tess 7a",
      "group.added 7b",
      "group.member_added sam 7b",
      "group.member_added tess 7b",
    ]);
  });

  it("takes names as people write them", async () => {
    const good = [
      "  7 b ",
      "Français/2ᵉ",
      "数学",
      "a".repeat(100),
      "می\u200cخواهم",
      "👩\u200d🔬",
      "x!y=z",
    ];
    const made = await groups.add(good, [], consoleActor);
    assert.deepEqual(
      made.map(({ name }) => name),
      good.map((name) => name.trim()),
    );
    assert.equal(groups.byName("Franc\u0327ais/2ᵉ")?.name, "Français/2ᵉ");
  });

  it("refuses names that nobody can see, tell apart or write into an address", async () => {
    const bad = [
      "",
      "   ",
      "\u200d",
      "\u0301",
      "a".repeat(101),
      "a\nb",
      "a\u202eb",
      "a\u200bb",
      "a\\b",
      ".",
      "..",
      "a/../b",
      "\ud800",
      "a".repeat(1_000_000),
    ];
    for (const name of bad) {
      const tried = groups.add([name], [], consoleActor);
      assert.equal(await failureOf(tried), "group_name_wrong", JSON.stringify(name.slice(0, 20)));
    }
    assert.deepEqual(names(), ["Class"]);
  });

  it("takes each name once, in whatever spelling", async () => {
    await groups.add(["Maß 7b"], [], consoleActor);
    for (const twin of ["maß 7B", "MASS 7b", "maß  7b", "Maß 7b\u200d", "Ｍaß 7b"]) {
      assert.equal(await failureOf(groups.add([twin], [], consoleActor)), "group_taken", twin);
      assert.equal(groups.byName(twin)?.name, "Maß 7b", twin);
    }
    assert.equal(await failureOf(groups.add(["n1", "N1"], [], consoleActor)), "group_taken");
    assert.equal(await failureOf(groups.add(["class"], [], consoleActor)), "group_taken");
  });

  it("makes all or none", async () => {
    const lines = await newAudit(async () => {
      const unknown = groups.add(["7a"], ["sam", "nobody"], consoleActor);
      assert.equal(await failureOf(unknown), "group_member_unknown");
      assert.equal(await failureOf(groups.add(["7a", "Class"], [], consoleActor)), "group_taken");
    });
    assert.deepEqual([names(), lines], [["Class"], []]);
  });

  it("lets one of many at the same time have a name", async () => {
    const tried = Array.from({ length: 20 }, () => failureOf(groups.add(["7a"], [], consoleActor)));
    const failures = await Promise.all(tried);
    assert.deepEqual(
      failures.filter((code) => code !== "no failure"),
      Array.from({ length: 19 }, () => "group_taken"),
    );
    assert.deepEqual(names(), ["Class", "7a"]);
  });

  it("ends somewhere", async () => {
    const many = Array.from({ length: MOST_GROUPS - 1 }, (_, index) => `c${index}`);
    await groups.add(many, [], consoleActor);
    assert.equal(await failureOf(groups.add(["one more"], [], consoleActor)), "groups_full");
  });
});

describe("members of a class", () => {
  beforeEach(async () => {
    await groups.add(["7a", "7b"], [], consoleActor);
  });

  it("come and go, each once, in every spelling of their names", async () => {
    const lines = await newAudit(async () => {
      await groups.addMembers("7A", ["SAM", "sam ", "tess"], consoleActor);
      await groups.addMembers("7a", ["sam"], consoleActor);
      await groups.removeMembers("Class", ["sam"], consoleActor);
      await groups.removeMembers("Class", ["sam"], consoleActor);
    });
    assert.deepEqual(membersOf("7a"), ["tess", "sam"]);
    assert.deepEqual(classesOf(sam), ["7a"]);
    assert.deepEqual(lines, [
      "group.member_added sam 7a",
      "group.member_added tess 7a",
      "group.member_removed sam Class",
    ]);
  });

  it("are never in no class at all", async () => {
    await groups.addMembers("7a", ["sam"], consoleActor);
    await groups.removeMembers("Class", ["sam"], consoleActor);
    const lines = await newAudit(() => groups.removeMembers("7a", ["sam"], consoleActor));
    assert.deepEqual(classesOf(sam), ["Class"]);
    assert.deepEqual(lines, ["group.member_removed sam 7a", "group.member_added sam Class"]);
    const last = groups.removeMembers("Class", ["tess", "sam"], consoleActor);
    assert.equal(await failureOf(last), "group_last");
    assert.deepEqual(membersOf("Class"), ["tess", "sam"]);
  });

  it("do not count owners, who are over all classes", async () => {
    const lines = await newAudit(() => groups.addMembers("7a", ["olga", "sam"], consoleActor));
    assert.deepEqual(membersOf("7a"), ["sam"]);
    assert.deepEqual(lines, ["group.member_added sam 7a"]);
    await groups.removeMembers("7a", ["olga"], consoleActor);
    await groups.add(["7c"], ["olga"], actorFor(owner));
    assert.deepEqual(membersOf("7c"), []);
  });

  it("do not count people in the trash", async () => {
    await groups.addMembers("7a", ["sam"], consoleActor);
    await box.accounts.remove(sam.id, consoleActor);
    assert.deepEqual(membersOf("7a"), []);
    const tried = groups.addMembers("7a", ["sam"], consoleActor);
    assert.equal(await failureOf(tried), "group_member_unknown");
    await box.accounts.restore(sam.id, {}, consoleActor);
    assert.deepEqual(classesOf(sam), ["Class", "7a"]);
  });

  it("are asked for by a class that there is", async () => {
    for (const tried of [
      groups.addMembers("7z", ["sam"], consoleActor),
      groups.removeMembers("7z", ["sam"], consoleActor),
      groups.setProperties("7z", {}, consoleActor),
      groups.remove("7z", consoleActor),
    ]) {
      assert.equal(await failureOf(tried), "group_not_found");
    }
  });
});

describe("deleting a class", () => {
  it("leaves its people their other classes, or the default one", async () => {
    const kim = await box.add("kim");
    await groups.add(["7a"], ["sam", "kim"], consoleActor);
    await groups.removeMembers("Class", ["sam"], consoleActor);
    const lines = await newAudit(() => groups.remove("7a", consoleActor));
    assert.deepEqual(names(), ["Class"]);
    assert.deepEqual([classesOf(sam), classesOf(kim)], [["Class"], ["Class"]]);
    assert.deepEqual(lines, [
      "group.member_removed sam 7a",
      "group.member_added sam Class",
      "group.member_removed kim 7a",
      "group.removed 7a 2",
    ]);
    assert.deepEqual(Array.from(box.store.entries("members")).length, 3);
  });

  it("is not for the default one", async () => {
    assert.equal(await failureOf(groups.remove("class", consoleActor)), "group_is_default");
    assert.deepEqual(membersOf("Class"), ["tess", "sam"]);
  });

  it("and who was put into it at the same moment are in some class, whoever comes first", async () => {
    await groups.add(["7a"], [], consoleActor);
    const outcomes = await Promise.all([
      failureOf(groups.addMembers("7a", ["sam"], consoleActor)),
      failureOf(groups.removeMembers("Class", ["sam"], consoleActor)),
      failureOf(groups.remove("7a", consoleActor)),
      failureOf(groups.addMembers("7a", ["tess"], consoleActor)),
    ]);
    assert.deepEqual(outcomes, ["no failure", "no failure", "no failure", "group_not_found"]);
    assert.deepEqual([classesOf(sam), classesOf(teacher)], [["Class"], ["Class"]]);
  });
});

describe("properties of a class", () => {
  it("are kept as they came, in place of those before", async () => {
    await groups.setProperties("Class", { room: 12, deep: { list: [1, null] } }, consoleActor);
    await groups.setProperties("Class", { __proto__: null, room: 13 }, consoleActor);
    assert.deepEqual(groups.byName("Class")?.properties, { room: 13 });
    await groups.setProperties("Class", {}, actorFor(teacher));
    assert.deepEqual(groups.byName("Class")?.properties, {});
  });
});

describe("a teacher", () => {
  let stranger: UserRecord;

  beforeEach(async () => {
    stranger = await box.add("finn");
    await groups.add(["7a", "far"], [], consoleActor);
    await groups.addMembers("7a", ["tess"], consoleActor);
    await groups.addMembers("far", ["finn"], consoleActor);
    await groups.removeMembers("Class", ["finn"], consoleActor);
  });

  it("moves own students between own classes", async () => {
    await groups.addMembers("7a", ["sam"], actorFor(teacher));
    await groups.removeMembers("Class", ["sam"], actorFor(teacher));
    assert.deepEqual(classesOf(sam), ["7a"]);
  });

  it("gets no power over others by it", async () => {
    await box.add("toni", "teacher");
    const actor = actorFor(teacher);
    const tries: readonly [Promise<unknown>, string][] = [
      [groups.addMembers("7a", ["finn"], actor), "group_member_unknown"],
      [groups.addMembers("far", ["tess"], actor), "not_allowed"],
      [groups.addMembers("far", ["sam"], actor), "not_allowed"],
      [groups.addMembers("7a", ["toni"], actor), "not_allowed"],
      [groups.addMembers("7a", ["olga"], actor), "group_member_unknown"],
      [groups.removeMembers("Class", ["toni"], actor), "not_allowed"],
      [groups.setProperties("far", {}, actor), "not_allowed"],
      [groups.add(["7x"], [], actor), "not_allowed"],
      [groups.remove("7a", actor), "not_allowed"],
      [groups.addMembers("7a", ["sam"], actorFor(sam)), "not_allowed"],
    ];
    for (const [index, [tried, code]] of tries.entries()) {
      assert.equal(await failureOf(tried), code, String(index));
    }
    assert.deepEqual(classesOf(stranger), ["far"]);
    assert.deepEqual(membersOf("7a"), ["tess"]);
  });

  it("who was locked while the request waited does nothing more", async () => {
    const outcomes = await Promise.all([
      failureOf(box.accounts.setDisabled(teacher.id, true, consoleActor)),
      failureOf(groups.addMembers("7a", ["sam"], actorFor(teacher))),
    ]);
    assert.deepEqual(outcomes, ["no failure", "not_allowed"]);
    assert.deepEqual(classesOf(sam), ["Class"]);
  });
});
