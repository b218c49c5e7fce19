/** The life of an account as plans: what each change of it finds, refuses and writes, with its audit rows. */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { restartServers, restServers } from "#src/services/servers/server-rows.ts";
import { endSharesOfPerson } from "#src/services/shares/share-rows.ts";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type { Role, UserId, UserName, UserRecord } from "#src/stores/records.ts";
import type { Change, StoreReader, Write } from "#src/stores/store.ts";
import {
  changeRoleInGroups,
  isOwnStudent,
  leaveAllGroups,
  membershipsOf,
  rejoinGroups,
} from "./memberships.ts";
import {
  activeUser,
  assertFree,
  assertNotLastOwner,
  demandTrashed,
  demandUser,
  endSessions,
  endTokens,
  putUser,
} from "./user-records.ts";

/** Who changes something, and when. */
export interface By {
  readonly actor: Actor;
  readonly clock: Clock;
}

export interface AccountChange {
  readonly name?: UserName;
  readonly displayName?: string;
  readonly role?: Role;
  readonly disabled?: boolean;
}

type Detail = Readonly<Record<string, string>>;

/**
 * All that was asked for, or nothing; what is so already is no change. Throws `user_not_found`, `name_taken`,
 * `last_owner`, `cannot_disable_self`, and `not_allowed` when the actor was locked or removed meanwhile.
 */
export function planChange(
  state: StoreReader,
  userId: UserId,
  change: AccountChange,
  by: By,
): Change<UserRecord> {
  const before = demandUser(state, userId);
  assertActorStays(state, by.actor, before);
  const user = changed(before, change, by.clock);
  const isRenamed = user.name !== before.name;
  const isMoved = user.role !== before.role;
  const isLocked = user.disabled !== before.disabled;
  if (isMoved || (isLocked && user.disabled !== undefined)) {
    assertNotLastOwner(state, before);
  }
  if (isLocked && user.disabled !== undefined && by.actor.id === userId) {
    throw new HubError("cannot_disable_self");
  }
  const audits = auditsOf(before, user);
  if (audits.length === 0) {
    return { writes: [], result: before };
  }
  if (isRenamed) {
    assertFree(state, user.name);
  }
  const writes: readonly Write[] = [
    putUser(user),
    ...(isRenamed ? moveName(before, user) : []),
    ...(isMoved ? changeRoleInGroups(state, userId, user.role) : []),
    ...(isMoved || isLocked ? endSessions(state, userId) : []),
    ...(isMoved || isLocked ? endTokens(state, userId) : []),
    ...(isLocked ? restServers(state, userId) : []),
    ...(isRenamed && user.disabled === undefined ? restartServers(state, userId, by.clock) : []),
    ...audits.map(([action, detail]) =>
      auditRow({ action, actor: by.actor, subject: user, ...detail }, by.clock),
    ),
  ];
  return { writes, result: user };
}

/** They belong here: a teacher says so. */
export function planAcceptance(state: StoreReader, userId: UserId, by: By): Change<UserRecord> {
  const before = demandUser(state, userId);
  assertActorStays(state, by.actor, before);
  if (before.isNewcomer === undefined) {
    return { writes: [], result: before };
  }
  const { isNewcomer: _, ...user } = before;
  const audit = auditRow({ action: "user.accepted", actor: by.actor, subject: user }, by.clock);
  return { writes: [putUser(user), audit], result: user };
}

/**
 * Into the trash: the record stays, with its id and so its files; the name is free, and whoever gets it next is
 * somebody else. Throws `user_not_found`, `cannot_delete_self`, `last_owner`, `not_allowed`.
 */
export function planRemoval(state: StoreReader, userId: UserId, by: By): Change<UserRecord> {
  const before = demandUser(state, userId);
  assertActorStays(state, by.actor, before);
  if (by.actor.id === userId) {
    throw new HubError("cannot_delete_self");
  }
  assertNotLastOwner(state, before);
  const formerGroups = membershipsOf(state, userId).map(({ groupId, role }) => ({ groupId, role }));
  const user = { ...before, deleted: isoTime(by.clock), formerGroups };
  return {
    writes: [
      putUser(user),
      { remove: "names", key: user.name },
      ...endSessions(state, userId),
      ...endTokens(state, userId),
      ...restServers(state, userId),
      ...leaveAllGroups(state, userId),
      ...endSharesOfPerson(state, userId),
      auditRow({ action: "user.removed", actor: by.actor, subject: user }, by.clock),
    ],
    result: user,
  };
}

