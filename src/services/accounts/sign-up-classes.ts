/** Which classes take people in who make an account themselves, and what their teachers change about that. */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
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
  /**
   * When each code is over by the clock that only grows: setting the box's time back does not keep a code alive.
   * Across restarts of the hub there is the wall clock alone.
   */
  readonly #deadlines = new Map<GroupId, { readonly code: string; readonly atMs: number }>();

  constructor({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
    for (const { id, signUp } of this.list()) {
      if (signUp.mode === "code") this.#deadlineOf(id, signUp);
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

  isOver(id: GroupId, signUp: CodeSignUp): boolean {
    if (signUp.expires === undefined) return false;
    return (
      this.#clock.now() >= Date.parse(signUp.expires) ||
      this.#clock.monotonic() >= this.#deadlineOf(id, signUp)
    );
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
    if (group.signUp.mode === "code") this.#deadlineOf(id, group.signUp);
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

  #deadlineOf(id: GroupId, { code, opened, expires }: CodeSignUp): number {
    if (expires === undefined) return Infinity;
    const known = this.#deadlines.get(id);
    if (known?.code === code) return known.atMs;
    const end = Date.parse(expires);
    // A clock that is before the time at which the code was made is wrong: it never lives longer than it was given.
    const leftMs = Math.min(end - this.#clock.now(), end - Date.parse(opened));
    const atMs = this.#clock.monotonic() + leftMs;
    this.#deadlines.set(id, { code, atMs });
    return atMs;
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
