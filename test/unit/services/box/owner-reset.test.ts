import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OwnerReset } from "#src/services/box/owner-reset.ts";
import { putUser } from "#src/services/accounts/user-records.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { consoleActor, createPeople, failureOf } from "#test/support/people.ts";

function makeBox() {
  const people = createPeople();
  const owners = new OwnerReset(people.accounts);
  const reset = (name?: string) => owners.reset(name, consoleActor);
  /** A record as no service would leave it: a damaged or hand-made database. */
  const put = (user: UserRecord) =>
    people.store.change(() => ({ writes: [putUser(user)], result: undefined }));
  const actions = async () => (await people.audit()).map(({ action }) => action).toReversed();
  return { ...people, reset, put, actions };
}

describe("the way back in for an owner", () => {
  it("is a new first password for the only one, and ends their sessions", async () => {
    const { add, reset, accounts, passwords, store } = makeBox();
    const ada = await add("ada", "owner");
    await add("maria");
    const { user, firstPassword, wasLocked, wasMadeOwner } = await reset();
    assert.equal(user.id, ada.id);
    assert.deepEqual([wasLocked, wasMadeOwner], [false, false]);
    const { password } = accounts.byName("ada") ?? {};
    assert.ok(password?.isFirst);
    assert.ok(await passwords.verify(password.hash, firstPassword));
    assert.deepEqual([...store.entries("sessions")], []);
  });

  it("takes the name in any spelling", async () => {
    const { add, reset } = makeBox();
    await add("ada", "owner");
    await add("bo", "owner");
    assert.equal((await reset(" ADA ")).user.name, "ada");
  });

  it("unlocks, and says so", async () => {
    const { add, reset, put, accounts, actions } = makeBox();
    const ada = await add("ada", "owner");
    await put({ ...ada, disabled: "2026-11-22T08:00:00.000Z" });
    const { wasLocked } = await reset("ada");
    assert.equal(wasLocked, true);
    assert.equal(accounts.byName("ada")?.disabled, undefined);
    assert.ok((await actions()).includes("user.enabled"));
    assert.equal((await actions()).at(-1), "password.reset");
  });

  it("asks which one when there are several, and names them", async () => {
    const { add, reset } = makeBox();
    await add("ada", "owner");
    await add("bo", "owner");
    await assert.rejects(reset(), { code: "owner_several", params: { names: "ada, bo" } });
  });

  it("makes nobody an owner while one can sign in", async () => {
    const { add, reset, accounts } = makeBox();
    await add("ada", "owner");
    await add("maria");
    assert.equal(await failureOf(reset("maria")), "owner_there");
    assert.equal(await failureOf(reset("nobody")), "user_not_found");
    assert.equal(accounts.byName("maria")?.role, "student");
    assert.equal(accounts.byName("maria")?.password?.isFirst, false);
  });

  it("makes somebody an owner when none can sign in, and writes it down", async () => {
    const { add, reset, put, accounts, actions } = makeBox();
    const ada = await add("ada", "owner");
    await add("okoro", "teacher");
    await put({ ...ada, disabled: "2026-11-22T08:00:00.000Z" });
    const { wasMadeOwner, wasLocked } = await reset("okoro");
    assert.deepEqual([wasMadeOwner, wasLocked], [true, false]);
    assert.equal(accounts.byName("okoro")?.role, "owner");
    assert.ok((await actions()).includes("user.role_changed"));
    // From now on there is one again.
    assert.equal(await failureOf(reset("nobody")), "user_not_found");
  });

  it("points elsewhere when there is no owner at all, or nobody", async () => {
    const { add, reset, put } = makeBox();
    assert.equal(await failureOf(reset()), "owner_nobody");
    assert.equal(await failureOf(reset("ada")), "owner_nobody");
    const ada = await add("ada", "owner");
    await put({ ...ada, role: "teacher" });
    assert.equal(await failureOf(reset()), "owner_none");
    assert.equal((await reset("ada")).wasMadeOwner, true);
  });
});