/**
 * They do not belong here: a colleague may have said meanwhile that they do. Throws `not_a_newcomer` and what
 * {@link planRemoval} throws.
 */
export function planRefusal(state: StoreReader, userId: UserId, by: By): Change<UserRecord> {
  const { isNewcomer, name } = demandUser(state, userId);
  if (isNewcomer !== true) {
    throw new HubError("not_a_newcomer", { name });
  }
  return planRemoval(state, userId, by);
}

/**
 * Out of the trash, under the name that it had or another one; nobody is signed in with it. Throws `not_in_trash`,
 * `erasing_now`, `name_taken`, `not_allowed`.
 */
export function planRestoring(
  state: StoreReader,
  userId: UserId,
  as: { readonly name?: UserName },
  by: By,
): Change<UserRecord> {
  const trashed = demandTrashed(state, userId);
  assertActorStays(state, by.actor, trashed);
  const { deleted: _, formerGroups = [], ...before } = trashed;
  if (before.erasing !== undefined) {
    throw new HubError("erasing_now", { name: before.name });
  }
  const user = { ...before, name: as.name ?? before.name };
  assertFree(state, user.name);
  const detail = namesOf(before, user);
  return {
    writes: [
      putUser(user),
      { put: "names", key: user.name, record: { userId } },
      ...rejoinGroups(state, userId, user.role, formerGroups),
      auditRow(
        { action: "user.restored", actor: by.actor, subject: user, ...(detail && { detail }) },
        by.clock,
      ),
    ],
    result: user,
  };
}

/**
 * Somebody who was locked, removed or given another role while their request waited does nothing more; nor does a
 * teacher to a `subject` who is no student of theirs any more. Throws `not_allowed`.
 */
export function assertActorStays(
  state: StoreReader,
  { id, role }: Actor,
  subject?: UserRecord,
): void {
  if (id === "console" || id === "hub" || id === "service" || id === "anonymous") {
    return;
  }
  const user = activeUser(state, id);
  const isSame = user !== undefined && (role === undefined || user.role === role);
  const isOver =
    subject === undefined ||
    subject.id === id ||
    user?.role === "owner" ||
    isOwnStudent(state, id, subject);
  if (!isSame || !isOver) {
    throw new HubError("not_allowed");
  }
}

function changed(before: UserRecord, change: AccountChange, clock: Clock): UserRecord {
  const { name = before.name, role = before.role } = change;
  const { disabled: lockedSince, ...kept } = before;
  const isLocked = change.disabled ?? lockedSince !== undefined;
  // Who never got a display name is called by the user name, whatever that is.
  const follows = change.displayName === undefined && before.displayName === before.name;
  const displayName = follows ? name : (change.displayName ?? before.displayName);
  const disabled = isLocked ? { disabled: lockedSince ?? isoTime(clock) } : {};
  return { ...kept, name, displayName, role, ...disabled };
}

function auditsOf(
  before: UserRecord,
  user: UserRecord,
): readonly (readonly [AuditAction, { readonly detail?: Detail }])[] {
  const renamed = namesOf(before, user);
  const lock = user.disabled === undefined ? "user.enabled" : "user.disabled";
  return [
    ...(renamed === undefined ? [] : ([["user.renamed", { detail: renamed }]] as const)),
    ...(user.role === before.role
      ? []
      : ([["user.role_changed", { detail: { from: before.role, to: user.role } }]] as const)),
    ...(user.disabled === before.disabled ? [] : ([[lock, {}]] as const)),
  ];
}

function namesOf(before: UserRecord, user: UserRecord): Detail | undefined {
  const detail = {
    ...(user.name === before.name ? {} : { from: before.name, to: user.name }),
    ...(user.displayName === before.displayName
      ? {}
      : { displayFrom: before.displayName, displayTo: user.displayName }),
  };
  return Object.keys(detail).length === 0 ? undefined : detail;
}

function moveName(before: UserRecord, user: UserRecord): Write[] {
  return [
    { remove: "names", key: before.name },
    { put: "names", key: user.name, record: { userId: user.id } },
  ];
}
