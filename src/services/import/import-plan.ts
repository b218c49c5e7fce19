/**
 * What moving in would do, and the rows that do it. Pure: the preview and the deed are one plan. Accounts that did not
 * come from there are never touched, and what a teacher changed since is not undone.
 */
import { isoTime, type Clock } from "#src/clock.ts";
import { type FailureData, HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { cleanDisplayName } from "#src/services/accounts/names.ts";
import { passwordRecord, putUser, userNamed } from "#src/services/accounts/user-records.ts";
import { makeId } from "#src/stores/ids.ts";
import { metaOf } from "#src/stores/meta-row.ts";
import type { Role, UserName, UserRecord } from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";
import { type ClassPlan, planClasses, type PlannedClass } from "./import-classes.ts";
import { nameAll } from "./import-names.ts";
import type { FoundPassword, FoundPeople, FoundPerson } from "./jupyterhub-files.ts";

/** `there`: came in an earlier run. `other`: somebody of that name was here before. */
type Becomes = "new" | "there" | "other" | "in_trash" | "refused";

export interface PlannedPerson {
  /** What they are called at JupyterHub. */
  readonly was: string;
  readonly becomes: Becomes;
  readonly name?: UserName;
  readonly role?: Role;
  /** Of those who are new, or whose password comes after them. */
  readonly password?: FoundPassword["is"];
  /** Classes that they enter. */
  readonly classes: readonly string[];
  readonly problem?: FailureData;
}

export interface MovePlan {
  readonly people: readonly PlannedPerson[];
  readonly classes: readonly PlannedClass[];
  readonly strangers: readonly string[];
  readonly writes: readonly Write[];
}

export interface MoveOptions {
  /** What an admin becomes. An owner only with a password: without one nobody could sign in as them. */
  readonly admins: Role;
}

interface Step {
  readonly plan: PlannedPerson;
  readonly writes: readonly Write[];
}

export function planMove(
  state: StoreReader,
  found: FoundPeople,
  options: MoveOptions,
  by: { readonly actor: Actor; readonly clock: Clock },
): MovePlan {
  return new MovePlanner(state, found, options, by).plan();
}

class MovePlanner {
  readonly #state: StoreReader;
  readonly #found: FoundPeople;
  readonly #options: MoveOptions;
  readonly #by: { readonly actor: Actor; readonly clock: Clock };
  readonly #classes: ClassPlan;
  readonly #earlier: ReadonlyMap<string, UserRecord>;
  #nextNumber: number;

  constructor(
    state: StoreReader,
    found: FoundPeople,
    options: MoveOptions,
    by: { readonly actor: Actor; readonly clock: Clock },
  ) {
    this.#state = state;
    this.#found = found;
    this.#options = options;
    this.#by = by;
    this.#classes = planClasses(state, found.groups, by);
    this.#earlier = earlierPeople(state);
    this.#nextNumber = metaOf(state).nextUserNumber;
  }

  plan(): MovePlan {
    const { people, strangers } = this.#found;
    const arriving = people.map(({ name }) => name).filter((name) => !this.#earlier.has(name));
    const names = nameAll(arriving, (name) => this.#state.get("names", name) !== undefined);
    const steps = people.map((person): Step => {
      const before = this.#earlier.get(person.name);
      if (before !== undefined) return this.#again(person, before);
      const named = names.get(person.name);
      if (named === undefined || "problem" in named) {
        return refused(person, named?.problem);
      }
      const other = userNamed(this.#state, named.name);
      return other === undefined ? this.#arrive(person, named.name) : leftAlone(person, other);
    });
    return {
      people: steps.map(({ plan }) => plan),
      classes: this.#classes.classes,
      strangers,
      writes: [...this.#meta(), ...this.#classes.writes, ...steps.flatMap(({ writes }) => writes)],
    };
  }

  #arrive(person: FoundPerson, name: UserName): Step {
    const { actor, clock } = this.#by;
    const role = this.#roleOf(person);
    const at = isoTime(clock);
    const { password } = person;
    const user: UserRecord = {
      id: makeId(),
      number: this.#nextNumber,
      name,
      displayName: cleanDisplayName(Array.from(person.name).slice(0, 100).join(""), name),
      role,
      ...(password.is === "kept"
        ? { password: passwordRecord({ hash: password.hash, isFirst: false }, clock) }
        : {}),
      created: at,
      movedIn: { from: "jupyterhub", name: person.name, at },
    };
    this.#nextNumber += 1;
    const entered = this.#classes.forNew(user, person.groups);
    const detail = { role, from: "jupyterhub" };
    return {
      plan: {
        was: person.name,
        becomes: "new",
        name,
        role,
        password: password.is,
        classes: entered.names,
      },
      writes: [
        putUser(user),
        { put: "names", key: name, record: { userId: user.id } },
        ...entered.writes,
        auditRow({ action: "user.added", actor, subject: user, detail }, clock),
      ],
    };
  }

  /** What is missing: a password that came later, and classes that are new in this run. */
  #again(person: FoundPerson, before: UserRecord): Step {
    const { actor, clock } = this.#by;
    const plan = { was: person.name, name: before.name, role: before.role };
    if (before.deleted !== undefined) {
      return { plan: { ...plan, becomes: "in_trash", classes: [] }, writes: [] };
    }
    const { password } = person;
    const entered = this.#classes.forKnown(before, person.groups);
    if (before.password !== undefined || password.is !== "kept") {
      return {
        plan: { ...plan, becomes: "there", classes: entered.names },
        writes: entered.writes,
      };
    }
    const user = {
      ...before,
      password: passwordRecord({ hash: password.hash, isFirst: false }, clock, before),
    };
    const detail = { from: "jupyterhub" };
    return {
      plan: { ...plan, becomes: "there", password: "kept", classes: entered.names },
      writes: [
        ...entered.writes,
        putUser(user),
        auditRow({ action: "password.changed", actor, subject: user, detail }, clock),
      ],
    };
  }

  #roleOf({ isAdmin, password }: FoundPerson): Role {
    if (!isAdmin) return "student";
    const { admins } = this.#options;
    return admins === "owner" && password.is !== "kept" ? "teacher" : admins;
  }

  #meta(): Write[] {
    const meta = metaOf(this.#state);
    const nextGroupNumber = this.#classes.nextGroupNumber;
    const isSame =
      meta.nextUserNumber === this.#nextNumber && meta.nextGroupNumber === nextGroupNumber;
    const record = { ...meta, nextUserNumber: this.#nextNumber, nextGroupNumber };
    return isSame ? [] : [{ put: "meta", key: "meta", record }];
  }
}

function refused({ name }: FoundPerson, problem: FailureData | undefined): Step {
  const reason = problem ?? new HubError("name_empty", { name }).toData();
  return { plan: { was: name, becomes: "refused", classes: [], problem: reason }, writes: [] };
}

function leftAlone({ name }: FoundPerson, other: UserRecord): Step {
  const plan = { was: name, becomes: "other", name: other.name, classes: [] } as const;
  return { plan: { ...plan, role: other.role }, writes: [] };
}

/** By what they were called there; whoever lives here goes before whoever is in the trash. */
function earlierPeople(state: StoreReader): ReadonlyMap<string, UserRecord> {
  const found = new Map<string, UserRecord>();
  for (const [, user] of state.entries("users")) {
    const was = user.movedIn?.name;
    if (was === undefined) continue;
    const other = found.get(was);
    if (other === undefined || other.deleted !== undefined) found.set(was, user);
  }
  return found;
}
