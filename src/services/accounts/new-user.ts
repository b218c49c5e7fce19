/** A new account, from what was typed to the rows that make it. */
import type { Clock } from "#src/clock.ts";
import { makeId } from "#src/stores/ids.ts";
import type { GroupId, Role, UserName, UserRecord } from "#src/stores/records.ts";
import type { Change, StoreReader } from "#src/stores/store.ts";
import { joinDefaultGroup, joinGroup } from "./memberships.ts";
import { cleanDisplayName, parseUserName } from "./names.ts";
import { checkPasswordRules } from "#src/services/sign-in/passwords.ts";
import { assertFree, passwordRecord, putUser } from "./user-records.ts";

export interface NewUser {
  readonly name: string;
  readonly displayName?: string;
  readonly role?: Role;
  /** Final: it need not be changed at the first sign-in. */
  readonly password?: string;
}

export interface Newcomer {
  readonly name: UserName;
  readonly displayName: string;
  readonly role: Role;
}

/** Throws what `parseUserName`, `cleanDisplayName` and `checkPasswordRules` throw. */
export function readNewcomer(input: NewUser, minLength: number): Newcomer {
  const name = parseUserName(input.name);
  if (input.password !== undefined) {
    checkPasswordRules(input.password, { name, minLength });
  }
  const displayName = cleanDisplayName(input.displayName, input.name);
  return { name, displayName, role: input.role ?? "student" };
}

export interface NewUserOptions {
  /** They made the account themselves. */
  readonly isNewcomer?: boolean;
  /** The class that they join; absent or gone meanwhile: the default one. */
  readonly groupId?: GroupId;
}

/** The rows of a new account, for a change that audits it. Throws `name_taken`. */
export function planUser(
  state: StoreReader,
  { name, displayName, role }: Newcomer,
  secret: { readonly hash: string; readonly isFirst: boolean },
  clock: Clock,
  options: NewUserOptions = {},
): Change<UserRecord> {
  assertFree(state, name);
  const meta = state.get("meta", "meta");
  if (meta === undefined) {
    throw new TypeError("A store begins with its meta row");
  }
  const number = meta.nextUserNumber;
  const password = passwordRecord(secret, clock);
  const created = password.changed;
  const id = makeId<"user">();
  const user: UserRecord = {
    id,
    number,
    name,
    displayName,
    role,
    password,
    created,
    ...(options.isNewcomer === true ? { isNewcomer: true } : {}),
  };
  const { groupId } = options;
  return {
    writes: [
      { put: "meta", key: "meta", record: { ...meta, nextUserNumber: number + 1 } },
      putUser(user),
      { put: "names", key: name, record: { userId: id } },
      ...(groupId === undefined
        ? joinDefaultGroup(state, id, role)
        : joinGroup(state, groupId, id, role)),
    ],
    result: user,
  };
}
