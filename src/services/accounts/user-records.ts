/** What the records say about people, and the rows that a change of one is made of. */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type {
  PasswordRecord,
  SessionId,
  UserId,
  UserName,
  UserRecord,
} from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";

export function* livingUsers(state: StoreReader): Generator<UserRecord> {
  for (const [, user] of state.entries("users")) {
    if (user.deleted === undefined) {
      yield user;
    }
  }
}

export function livingUser(state: StoreReader, id: UserId): UserRecord | undefined {
  const user = state.get("users", id);
  return user?.deleted === undefined ? user : undefined;
}

/** Neither in the trash nor locked: somebody who may sign in and do things. */
export function activeUser(state: StoreReader, id: UserId): UserRecord | undefined {
  const user = livingUser(state, id);
  return user?.disabled === undefined ? user : undefined;
}

/** The id may be a text out of an address. */
export function trashedUser(state: StoreReader, id: string): UserRecord | undefined {
  const user = state.get("users", id);
  return user?.deleted === undefined ? undefined : user;
}

/** Throws `not_in_trash`. */
export function demandTrashed(state: StoreReader, id: UserId): UserRecord {
  const user = trashedUser(state, id);
  if (user === undefined) {
    throw new HubError("not_in_trash");
  }
  return user;
}

/** Throws `user_not_found`. */
export function demandUser(state: StoreReader, id: UserId): UserRecord {
  const user = livingUser(state, id);
  if (user === undefined) {
    throw new HubError("user_not_found", { name: state.get("users", id)?.name ?? id });
  }
  return user;
}

export function userNamed(state: StoreReader, name: UserName): UserRecord | undefined {
  const entry = state.get("names", name);
  return entry === undefined ? undefined : livingUser(state, entry.userId);
}

export function ownerCount(state: StoreReader): number {
  return Array.from(livingUsers(state)).filter((user) => user.role === "owner").length;
}

export function assertFree(state: StoreReader, name: UserName): void {
  if (state.get("names", name) !== undefined) {
    throw new HubError("name_taken", { name });
  }
}

/**
 * For whatever takes an owner away. One who is locked or has no password cannot help anybody, so only the others
 * count; the box always has one of them. Throws `last_owner`.
 */
export function assertNotLastOwner(state: StoreReader, user: UserRecord): void {
  if (!isActiveOwner(user)) {
    return;
  }
  for (const other of livingUsers(state)) {
    if (other.id !== user.id && isActiveOwner(other)) {
      return;
    }
  }
  throw new HubError("last_owner", { name: user.name });
}

function isActiveOwner(user: UserRecord): boolean {
  const canSignIn = user.disabled === undefined && user.password !== undefined;
  return user.role === "owner" && user.deleted === undefined && canSignIn;
}

export function putUser(record: UserRecord): Write {
  return { put: "users", key: record.id, record };
}

/** `changed` also tells one password of a person from the next, so it is never the same twice in a row. */
export function passwordRecord(
  secret: { readonly hash: string; readonly isFirst: boolean },
  clock: Clock,
  before?: UserRecord,
): PasswordRecord {
  const now = clock.now();
  const changed = new Date(now).toISOString();
  const isSame = changed === before?.password?.changed;
  return { ...secret, changed: isSame ? new Date(now + 1).toISOString() : changed };
}

/** Whether the password is still the one that `seen` had. */
export function hasSamePassword(now: UserRecord, seen: UserRecord): boolean {
  return now.password?.changed === seen.password?.changed;
}

/** All sessions of a person end, but one, which is an ordinary one from now on. */
export function endSessions(state: StoreReader, userId: UserId, keep?: SessionId): Write[] {
  const writes: Write[] = [];
  for (const [key, session] of state.entries("sessions")) {
    if (session.userId !== userId) {
      continue;
    }
    if (session.id !== keep) {
      writes.push({ remove: "sessions", key });
    } else if (session.mustChangePassword) {
      writes.push({ put: "sessions", key, record: { ...session, mustChangePassword: false } });
    }
  }
  return writes;
}

/** All API tokens of a person end. */
export function endTokens(state: StoreReader, userId: UserId): Write[] {
  return Array.from(state.entries("tokens"), ([key, token]) => ({ key, token }))
    .filter(({ token }) => token.userId === userId)
    .map(({ key }) => ({ remove: "tokens", key }));
}
