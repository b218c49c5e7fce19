import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type Identity, type Permission, Permissions, actorOf } from "#src/session/identity.ts";
import type { RequestContext } from "#src/session/request-context.ts";
import { hashSecret, makeId } from "#src/stores/ids.ts";
import type { GroupRecord, SessionRecord, UserRecord } from "#src/stores/records.ts";
import { consoleActor, createPeople } from "#test/support/people.ts";

const allPermissions: readonly Permission[] = [
  "admin-ui",
  "list:users",
  "admin:users",
  "delete:users",
  "reset:passwords",
  "change:roles",
  "servers",
  "read:logs",
  "access:servers",
];

const people = createPeople();
const permissions = new Permissions(people.store);
const subjects: Record<string, UserRecord> = {};

function subject(name: string): UserRecord {
  const user = subjects[name];
  assert.ok(user !== undefined, name);
  return user;
}

function sessionOf(user: UserRecord, mustChangePassword = false): SessionRecord {
  return {
    id: makeId<"session">(),
    userId: user.id,
    hubSecret: hashSecret("a"),
    siteSecret: hashSecret("b"),
    created: "2026-11-22T08:00:00.000Z",
    lastSeen: "2026-11-22T08:00:00.000Z",
    mustChangePassword,
    device: "",
    address: "",
  };
}

function visitor(name: string): Identity {
  const user = subject(name);
  return { kind: "user", user, session: sessionOf(user) };
}

const consoleIdentity: Identity = { kind: "console" };

before(async () => {
  for (const [name, role] of [
    ["olga", "owner"],
    ["owen", "owner"],
    ["tess", "teacher"],
    ["toni", "teacher"],
    ["far-teacher", "teacher"],
    ["sam", "student"],
    ["alex", "student"],
    ["far-student", "student"],
  ] as const) {
    subjects[name] = await people.add(name, role);
  }
  // A second class with a teacher and a student of its own.
  const group: GroupRecord = {
    id: makeId<"group">(),
    number: 2,
    name: "Other class",
    created: "2026-11-22T08:00:00.000Z",
    isDefault: false,
    signUp: { mode: "off" },
  };
  const away = ["far-teacher", "far-student"].map((name) => subject(name));
  await people.store.change((state) => {
    const old = Array.from(state.entries("members")).filter(([, member]) =>
      away.some((user) => user.id === member.userId),
    );
    return {
      writes: [
        { put: "groups", key: group.id, record: group },
        ...old.map(([key]) => ({ remove: "members" as const, key })),
        ...old.map(([, member]) => ({
          put: "members" as const,
          key: `${group.id}!${member.userId}`,
          record: { ...member, groupId: group.id },
        })),
      ],
      result: undefined,
    };
  });
});

/** Which permissions somebody has over somebody; `-` is all others. */
function allowed(identity: Identity | undefined, over: string): readonly Permission[] {
  return allPermissions.filter((permission) =>
    permissions.may(identity, permission, over === "" ? undefined : subject(over)),
  );
}

const everything = allPermissions.filter((permission) => permission !== "access:servers");
const overStudents: readonly Permission[] = [
  "list:users",
  "admin:users",
  "delete:users",
  "reset:passwords",
  "servers",
  "read:logs",
];

describe("what people may do to a class", () => {
  it("is for its own teachers and owners, as they are now", async () => {
    const classes = Array.from(people.store.entries("groups"), ([, group]) => group);
    const mayIn = (identity: Identity | undefined): readonly string[] =>
      classes
        .filter(({ id }) => permissions.mayInGroup(identity, "sign-up:groups", id))
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(mayIn(visitor("olga")), ["Class", "Other class"]);
    assert.deepEqual(mayIn(consoleIdentity), ["Class", "Other class"]);
    assert.deepEqual(mayIn(visitor("tess")), ["Class"]);
    assert.deepEqual(mayIn(visitor("far-teacher")), ["Other class"]);
    assert.deepEqual(mayIn(visitor("sam")), []);
    assert.deepEqual(mayIn(undefined), []);
    const user = subject("tess");
    const firstSignIn: Identity = { kind: "user", user, session: sessionOf(user, true) };
    assert.deepEqual(mayIn(firstSignIn), []);
  });
});

