import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { auditLine, mayReadLines } from "#src/routes/audit-lines.ts";
import { type Identity, Permissions } from "#src/session/identity.ts";
import { makeId } from "#src/stores/ids.ts";
import type { AuditRecord, UserRecord } from "#src/stores/records.ts";
import { actorFor, createPeople } from "#test/support/people.ts";

function line(parts: Partial<AuditRecord>): AuditRecord {
  return {
    at: "2026-11-22T10:00:00.000Z",
    action: "user.added",
    actor: "console",
    actorName: "console",
    ...parts,
  };
}

async function createWorld() {
  const people = createPeople();
  const ada = await people.add("ada", "owner");
  const tom = await people.add("tom", "teacher");
  const ann = await people.add("ann");
  const permissions = new Permissions(people.store);
  const as = (user: UserRecord): Identity => ({
    kind: "user",
    user,
    session: {
      id: makeId<"session">(),
      userId: user.id,
      hubSecret: "x" as never,
      siteSecret: "y" as never,
      created: "2026-11-22T10:00:00.000Z",
      lastSeen: "2026-11-22T10:00:00.000Z",
      mustChangePassword: false,
      device: "",
      address: "",
    },
  });
  const reader = (user: UserRecord) => mayReadLines(as(user), { ...people, permissions });
  return { ...people, ada, tom, ann, permissions, reader };
}

describe("lines of the audit", () => {
  it("are all for owners and for commands on the box", async () => {
    const { ada, reader, accounts, permissions } = await createWorld();
    const strange = line({ actor: makeId<"user">(), actorName: "" });
    assert.equal(reader(ada)(strange), true);
    assert.equal(mayReadLines({ kind: "console" }, { accounts, permissions })(strange), true);
    assert.equal(mayReadLines(undefined, { accounts, permissions })(strange), false);
  });

  it("are for teachers those of their students and their own, also once a student is removed", async () => {
    const { ada, tom, ann, reader, accounts } = await createWorld();
    const mayRead = reader(tom);
    assert.equal(mayRead(line({ subject: ann.id, actor: ada.id })), true);
    assert.equal(mayRead(line({ actor: ann.id })), true);
    assert.equal(mayRead(line({ actor: tom.id, subject: ada.id })), true);
    assert.equal(mayRead(line({ subject: ada.id })), false);
    assert.equal(mayRead(line({ actor: ada.id })), false);
    assert.equal(mayRead(line({ subjectName: "ann" })), false, "a name alone is nobody");
    assert.equal(mayRead(line({})), false);
    await accounts.remove(ann.id, actorFor(ada));
    assert.equal(reader(tom)(line({ subject: ann.id })), true);
  });

  it("are for nobody who is a student", async () => {
    const { ann, reader } = await createWorld();
    assert.equal(reader(ann)(line({ subject: ann.id, actor: ann.id })), false);
  });

  it("say who it was, whatever is left of them", () => {
    const id = makeId<"user">();
    assert.deepEqual(auditLine(line({})).by, { is: "console" });
    assert.deepEqual(auditLine(line({ actor: id, actorName: "tom" })).by, {
      is: "person",
      name: "tom",
    });
    assert.deepEqual(auditLine(line({ actor: id, actorName: "" })).by, { is: "erased" });
    assert.deepEqual(auditLine(line({ subject: id, subjectName: "" })).about, { is: "erased" });
    assert.equal(auditLine(line({})).about, undefined);
    assert.equal(auditLine(line({ subject: id, subjectName: "tom" }), id).about, undefined);
  });

  it("say what changed, and nothing that they do not know", () => {
    const renamed = { from: "a", to: "b", displayFrom: "A", displayTo: "B" };
    assert.deepEqual(auditLine(line({ action: "user.renamed", detail: renamed })).names, [
      { oldName: "a", newName: "b" },
      { oldName: "A", newName: "B" },
    ]);
    const role = { from: "student", to: "teacher" };
    assert.deepEqual(auditLine(line({ action: "user.role_changed", detail: role })).roles, {
      oldRole: "student",
      newRole: "teacher",
    });
    const odd = auditLine(line({ action: "user.role_changed", detail: { from: "king", to: 3 } }));
    assert.equal(odd.roles, undefined);
    assert.equal(auditLine(line({ detail: { role: "student" } })).names, undefined);
    const refused = { count: 48, reason: "account_locked" };
    const told = auditLine(line({ action: "session.refused", detail: refused }));
    assert.deepEqual([told.times, told.wasLocked], [48, true]);
  });
});
