/** Classes: made, filled, emptied and given up. The API calls them groups, as JupyterHub does; people say class. */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { endSharesOfGroup } from "#src/services/shares/share-rows.ts";
import { makeId } from "#src/stores/ids.ts";
import { metaOf } from "#src/stores/meta-row.ts";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type { GroupId, GroupRecord, UserRecord } from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";
import {
  assertMayMove,
  assertNew,
  assertOwner,
  demandGroup,
  demandPeople,
  groupNamed,
  isMember,
  membersOf,
} from "./group-checks.ts";
import { parseGroupName } from "./group-names.ts";
import { enterGroup, leaveGroup, membershipsOf } from "./memberships.ts";

interface GroupsParts {
  readonly store: Store;
  readonly clock: Clock;
}

/**
 * All that was asked for, or nothing. Owners and the box itself may do everything; a teacher moves own students into
 * and out of classes that they teach. Whoever may not throws `not_allowed`.
 */
export class Groups {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: GroupsParts) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The first one first. */
  list(): readonly GroupRecord[] {
    return Array.from(this.#store.entries("groups"), ([, group]) => group).sort(
      (a, b) => a.number - b.number,
    );
  }

  /** In whatever spelling. */
  byName(name: string): GroupRecord | undefined {
    return groupNamed(this.#store, name);
  }

  /** In the order in which their accounts were made. */
  members(groupId: GroupId): readonly UserRecord[] {
    return membersOf(this.#store, groupId);
  }

  /** Throws `group_name_wrong`, `group_taken`, `groups_full`, `group_member_unknown`. */
  async add(
    names: readonly string[],
    members: readonly string[],
    actor: Actor,
  ): Promise<readonly GroupRecord[]> {
    const wanted = names.map(parseGroupName);
    return this.#store.change((state) => {
      assertOwner(state, actor);
      assertNew(state, wanted);
      const users = demandPeople(state, members, actor);
      const { meta, groups } = this.#newGroups(state, wanted);
      const writes = groups.flatMap((group): Write[] => [
        { put: "groups", key: group.id, record: group },
        this.#audit("group.added", group, actor),
        ...this.#join(state, group, users, actor),
      ]);
      return { writes: [meta, ...writes], result: groups };
    });
  }

  /**
   * Nobody's files or account go with it: who is in no other class joins the default one. Throws `group_not_found`,
   * `group_is_default`.
   */
  async remove(name: string, actor: Actor): Promise<void> {
    await this.#store.change((state) => {
      assertOwner(state, actor);
      const group = demandGroup(state, name);
      if (group.isDefault) {
        throw new HubError("group_is_default", { name: group.name });
      }
      const users = membersOf(state, group.id);
      return {
        writes: [
          { remove: "groups", key: group.id },
          ...endSharesOfGroup(state, group.id),
          ...users.flatMap((user) => this.#leave(state, group, user, actor)),
          this.#audit("group.removed", group, actor, { members: users.length }),
        ],
        result: undefined,
      };
    });
  }

  /** An owner is over all classes and in none: naming one changes nothing. Throws `group_member_unknown`. */
  async addMembers(name: string, members: readonly string[], actor: Actor): Promise<GroupRecord> {
    return this.#store.change((state) => {
      const group = demandGroup(state, name);
      const users = demandPeople(state, members, actor);
      assertMayMove(state, group.id, users, actor);
      return { writes: this.#join(state, group, users, actor), result: group };
    });
  }

  /**
   * Who is in no other class goes to the default one, so that there is always a teacher's list with them on it.
   * Throws `group_member_unknown`, and `group_last` for those who are in the default class alone.
   */
  async removeMembers(
    name: string,
    members: readonly string[],
    actor: Actor,
  ): Promise<GroupRecord> {
    return this.#store.change((state) => {
      const group = demandGroup(state, name);
      const users = demandPeople(state, members, actor);
      assertMayMove(state, group.id, users, actor);
      const writes = users
        .filter((user) => isMember(state, group.id, user))
        .flatMap((user) => {
          if (group.isDefault && membershipsOf(state, user.id).length === 1) {
            throw new HubError("group_last", { name: user.name, group: group.name });
          }
          return this.#leave(state, group, user, actor);
        });
      return { writes, result: group };
    });
  }

  /** In place of those that it had. */
  async setProperties(
    name: string,
    properties: Readonly<Record<string, unknown>>,
    actor: Actor,
  ): Promise<GroupRecord> {
    return this.#store.change((state) => {
      const before = demandGroup(state, name);
      assertMayMove(state, before.id, [], actor);
      const group = { ...before, properties };
      return {
        writes: [
          { put: "groups", key: group.id, record: group },
          this.#audit("group.changed", group, actor, {
            properties: Object.keys(properties).length,
          }),
        ],
        result: group,
      };
    });
  }

  #newGroups(state: StoreReader, names: readonly string[]): { meta: Write; groups: GroupRecord[] } {
    const meta = metaOf(state);
    const created = isoTime(this.#clock);
    const groups = names.map((name, index) => ({
      id: makeId<"group">(),
      number: meta.nextGroupNumber + index,
      name,
      created,
      isDefault: false,
      signUp: { mode: "off" as const },
    }));
    const nextGroupNumber = meta.nextGroupNumber + names.length;
    return {
      meta: { put: "meta", key: "meta", record: { ...meta, nextGroupNumber } },
      groups,
    };
  }

  #join(
    state: StoreReader,
    group: GroupRecord,
    users: readonly UserRecord[],
    actor: Actor,
  ): Write[] {
    return users
      .filter((user) => user.role !== "owner" && !isMember(state, group.id, user))
      .flatMap((user) => [
        ...enterGroup(group.id, user),
        this.#audit("group.member_added", group, actor, {}, user),
      ]);
  }

  #leave(state: StoreReader, group: GroupRecord, user: UserRecord, actor: Actor): Write[] {
    const { writes, joined } = leaveGroup(state, group.id, user);
    return [
      ...writes,
      this.#audit("group.member_removed", group, actor, {}, user),
      ...(joined === undefined ? [] : [this.#audit("group.member_added", joined, actor, {}, user)]),
    ];
  }

  #audit(
    action: AuditAction,
    { name }: GroupRecord,
    actor: Actor,
    detail: Readonly<Record<string, number>> = {},
    subject?: UserRecord,
  ): Write {
    return auditRow(
      {
        action,
        actor,
        detail: { class: name, ...detail },
        ...(subject === undefined ? {} : { subject }),
      },
      this.#clock,
    );
  }
}
