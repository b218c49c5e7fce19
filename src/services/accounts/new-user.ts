/** A new account, from what was typed to the rows that make it. */
import { isoTime, type Clock } from "#src/clock.ts";
import { makeId } from "#src/stores/ids.ts";
import { metaOf } from "#src/stores/meta-row.ts";
import type { GroupId, Role, UserName, UserRecord } from "#src/stores/records.ts";
import type { Change, StoreReader, Write } from "#src/stores/store.ts";
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

interface NewUserOptions {
  /** They made the account themselves. */
  readonly isNewcomer?: boolean;
  /** The class that they join; absent or gone meanwhile: the default one. */
  readonly groupId?: GroupId;
}

/** The rows of a new account, for a change that audits it. Throws `name_taken`. */
export function planUser(
  state: StoreReader,
  newcomer: Newcomer,
  secret: { readonly hash: string; readonly isFirst: boolean },
  clock: Clock,
  options: NewUserOptions = {},
): Change<UserRecord> {
  assertFree(state, newcomer.name);
  const meta = metaOf(state);
  const number = meta.nextUserNumber;
  const password = passwordRecord(secret, clock);
  const user: UserRecord = {
    id: makeId(),
    number,
    ...newcomer,
    password,
    created: password.changed,
    ...(options.isNewcomer === true ? { isNewcomer: true } : {}),
  };
  return {
    writes: [
      { put: "meta", key: "meta", record: { ...meta, nextUserNumber: number + 1 } },
      ...rowsOf(state, user, options),
    ],
    result: user,
  };
}

/**
 * Accounts without a password: nobody can sign in with one until a teacher makes a first password, or the person
 * joins while the class is open. Names that are taken are left out.
 */
export function planWaitingUsers(
  state: StoreReader,
  newcomers: readonly Newcomer[],
  clock: Clock,
): Change<readonly UserRecord[]> {
  const meta = metaOf(state);
  const free = new Map(
    newcomers
      .filter(({ name }) => state.get("names", name) === undefined)
      .map((newcomer) => [newcomer.name, newcomer]),
  );
  const users = Array.from(free.values(), (newcomer, index): UserRecord => ({
    id: makeId(),
    number: meta.nextUserNumber + index,
    ...newcomer,
    created: isoTime(clock),
  }));
  if (users.length === 0) {
    return { writes: [], result: users };
  }
  const nextUserNumber = meta.nextUserNumber + users.length;
  return {
    writes: [
      { put: "meta", key: "meta", record: { ...meta, nextUserNumber } },
      ...users.flatMap((user) => rowsOf(state, user)),
    ],
    result: users,
  };
}

function rowsOf(state: StoreReader, user: UserRecord, { groupId }: NewUserOptions = {}): Write[] {
  return [
    putUser(user),
    { put: "names", key: user.name, record: { userId: user.id } },
    ...(groupId === undefined
      ? joinDefaultGroup(state, user.id, user.role)
      : joinGroup(state, groupId, user.id, user.role)),
  ];
}