describe("what people may do", () => {
  const table: readonly (readonly [
    who: string,
    over: string,
    permissions: readonly Permission[],
  ])[] = [
    ["olga", "olga", allPermissions],
    ["olga", "owen", everything],
    ["olga", "tess", everything],
    ["olga", "sam", everything],
    ["olga", "far-student", everything],
    ["olga", "", allPermissions],

    ["tess", "tess", ["admin-ui", "list:users", "servers", "access:servers"]],
    ["tess", "sam", overStudents],
    ["tess", "alex", overStudents],
    ["tess", "far-student", []],
    ["tess", "toni", ["list:users"]],
    ["tess", "far-teacher", []],
    ["tess", "olga", []],
    ["tess", "", ["admin-ui", ...overStudents, "access:servers"]],
    ["far-teacher", "far-student", overStudents],
    ["far-teacher", "sam", []],

    ["sam", "sam", ["servers", "access:servers"]],
    ["sam", "alex", []],
    ["sam", "far-student", []],
    ["sam", "tess", []],
    ["sam", "olga", []],
    ["sam", "", ["servers", "access:servers"]],
  ];
  for (const [who, over, expected] of table) {
    it(`${who} over ${over === "" ? "anyone" : over}: ${expected.join(", ") || "nothing"}`, () => {
      assert.deepEqual(new Set(allowed(visitor(who), over)), new Set(expected));
    });
  }

  it("is everything on the console, but nobody's open notebook", () => {
    for (const over of ["olga", "tess", "sam", ""]) {
      assert.deepEqual(allowed(consoleIdentity, over), everything);
    }
  });

  it("is nothing for nobody", () => {
    for (const over of ["olga", "tess", "sam", ""]) {
      assert.deepEqual(allowed(undefined, over), []);
    }
  });

  it("is nothing until a first password was replaced", () => {
    for (const name of ["olga", "tess", "sam"]) {
      const user = subject(name);
      const identity: Identity = { kind: "user", user, session: sessionOf(user, true) };
      assert.deepEqual(allowed(identity, name), []);
      assert.deepEqual(allowed(identity, ""), []);
    }
  });

  it("never includes the open notebook of somebody else", () => {
    for (const who of Object.keys(subjects)) {
      for (const over of Object.keys(subjects)) {
        const access = permissions.may(visitor(who), "access:servers", subject(over));
        assert.equal(access, who === over, `${who} over ${over}`);
      }
    }
  });
});

describe("what people may do when something changed meanwhile", () => {
  it("follows the role at once, in sessions that are open", async () => {
    const before = visitor("toni");
    assert.equal(permissions.may(before, "reset:passwords", subject("sam")), true);
    await people.accounts.setRole(subject("toni").id, "student", consoleActor);
    assert.deepEqual(allowed(before, "sam"), []);
    assert.deepEqual(allowed(before, "toni"), ["servers", "access:servers"]);
    await people.accounts.setRole(subject("toni").id, "teacher", consoleActor);
    assert.equal(permissions.may(before, "reset:passwords", subject("sam")), true);
  });

  it("keeps teachers from a student who became a teacher or owner", async () => {
    await people.accounts.setRole(subject("alex").id, "teacher", consoleActor);
    assert.deepEqual(allowed(visitor("tess"), "alex"), ["list:users"]);
    await people.accounts.setRole(subject("alex").id, "owner", consoleActor);
    assert.deepEqual(allowed(visitor("tess"), "alex"), []);
    await people.accounts.setRole(subject("alex").id, "student", consoleActor);
    assert.deepEqual(new Set(allowed(visitor("tess"), "alex")), new Set(overStudents));
  });

  it("keeps teachers from a colleague who is a student in their class", async () => {
    const [, member] = Array.from(people.store.entries("members")).find(
      ([, { userId }]) => userId === subject("far-student").id,
    ) ?? [undefined, undefined];
    assert.ok(member !== undefined);
    const toni = { ...member, userId: subject("toni").id };
    const key = `${toni.groupId}!${toni.userId}`;
    await people.store.change(() => ({
      writes: [{ put: "members", key, record: toni }],
      result: undefined,
    }));
    assert.deepEqual(allowed(visitor("far-teacher"), "toni"), ["list:users"]);
    await people.store.change(() => ({
      writes: [{ remove: "members", key }],
      result: undefined,
    }));
  });

  it("is nothing for, and nothing over, somebody who was removed", async () => {
    const gone = await people.add("gone");
    subjects["gone"] = gone;
    const identity = visitor("gone");
    assert.deepEqual(allowed(identity, "gone"), ["servers", "access:servers"]);
    await people.accounts.remove(gone.id, consoleActor);
    assert.deepEqual(allowed(identity, "gone"), []);
    assert.deepEqual(allowed(identity, ""), []);
    assert.deepEqual(allowed(visitor("olga"), "gone"), []);
    assert.deepEqual(allowed(visitor("tess"), "gone"), []);
  });
});

