/** Signing up without a hub around it. */
import { SignUpClasses, type SignUpChange } from "#src/services/accounts/sign-up-classes.ts";
import { SignUp, type Wish } from "#src/services/accounts/sign-up.ts";
import { makeId } from "#src/stores/ids.ts";
import type { GroupId, GroupRecord, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { consoleActor, createPeople, visitorAt } from "./people.ts";

export const PASSWORD = "green paper boats";

export function createSignUp() {
  const people = createPeople();
  const classes = new SignUpClasses(people);
  const signUp = new SignUp({ ...people, classes, minLength: 8 });
  const first = firstClass(people.store);

  /** The answer is the code, if there is one. */
  async function set(change: SignUpChange, id: GroupId = first.id): Promise<string> {
    const { signUp } = await classes.set(id, change, consoleActor);
    return signUp.mode === "code" ? signUp.code : "";
  }

  function join(wish: Partial<Wish>, password = PASSWORD, address = "192.168.1.20") {
    return signUp.join({ ...nothing, ...wish }, password, visitorAt(address));
  }

  function look(wish: Partial<Wish>, address = "192.168.1.20") {
    return signUp.look({ ...nothing, ...wish }, visitorAt(address));
  }

  return { ...people, classes, signUp, first, set, join, look };
}

const nothing: Wish = { displayName: "", name: "", code: "", classId: "" };

export function firstClass(store: Store): GroupRecord {
  for (const [, group] of store.entries("groups")) return group;
  throw new TypeError("A store begins with a class");
}

export async function addClass(store: Store, name: string): Promise<GroupRecord> {
  const group: GroupRecord = {
    id: makeId<"group">(),
    number: 2,
    name,
    created: "2026-11-22T08:00:00.000Z",
    isDefault: false,
    signUp: { mode: "off" },
  };
  await store.change(() => ({
    writes: [{ put: "groups", key: group.id, record: group }],
    result: undefined,
  }));
  return group;
}

/** As an account is that was made without a password. */
export async function withoutPassword(store: Store, user: UserRecord): Promise<void> {
  const { password: _, ...rest } = user;
  await store.change(() => ({
    writes: [{ put: "users", key: user.id, record: rest }],
    result: undefined,
  }));
}
