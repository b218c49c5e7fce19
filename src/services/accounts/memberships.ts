/** Who belongs to which class: rows of `members`, as part of other changes. */
import type {
  GroupId,
  GroupRecord,
  MemberRecord,
  Role,
  UserId,
  UserRecord,
} from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";

/** Newcomers join the default class; an owner is over all of them and in none. */
export function joinDefaultGroup(state: StoreReader, userId: UserId, role: Role): Write[] {
  if (role === "owner") {
    return [];
  }
  const group = defaultGroup(state);
  return group === undefined ? [] : [put({ groupId: group.id, userId, role })];
}

/** The default class when this one is gone. */
export function joinGroup(
  state: StoreReader,
  groupId: GroupId,
  userId: UserId,
  role: Role,
): Write[] {
  return rejoinGroups(state, userId, role, [{ groupId }]);
}

/** Those that still exist, as what the person is now; when none does, the default class. */
export function rejoinGroups(
  state: StoreReader,
  userId: UserId,
  role: Role,
  former: readonly Pick<MemberRecord, "groupId">[],
): Write[] {
  if (role === "owner") {
    return [];
  }
  const groups = former.filter(({ groupId }) => state.get("groups", groupId) !== undefined);
  return groups.length === 0
    ? joinDefaultGroup(state, userId, role)
    : groups.map(({ groupId }) => put({ groupId, userId, role }));
}

/** A class that is there, or that the same change makes; an owner is in none. */
export function enterGroup(groupId: GroupId, { id, role }: UserRecord): Write[] {
  return role === "owner" ? [] : [put({ groupId, userId: id, role })];
}

/** `joined` is the default class, when the person was in no other. */
export function leaveGroup(
  state: StoreReader,
  groupId: GroupId,
  { id, role }: UserRecord,
): { readonly writes: readonly Write[]; readonly joined?: GroupRecord } {
  const writes: Write[] = [{ remove: "members", key: memberKey(groupId, id) }];
  const others = membershipsOf(state, id).filter((membership) => membership.groupId !== groupId);
  const joined = others.length === 0 ? defaultGroup(state) : undefined;
  return joined === undefined
    ? { writes }
    : { writes: [...writes, ...joinDefaultGroup(state, id, role)], joined };
}

export function leaveAllGroups(state: StoreReader, userId: UserId): Write[] {
  return membershipsOf(state, userId).map(({ groupId }) => ({
    remove: "members",
    key: memberKey(groupId, userId),
  }));
}

/** The classes stay the same; what the person is in them follows the new role. */
export function changeRoleInGroups(state: StoreReader, userId: UserId, role: Role): Write[] {
  if (role === "owner") {
    return leaveAllGroups(state, userId);
  }
  const memberships = membershipsOf(state, userId);
  return memberships.length === 0
    ? joinDefaultGroup(state, userId, role)
    : memberships.map((membership) => put({ ...membership, role }));
}

export function classesTaughtBy(state: StoreReader, userId: UserId): readonly GroupId[] {
  return membershipsOf(state, userId)
    .filter(({ role }) => role === "teacher")
    .map(({ groupId }) => groupId);
}

/** Whether one person teaches a class in which the other is a student. */
export function isTeacherOf(state: StoreReader, teacher: UserId, student: UserId): boolean {
  return classesTaughtBy(state, teacher).some(
    (groupId) => membershipIn(state, groupId, student)?.role === "student",
  );
}

/** Whether somebody teaches a class in which a person in the trash was a student. */
function wasTeacherOf(state: StoreReader, teacher: UserId, trashed: UserRecord): boolean {
  return (trashed.formerGroups ?? []).some(
    ({ groupId, role }) =>
      role === "student" && membershipIn(state, groupId, teacher)?.role === "teacher",
  );
}

/** Of somebody in the trash: one who was, when they were put there. */
export function isOwnStudent(state: StoreReader, teacher: UserId, subject: UserRecord): boolean {
  if (subject.role !== "student") return false;
  return subject.deleted === undefined
    ? isTeacherOf(state, teacher, subject.id)
    : wasTeacherOf(state, teacher, subject);
}

export function shareGroup(state: StoreReader, one: UserId, other: UserId): boolean {
  return membershipsOf(state, one).some(
    ({ groupId }) => membershipIn(state, groupId, other) !== undefined,
  );
}

/** In the order in which the classes were made. */
export function membershipsOf(state: StoreReader, userId: UserId): readonly MemberRecord[] {
  const found: { readonly number: number; readonly membership: MemberRecord }[] = [];
  for (const [, { id, number }] of state.entries("groups")) {
    const membership = membershipIn(state, id, userId);
    if (membership !== undefined) found.push({ number, membership });
  }
  return found.sort((a, b) => a.number - b.number).map(({ membership }) => membership);
}

/** As what somebody is in a class; `undefined` when they are not in it. */
export function membershipIn(
  state: StoreReader,
  groupId: GroupId,
  userId: UserId,
): MemberRecord | undefined {
  return state.get("members", memberKey(groupId, userId));
}

/** Where newcomers begin. */
export function defaultGroup(state: StoreReader): GroupRecord | undefined {
  for (const [, group] of state.entries("groups")) {
    if (group.isDefault) {
      return group;
    }
  }
  return undefined;
}

function put(record: MemberRecord): Write {
  return { put: "members", key: memberKey(record.groupId, record.userId), record };
}

function memberKey(groupId: GroupId, userId: UserId): string {
  return `${groupId}!${userId}`;
}
