/** What shares open, asked at each moment of the records as they are. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "#src/clock.ts";
import { Shares } from "#src/services/shares/shares.ts";
import { type Identity, Permissions } from "#src/session/identity.ts";
import { makeId } from "#src/stores/ids.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { SessionRecord, UserRecord } from "#src/stores/records.ts";
import { consoleActor } from "#test/support/people.ts";
import { addPerson } from "#test/support/records.ts";
import { tokenOf, tokenRecord } from "#test/support/tokens.ts";

async function createWorld() {
  const store = createMemoryStore();
  const person = async (name: string): Promise<UserRecord> => {
    const user = store.get("users", await addPerson(store, name));
    assert.ok(user !== undefined);
    return user;
  };
  const [owner, guest, other] = [await person("olga"), await person("gus"), await person("otto")];
  const shares = new Shares({ store, clock: systemClock });
  const server = { owner, name: "" };
  const to = { kind: "user", id: guest.id } as const;
  await shares.grant(server, { to, scopes: ["access:servers"] }, consoleActor);
  const everyone = new Permissions(store, { sharing: "everyone" });
  const teachers = new Permissions(store, { sharing: "teachers" });
  const put = (user: UserRecord, change: Partial<UserRecord>) =>
    store.change(() => ({
      writes: [{ put: "users", key: user.id, record: { ...user, ...change } }],
      result: undefined,
    }));
  return { store, shares, owner, guest, other, server, to, everyone, teachers, put };
}

function session(user: UserRecord, visits?: SessionRecord["visits"]): Identity {
  const record = { userId: user.id, mustChangePassword: false, ...(visits && { visits }) };
  return { kind: "user", user, session: record as SessionRecord };
}

describe("a share", () => {
  it("opens that server to that person, and nothing else", async () => {
    const { everyone, owner, guest, other } = await createWorld();
    const may = (who: UserRecord, permission: "access:servers" | "start:servers", name = "") =>
      everyone.may(session(who), permission, owner, name);
    assert.deepEqual(
      [
        may(guest, "access:servers"),
        may(guest, "access:servers", "lab2"),
        may(guest, "start:servers"),
        may(other, "access:servers"),
        everyone.may(session(guest), "access:servers", other),
        everyone.may(session(guest), "read:users:name", owner),
      ],
      [true, false, false, false, false, false],
    );
    assert.ok(everyone.scopesOf(session(guest)).includes("access:servers!server=olga/"));
  });

  it("opens nothing when its owner may not share any more, is locked or gone", async () => {
    const { everyone, teachers, owner, guest, put } = await createWorld();
    assert.equal(everyone.may(session(guest), "access:servers", owner), true);
    assert.equal(teachers.may(session(guest), "access:servers", owner), false);
    assert.ok(!teachers.scopesOf(session(guest)).some((scope) => scope.includes("olga")));
    await put(owner, { role: "teacher" });
    assert.equal(teachers.may(session(guest), "access:servers", owner), true);
    for (const change of [{ disabled: "2026-11-22" }, { deleted: "2026-11-22" }]) {
      await put(owner, change);
      assert.equal(everyone.may(session(guest), "access:servers", owner), false);
      assert.ok(!everyone.scopesOf(session(guest)).some((scope) => scope.includes("olga")));
    }
  });

  it("opens nothing to whoever is locked", async () => {
    const { everyone, owner, guest, put } = await createWorld();
    await put(guest, { disabled: "2026-11-22" });
    assert.equal(everyone.may(session(guest), "access:servers", owner), false);
  });

  it("is over when it is taken back", async () => {
    const { everyone, owner, guest, shares, server, to } = await createWorld();
    const share = shares.find(server, to);
    assert.ok(share !== undefined);
    await shares.revoke(share, undefined, consoleActor);
    assert.equal(everyone.may(session(guest), "access:servers", owner), false);
  });

  it("is no more to a token than the token's scopes say", async () => {
    const { everyone, owner, guest, other } = await createWorld();
    const scopes: readonly (readonly [string, boolean])[] = [
      ["inherit", true],
      [`access:servers!server=${owner.id}/`, true],
      [`access:servers!user=${owner.id}`, true],
      [`access:servers!server=${owner.id}/lab2`, false],
      [`access:servers!user=${other.id}`, false],
      ["self", false],
      [`servers!server=${owner.id}/`, false],
    ];
    for (const [scope, expected] of scopes) {
      const may = everyone.may(tokenOf(guest, [scope]), "access:servers", owner);
      assert.equal(may, expected, scope);
    }
  });
});

describe("a session on a visit", () => {
  it("may open that server, and do nothing else to anybody", async () => {
    const { everyone, owner, guest } = await createWorld();
    const visiting = session(guest, { userId: owner.id, serverName: "" });
    assert.equal(everyone.may(visiting, "access:servers", owner), true);
    assert.equal(everyone.may(visiting, "access:servers", owner, "lab2"), false);
    for (const permission of ["access:servers", "servers", "read:users", "tokens"] as const) {
      assert.equal(everyone.may(visiting, permission, guest), false, permission);
      assert.equal(everyone.may(visiting, permission), false, permission);
    }
  });
});

describe("a token of a session that is on a visit", () => {
  it("tells the visited server who a teacher is, and opens no other", async () => {
    const { store, everyone, owner, other } = await createWorld();
    const group = [...store.entries("groups")][0]?.[1].id;
    assert.ok(group !== undefined);
    const teacher = { ...other, role: "teacher" } as const;
    const sessionId = makeId<"session">();
    const visits = { userId: owner.id, serverName: "" };
    await store.change(() => ({
      writes: [
        { put: "users", key: teacher.id, record: teacher },
        ...(
          [
            [teacher, "teacher"],
            [owner, "student"],
          ] as const
        ).map(([{ id }, role]) => {
          const record = { groupId: group, userId: id, role };
          return { put: "members", key: `${group}!${id}`, record } as const;
        }),
        {
          put: "sessions",
          key: sessionId,
          record: { id: sessionId, userId: teacher.id, visits } as SessionRecord,
        },
      ],
      result: undefined,
    }));
    const access = `access:servers!server=${owner.id}/`;
    const bound = { ...tokenRecord(teacher, [access]), session: sessionId };
    const identity = { kind: "token", user: teacher, token: bound } as const;
    assert.equal(everyone.may(identity, "access:servers", owner), true);
    const identifying = ["read:users:groups!user=otto", "read:users:name!user=otto"];
    const visiting = ["access:servers!server=olga/", ...identifying];
    assert.deepEqual(everyone.scopesOf(identity), visiting);
    assert.equal(everyone.may(identity, "access:servers", owner, "lab2"), false);
    assert.equal(everyone.may(tokenOf(teacher, [access]), "access:servers", owner), false);
    const back = { id: sessionId, userId: teacher.id } as SessionRecord;
    await store.change(() => ({
      writes: [{ put: "sessions", key: sessionId, record: back }],
      result: undefined,
    }));
    assert.equal(everyone.may(identity, "access:servers", owner), false);
    assert.deepEqual(everyone.scopesOf(identity), identifying);
  });
});
