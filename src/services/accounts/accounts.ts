/**
 * Accounts: every change is one batch with its audit row. Passwords are hashed before the change, for a plan does
 * not wait; what the plan then finds counts, not what was true when the hashing began.
 */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Attempts } from "#src/services/sign-in/attempts.ts";
import type { Role, UserId, UserName, UserRecord } from "#src/stores/records.ts";
import type { Change, Store, StoreReader } from "#src/stores/store.ts";
import { makeFirstPassword } from "./first-passwords.ts";
import {
  type AccountChange,
  type By,
  assertActorStays,
  planAcceptance,
  planChange,
  planRefusal,
  planRemoval,
  planRestoring,
} from "./life-changes.ts";
import { cleanDisplayName, parseUserName, toUserName } from "./names.ts";
import { planUser, planWaitingUsers, readNewcomer, type NewUser } from "./new-user.ts";
import { PasswordChanges, type PasswordParts } from "./password-changes.ts";
import { SETUP_CODE_KEY } from "./setup-code.ts";
import {
  activeUser,
  assertFree,
  livingUser,
  livingUsers,
  ownerCount,
  putUser,
  trashedUser,
  userNamed,
} from "./user-records.ts";

export type AccountsParts = PasswordParts;

/** As it was typed or sent. */
export interface AskedChange {
  readonly name?: string;
  readonly displayName?: string;
  readonly role?: Role;
  readonly disabled?: boolean;
}

export class Accounts {
  readonly #store: Store;
  readonly #passwords: AccountsParts["passwords"];
  readonly #passwordChanges: PasswordChanges;
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #minLength: number;

  constructor(parts: AccountsParts) {
    this.#store = parts.store;
    this.#passwords = parts.passwords;
    this.#passwordChanges = new PasswordChanges(parts);
    this.#attempts = parts.attempts;
    this.#clock = parts.clock;
    this.#minLength = parts.minLength;
  }

