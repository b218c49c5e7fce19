/** Which classes take people in who make an account themselves, and what their teachers change about that. */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { Deadlines } from "#src/services/deadlines.ts";
import type { GroupId, GroupRecord, SignUpRecord } from "#src/stores/records.ts";
import type { Store, StoreReader } from "#src/stores/store.ts";
import { isSameCode, makeCode } from "./codes.ts";
import { assertActorStays } from "./life-changes.ts";

type CodeSignUp = Extract<SignUpRecord, { readonly mode: "code" }>;

/** `lesson` is two hours, `today` ends at midnight of the box; a number counts hours; absent: until it is closed. */
export type SignUpTime = "lesson" | "today" | "week" | number;

export type SignUpChange =
  | { readonly mode: "off" }
  | { readonly mode: "open" }
  | { readonly mode: "code"; readonly time?: SignUpTime; readonly places?: number };

const HOUR_MS = 3_600_000;
const MOST_HOURS = 366 * 24;
export const MOST_PLACES = 1000;

export class SignUpClasses {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  constructor({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
    for (const { id, signUp } of this.list()) {
      if (signUp.mode === "code") this.isOver(id, signUp);
    }
  }

  /** All classes, the first one first. */
  list(state: StoreReader = this.#store): readonly GroupRecord[] {
    return Array.from(state.entries("groups"), ([, group]) => group).sort(
      (a, b) => a.number - b.number,
    );
  }

  byId(id: string): GroupRecord | undefined {
    return this.#store.get("groups", id);
  }

  /** Whether the class takes in somebody now, who has its code if there is one. */
  accepts({ id, signUp }: GroupRecord): boolean {
    switch (signUp.mode) {
      case "off":
        return false;
      case "open":
        return true;
      case "code":
        return !this.isOver(id, signUp) && !isFull(signUp);
    }
  }

  /** The class of a code as it was typed. All are looked at, whichever fits. */
  withCode(typed: string, state: StoreReader): GroupRecord | undefined {
    const fitting = this.list(state).filter(
      (group) =>
        group.signUp.mode === "code" && isSameCode(typed, group.signUp.code) && this.accepts(group),
    );
    return fitting[0];
  }

  isOver(id: GroupId, { opened, expires }: CodeSignUp): boolean {
    return this.#deadlines.isOver(id, { begun: opened, until: expires });
  }

  /**
   * A new code each time: the one before is dead at once. Throws `class_not_found`, `places_wrong`, `hours_wrong`,
   * `not_allowed`.
   */
  async set(id: GroupId, change: SignUpChange, actor: Actor): Promise<GroupRecord> {
    const signUp = this.#planned(change);
    const group = await this.#store.change((state) => {
      assertActorStays(state, actor);
      const before = state.get("groups", id);
      if (before === undefined) throw new HubError("class_not_found");
      if (before.signUp.mode === signUp.mode && signUp.mode !== "code") {
        return { writes: [], result: before };
      }
      const after = { ...before, signUp };
      const row = auditRow(
        { action: "sign_up.changed", actor, detail: detailOf(after) },
        this.#clock,
      );
      return { writes: [{ put: "groups", key: id, record: after }, row], result: after };
    });
    if (group.signUp.mode === "code") this.isOver(id, group.signUp);
    return group;
  }

  #planned(change: SignUpChange): SignUpRecord {
    const opened = isoTime(this.#clock);
    switch (change.mode) {
      case "off":
        return { mode: "off" };
      case "open":
        return { mode: "open", opened };
      case "code": {
        const { time, places } = change;
        if (
          places !== undefined &&
          !(Number.isInteger(places) && places >= 1 && places <= MOST_PLACES)
        ) {
          throw new HubError("places_wrong", { limit: MOST_PLACES });
        }
        return {
          mode: "code",
          code: makeCode(2, 4),
          opened,
          ...(time === undefined ? {} : { expires: this.#endOf(time) }),
          ...(places === undefined ? {} : { places }),
          taken: 0,
        };
      }
    }
  }

  #endOf(time: SignUpTime): string {
    const now = this.#clock.now();
    if (time === "today") return new Date(new Date(now).setHours(24, 0, 0, 0)).toISOString();
    const hours = time === "lesson" ? 2 : time === "week" ? 7 * 24 : time;
    if (!(hours > 0 && hours <= MOST_HOURS))
      throw new HubError("hours_wrong", { limit: MOST_HOURS });
    return new Date(now + hours * HOUR_MS).toISOString();
  }
}

function isFull({ places, taken }: CodeSignUp): boolean {
  return places !== undefined && taken >= places;
}

/** Not the code itself: who reads the audit need not be who may give it out. */
function detailOf({ name, signUp }: GroupRecord): Record<string, string | number> {
  return {
    class: name.slice(0, 100),
    mode: signUp.mode,
    ...(signUp.mode === "code" && signUp.expires !== undefined ? { expires: signUp.expires } : {}),
    ...(signUp.mode === "code" && signUp.places !== undefined ? { places: signUp.places } : {}),
  };
}