describe("what people may do with the trash", () => {
  const trash: readonly Permission[] = ["restore:users", "erase:users"];

  function over(name: string, subject: UserRecord): readonly Permission[] {
    return trash.filter((permission) => permissions.may(visitor(name), permission, subject));
  }

  it("is to restore own students, and to erase as an owner alone", async () => {
    const mine = await people.add("mine");
    const colleague = await people.add("colleague", "teacher");
    for (const user of [mine, colleague]) {
      assert.deepEqual(over("olga", user), [], "not while they live");
      assert.deepEqual(over("tess", user), []);
      await people.accounts.remove(user.id, consoleActor);
      assert.deepEqual(over("olga", user), trash);
      assert.deepEqual(over("sam", user), []);
      assert.deepEqual(over("far-teacher", user), []);
      assert.ok(trash.every((each) => permissions.may(consoleIdentity, each, user)));
      const others = allPermissions.filter((each) => permissions.may(visitor("olga"), each, user));
      assert.deepEqual(others, []);
    }
    assert.deepEqual(over("tess", mine), ["restore:users"]);
    assert.deepEqual(over("tess", colleague), []);
    await people.accounts.restore(mine.id, {}, consoleActor);
    assert.deepEqual(over("tess", mine), []);
    assert.equal(permissions.may(visitor("tess"), "rename:users", mine), true);
  });
});

describe("what locked people may do", () => {
  it("is nothing, in sessions that are open; and they are there for others", async () => {
    const locked = await people.add("locked", "teacher");
    subjects["locked"] = locked;
    const before = visitor("locked");
    assert.equal(permissions.may(before, "reset:passwords", subject("sam")), true);
    await people.accounts.setDisabled(locked.id, true, consoleActor);
    for (const name of ["locked", "sam", ""]) assert.deepEqual(allowed(before, name), []);
    assert.equal(permissions.may(visitor("olga"), "disable:users", locked), true);
    await people.accounts.setDisabled(locked.id, false, consoleActor);
    assert.equal(permissions.may(before, "reset:passwords", subject("sam")), true);
  });
});

describe("the actor of a request", () => {
  const context: RequestContext = {
    id: "K7-4201",
    via: "network",
    address: "192.168.1.20",
    scheme: "http",
    host: "box.lan",
    origin: "http://box.lan",
    ownOrigins: ["http://box.lan"],
  };

  it("is the visitor, the console or nobody, with where and which request", () => {
    const where = { address: "192.168.1.20", request: "K7-4201" };
    const { id, name, role } = subject("sam");
    assert.deepEqual(actorOf(visitor("sam"), context), { id, name, role, ...where });
    assert.deepEqual(actorOf(undefined, context), { id: "anonymous", name: "anonymous", ...where });
    assert.deepEqual(actorOf(consoleIdentity, { ...context, address: "" }), {
      id: "console",
      name: "console",
      request: "K7-4201",
    });
  });
});