  /** All who are not deleted, in the order in which they were added. */
  living(): readonly UserRecord[] {
    return Array.from(livingUsers(this.#store)).sort((a, b) => a.number - b.number);
  }

  /** Whatever the spelling. */
  byName(text: string): UserRecord | undefined {
    const name = toUserName(text);
    return name === undefined ? undefined : userNamed(this.#store, name);
  }

  byId(id: UserId): UserRecord | undefined {
    return livingUser(this.#store, id);
  }

  /** Unless they are locked. */
  activeById(id: UserId): UserRecord | undefined {
    return activeUser(this.#store, id);
  }

  /** Those in the trash, the last removed first; `erasing` tells of whom nothing will be left. */
  trashed(): readonly UserRecord[] {
    return this.#trashedWhere(() => true);
  }

  /** Who had this canonical name last, of those in the trash. */
  lastTrashed(name: string): UserRecord | undefined {
    return this.#trashedWhere((user) => user.name === name)[0];
  }

  trashedById(id: string): UserRecord | undefined {
    return trashedUser(this.#store, id);
  }

  hasOwner(): boolean {
    return ownerCount(this.#store) > 0;
  }

  /** Makes the first owner. Throws `setup_done` when there is one. */
  async setUp(
    input: { readonly name: string; readonly displayName: string; readonly password: string },
    actor: Actor,
  ): Promise<UserRecord> {
    const newcomer = readNewcomer({ ...input, role: "owner" }, this.#minLength);
    assertNotSetUp(this.#store);
    const hash = await this.#passwords.hash(input.password);
    return this.#store.change((state) => {
      assertNotSetUp(state);
      const made = planUser(state, newcomer, { hash, isFirst: false }, this.#clock);
      // They are signed in with it.
      const user = { ...made.result, lastSignIn: made.result.created };
      return {
        writes: [
          ...made.writes,
          putUser(user),
          { remove: "settings", key: SETUP_CODE_KEY },
          auditRow({ action: "setup.done", actor, subject: user }, this.#clock),
        ],
        result: user,
      };
    });
  }

  /** With `firstPassword`, shown once, when no password was given. */
  async add(
    input: NewUser,
    actor: Actor,
  ): Promise<{ readonly user: UserRecord; readonly firstPassword?: string }> {
    const newcomer = readNewcomer(input, this.#minLength);
    assertFree(this.#store, newcomer.name);
    const firstPassword = input.password === undefined ? makeFirstPassword() : undefined;
    const isFirst = firstPassword !== undefined;
    const hash = await this.#passwords.hash(input.password ?? firstPassword ?? "");
    const user = await this.#store.change((state) => {
      assertActorStays(state, actor);
      const made = planUser(state, newcomer, { hash, isFirst }, this.#clock);
      const detail = { role: made.result.role };
      const audit = { action: "user.added", actor, subject: made.result, detail } as const;
      return { writes: [...made.writes, auditRow(audit, this.#clock)], result: made.result };
    });
    return firstPassword === undefined ? { user } : { user, firstPassword };
  }

  /**
   * Accounts that wait: nobody can sign in with one until a teacher makes a first password. All in one change;
   * names that are taken are left out. Throws what `parseUserName` throws.
   */
  async addWaiting(people: readonly NewUser[], actor: Actor): Promise<readonly UserRecord[]> {
    const newcomers = people.map((person) => readNewcomer(person, this.#minLength));
    return this.#store.change((state) => {
      assertActorStays(state, actor);
      const made = planWaitingUsers(state, newcomers, this.#clock);
      const audits = made.result.map((subject) =>
        auditRow(
          { action: "user.added", actor, subject, detail: { role: subject.role } },
          this.#clock,
        ),
      );
      return { writes: [...made.writes, ...audits], result: made.result };
    });
  }

  /**
   * Everything that was asked for, or nothing. A name that is the present one in another spelling is no change.
   * Throws `user_not_found`, what `parseUserName` and `cleanDisplayName` throw, `name_taken`, `last_owner`,
   * `cannot_disable_self`.
   */
  async change(userId: UserId, asked: AskedChange, actor: Actor): Promise<UserRecord> {
    const { name, displayName, ...rest } = asked;
    const change: AccountChange = {
      ...rest,
      ...(name === undefined ? {} : { name: parseUserName(name) }),
      ...(displayName === undefined ? {} : { displayName: this.#displayName(userId, asked) }),
    };
    const before = livingUser(this.#store, userId)?.name;
    const user = await this.#change((state, by) => planChange(state, userId, change, by), actor);
    if (before !== undefined && before !== user.name) {
      this.#forgive(before, user.name);
    }
    return user;
  }

  /** Sessions, files and classes stay; a notebook that runs is opened anew at its new address. */
  rename(
    userId: UserId,
    change: { readonly name?: string; readonly displayName?: string },
    actor: Actor,
  ): Promise<UserRecord> {
    return this.change(userId, change, actor);
  }

  /** Who is locked is signed out, and nobody can sign in or open a notebook as them; files stay. */
  setDisabled(userId: UserId, disabled: boolean, actor: Actor): Promise<UserRecord> {
    return this.change(userId, { disabled }, actor);
  }

  /** Their sessions end: what they may do from now on begins with a new one. */
  setRole(userId: UserId, role: Role, actor: Actor): Promise<UserRecord> {
    return this.change(userId, { role }, actor);
  }

  /** Who made the account themselves belongs here. */
  accept(userId: UserId, actor: Actor): Promise<UserRecord> {
    return this.#change((state, by) => planAcceptance(state, userId, by), actor);
  }

  /** What `remove` would throw now, before anything else is done about somebody. */
  assertRemovable(userId: UserId, actor: Actor): void {
    planRemoval(this.#store, userId, { actor, clock: this.#clock });
  }

  /** Into the trash. Throws `user_not_found`, `last_owner`, `cannot_delete_self`. */
  remove(userId: UserId, actor: Actor): Promise<UserRecord> {
    return this.#remove((state, by) => planRemoval(state, userId, by), actor);
  }

  /** Who made the account themselves does not belong here: into the trash. Throws `not_a_newcomer`, too. */
  refuse(userId: UserId, actor: Actor): Promise<UserRecord> {
    return this.#remove((state, by) => planRefusal(state, userId, by), actor);
  }

  /**
   * Out of the trash. Throws `not_in_trash`, `erasing_now`, what `parseUserName` throws, and `name_taken` with
   * the name, for which another one can be given.
   */
  async restore(userId: UserId, as: { readonly name?: string }, actor: Actor): Promise<UserRecord> {
    const name = as.name === undefined ? {} : { name: parseUserName(as.name) };
    const user = await this.#change((state, by) => planRestoring(state, userId, name, by), actor);
    this.#forgive(user.name);
    return user;
  }

  resetPassword(userId: UserId, actor: Actor): ReturnType<PasswordChanges["reset"]> {
    return this.#passwordChanges.reset(userId, actor);
  }

  changePassword(...change: Parameters<PasswordChanges["change"]>): Promise<void> {
    return this.#passwordChanges.change(...change);
  }

  chooseOwnPassword(...choice: Parameters<PasswordChanges["chooseOwn"]>): Promise<void> {
    return this.#passwordChanges.chooseOwn(...choice);
  }

  #trashedWhere(isMeant: (user: UserRecord) => boolean): readonly UserRecord[] {
    return Array.from(this.#store.entries("users"), ([, user]) => user)
      .filter((user) => user.deleted !== undefined && isMeant(user))
      .sort((a, b) => (b.deleted ?? "").localeCompare(a.deleted ?? "") || b.number - a.number);
  }

  async #remove(
    plan: (state: StoreReader, by: By) => Change<UserRecord>,
    actor: Actor,
  ): Promise<UserRecord> {
    const user = await this.#change(plan, actor);
    this.#forgive(user.name);
    return user;
  }

  #change(
    plan: (state: StoreReader, by: By) => Change<UserRecord>,
    actor: Actor,
  ): Promise<UserRecord> {
    return this.#store.change((state) => plan(state, { actor, clock: this.#clock }));
  }

  #displayName(userId: UserId, { name, displayName }: AskedChange): string {
    const fallback = name ?? livingUser(this.#store, userId)?.name ?? "";
    return cleanDisplayName(displayName, fallback);
  }

  /** Misses count for a name; what was missed under it before was somebody else's. */
  #forgive(...names: readonly UserName[]): void {
    for (const name of names) {
      this.#attempts.clear(name);
    }
  }
}

function assertNotSetUp(state: StoreReader): void {
  if (ownerCount(state) > 0) {
    throw new HubError("setup_done");
  }
}
