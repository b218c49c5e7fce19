/** Groups of a JupyterHub as classes: which are made, and who enters which. */
import { isoTime, type Clock } from "#src/clock.ts";
import { type FailureData, HubError } from "#src/errors.ts";
import { MOST_GROUPS } from "#src/services/accounts/group-checks.ts";
import { groupKey } from "#src/services/accounts/group-names.ts";
import { defaultGroup, enterGroup, membershipsOf } from "#src/services/accounts/memberships.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { makeId } from "#src/stores/ids.ts";
import type { GroupRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";
import { classNames } from "./import-names.ts";

export interface PlannedClass {
  readonly was: string;
  readonly becomes: "new" | "there" | "refused";
  readonly name?: string;
  readonly problem?: FailureData;
}

interface Entered {
  readonly names: readonly string[];
  readonly writes: readonly Write[];
}

interface By {
  readonly actor: Actor;
  readonly clock: Clock;
}

/** Throws `groups_full`. */
export function planClasses(state: StoreReader, groups: readonly string[], by: By): ClassPlan {
  return new ClassPlan(state, groups, by);
}

export class ClassPlan {
  readonly classes: readonly PlannedClass[];
  readonly writes: readonly Write[];
  readonly nextGroupNumber: number;
  readonly #state: StoreReader;
  readonly #by: By;
  /** By the name of the group; without those that cannot be classes. */
  readonly #byGroup = new Map<string, GroupRecord>();
  readonly #made = new Set<GroupRecord>();

  constructor(state: StoreReader, groups: readonly string[], by: By) {
    this.#state = state;
    this.#by = by;
    const present = Array.from(state.entries("groups"), ([, group]) => group);
    const byKey = new Map(present.map((group) => [groupKey(group.name), group]));
    const first = state.get("meta", "meta")?.nextGroupNumber ?? 1;
    this.classes = Array.from(classNames(groups), ([was, named]): PlannedClass => {
      if ("code" in named) return { was, becomes: "refused", problem: named };
      const known = byKey.get(named.key);
      const group = known ?? this.#newGroup(named.name, first + this.#made.size);
      if (known === undefined) this.#made.add(group);
      byKey.set(named.key, group);
      this.#byGroup.set(was, group);
      return { was, becomes: known === undefined ? "new" : "there", name: group.name };
    });
    if (this.#made.size > 0 && byKey.size > MOST_GROUPS) {
      throw new HubError("groups_full", { limit: MOST_GROUPS });
    }
    this.nextGroupNumber = first + this.#made.size;
    this.writes = [...this.#made].flatMap((group): Write[] => [
      { put: "groups", key: group.id, record: group },
      auditRow({ action: "group.added", actor: by.actor, detail: { class: group.name } }, by.clock),
    ]);
  }

  /**
   * An admin could help everybody: as a teacher they are in all the classes that come along, and in the one of those
   * who are in no group.
   */
  forNew(user: UserRecord, groups: readonly string[]): Entered {
    if (user.role === "owner") return { names: [], writes: [] };
    const own = user.role === "teacher" ? [...this.#byGroup.values()] : this.#of(groups);
    const entered = this.#enter(user, own);
    const first = defaultGroup(this.#state);
    const isElsewhere = user.role !== "teacher" && own.length > 0;
    if (first === undefined || isElsewhere || own.includes(first)) return entered;
    return {
      names: [...entered.names, first.name],
      writes: [...entered.writes, ...enterGroup(first.id, user)],
    };
  }

  /** Only classes that this run makes: from the others they may have been taken out since. */
  forKnown(user: UserRecord, groups: readonly string[]): Entered {
    if (user.role === "owner") return { names: [], writes: [] };
    const present = new Set(membershipsOf(this.#state, user.id).map(({ groupId }) => groupId));
    const own = user.role === "teacher" ? [...this.#byGroup.values()] : this.#of(groups);
    const missing = own.filter((group) => this.#made.has(group) && !present.has(group.id));
    const { names, writes } = this.#enter(user, missing);
    const { actor, clock } = this.#by;
    const audits = names.map((name) =>
      auditRow(
        { action: "group.member_added", actor, subject: user, detail: { class: name } },
        clock,
      ),
    );
    return { names, writes: [...writes, ...audits] };
  }

  #enter(user: UserRecord, groups: readonly GroupRecord[]): Entered {
    const each = [...new Set(groups)];
    return {
      names: each.map(({ name }) => name),
      writes: each.flatMap(({ id }) => enterGroup(id, user)),
    };
  }

  #of(groups: readonly string[]): readonly GroupRecord[] {
    return groups.flatMap((group) => this.#byGroup.get(group) ?? []);
  }

  #newGroup(name: string, number: number): GroupRecord {
    const created = isoTime(this.#by.clock);
    return { id: makeId(), number, name, created, isDefault: false, signUp: { mode: "off" } };
  }
}
