/** What has to hold before a class changes, and who is in it: questions to the store, as part of the change. */
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { GroupId, GroupRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { groupKey } from "./group-names.ts";
import { assertActorStays } from "./life-changes.ts";
import { classesTaughtBy, isTeacherOf, membershipIn, shareGroup } from "./memberships.ts";
import { toUserName } from "./names.ts";
import { livingUser, userNamed } from "./user-records.ts";

/** Everybody's classes are looked through for each question of rights. */
export const MOST_GROUPS = 1000;

export function groupNamed(state: StoreReader, name: string): GroupRecord | undefined {
  if (name.length > 1000) return undefined;
  const key = groupKey(name);
  for (const [, group] of state.entries("groups")) {
    if (groupKey(group.name) === key) return group;
  }
  return undefined;
}

export function demandGroup(state: StoreReader, name: string): GroupRecord {
  const group = groupNamed(state, name);
  if (group === undefined) throw new HubError("group_not_found", { name: name.slice(0, 100) });
  return group;
}

export function membersOf(state: StoreReader, groupId: GroupId): readonly UserRecord[] {
  return Array.from(state.entries("members", `${groupId}!`), ([, { userId }]) => userId)
    .flatMap((userId) => livingUser(state, userId) ?? [])
    .sort((a, b) => a.number - b.number);
}

export function isMember(state: StoreReader, groupId: GroupId, user: UserRecord): boolean {
  return membershipIn(state, groupId, user.id) !== undefined;
}

/** Neither a name that a class has, nor one twice. */
export function assertNew(state: StoreReader, names: readonly string[]): void {
  const taken = new Set(Array.from(state.entries("groups"), ([, group]) => groupKey(group.name)));
  if (taken.size + names.length > MOST_GROUPS) {
    throw new HubError("groups_full", { limit: MOST_GROUPS });
  }
  for (const name of names) {
    const key = groupKey(name);
    if (taken.has(key)) throw new HubError("group_taken", { name });
    taken.add(key);
  }
}

/** Whom a teacher does not know is as if there were nobody. Each person once. */
export function demandPeople(
  state: StoreReader,
  names: readonly string[],
  actor: Actor,
): readonly UserRecord[] {
  const teacher = teacherOf(state, actor);
  const users = names.map((text) => {
    const name = toUserName(text);
    const user = name === undefined ? undefined : userNamed(state, name);
    if (
      user === undefined ||
      (teacher !== undefined && user.id !== teacher.id && !shareGroup(state, teacher.id, user.id))
    ) {
      throw new HubError("group_member_unknown", { name: text.slice(0, 80) });
    }
    return user;
  });
  return [...new Map(users.map((user) => [user.id, user])).values()];
}

/** Throws `not_allowed` for a person who is no owner (any more). */
export function assertOwner(state: StoreReader, actor: Actor): void {
  if (teacherOf(state, actor) !== undefined) throw new HubError("not_allowed");
}

export function assertMayMove(
  state: StoreReader,
  groupId: GroupId,
  users: readonly UserRecord[],
  actor: Actor,
): void {
  const teacher = teacherOf(state, actor);
  if (teacher === undefined) return;
  const isOwn = classesTaughtBy(state, teacher.id).includes(groupId);
  if (!isOwn || !users.every((user) => isTeacherOf(state, teacher.id, user.id))) {
    throw new HubError("not_allowed");
  }
}

/** The person behind it, unless that is an owner. Throws `not_allowed` when they were locked or removed meanwhile. */
function teacherOf(state: StoreReader, actor: Actor): UserRecord | undefined {
  assertActorStays(state, actor);
  const user = state.get("users", actor.id);
  return user === undefined || user.role === "owner" ? undefined : user;
}
