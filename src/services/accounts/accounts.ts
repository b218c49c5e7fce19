/**
 * Accounts: every change is one batch with its audit row. Passwords are hashed before the change, for a plan does
 * not wait; what the plan then finds counts, not what was true when the hashing began.
 */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Role, SessionId, UserId, UserRecord } from "#src/stores/records.ts";
import type { Change, Store, StoreReader } from "#src/stores/store.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { Attempts } from "#src/services/sign-in/attempts.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { makeFirstPassword } from "./first-passwords.ts";
import { changeRoleInGroups, leaveAllGroups } from "./memberships.ts";
import { toUserName } from "./names.ts";
import { planUser, readNewcomer, type NewUser } from "./new-user.ts";
import { checkPasswordRules, type Passwords } from "#src/services/sign-in/passwords.ts";
import { SETUP_CODE_KEY } from "./setup-code.ts";
import {
  assertFree,
  assertNotLastOwner,
  demandUser,
  endSessions,
  hasSamePassword,
  livingUser,
  livingUsers,
  ownerCount,
  passwordRecord,
  putUser,
  userNamed,
} from "./user-records.ts";

export interface AccountsParts {
  readonly store: Store;
  readonly passwords: Pick<Passwords, "hash" | "verify">;
  readonly attempts: Attempts;
  readonly clock: Clock;
  /** Least length of a password that a person chooses. */
  readonly minLength: number;
}

export class Accounts {
  readonly #store: Store;
  readonly #passwords: AccountsParts["passwords"];
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #minLength: number;

  constructor(parts: AccountsParts) {
    this.#store = parts.store;
    this.#passwords = parts.passwords;
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
      const user = planUser(state, newcomer, { hash, isFirst: false }, this.#clock);
      return {
        writes: [
          ...user.writes,
          { remove: "settings", key: SETUP_CODE_KEY },
          auditRow({ action: "setup.done", actor, subject: user.result }, this.#clock),
        ],
        result: user.result,
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
      const made = planUser(state, newcomer, { hash, isFirst }, this.#clock);
      const detail = { role: made.result.role };
      const audit = { action: "user.added", actor, subject: made.result, detail } as const;
      return { writes: [...made.writes, auditRow(audit, this.#clock)], result: made.result };
    });
    return firstPassword === undefined ? { user } : { user, firstPassword };
  }

  /** A new first password: all sessions are gone with it; files and running server are not touched. */
  async resetPassword(
    userId: UserId,
    actor: Actor,
  ): Promise<{ readonly user: UserRecord; readonly firstPassword: string }> {
    demandUser(this.#store, userId);
    const firstPassword = makeFirstPassword();
    const hash = await this.#passwords.hash(firstPassword);
    const user = await this.#store.change((state) => {
      const before = demandUser(state, userId);
      const user = {
        ...before,
        password: passwordRecord({ hash, isFirst: true }, this.#clock, before),
      };
      return {
        writes: [
          putUser(user),
          ...endSessions(state, userId),
          auditRow({ action: "password.reset", actor, subject: user }, this.#clock),
        ],
        result: user,
      };
    });
    this.#attempts.clear(user.name);
    return { user, firstPassword };
  }

  /**
   * Replaces a password by its owner, who proves to be one with the current password; the other sessions end.
   * Throws `current_password_wrong`, `too_many_attempts`, and what `checkPasswordRules` throws.
   */
  async changePassword(
    userId: UserId,
    change: { readonly current: string; readonly next: string; readonly keepSession?: SessionId },
    actor: Actor,
  ): Promise<void> {
    const { current, next, keepSession } = change;
    const before = demandUser(this.#store, userId);
    const fits = await this.#attempts.limit(before.name, actor.address ?? actor.id, async () =>
      (await this.#passwords.verify(before.password?.hash, current)) ? true : undefined,
    );
    if (fits === undefined) {
      throw new HubError("current_password_wrong");
    }
    const { name } = before;
    checkPasswordRules(next, { name, minLength: this.#minLength, previous: current });
    await this.#replacePassword(before, { next, keepSession }, actor);
  }

  /**
   * Replaces a first password. The current one is not asked for: the session was opened with it just now.
   * Throws `password_is_first` and what `checkPasswordRules` throws; `not_allowed` for a session that was not
   * opened with the first password.
   */
  async chooseOwnPassword(
    userId: UserId,
    choice: { readonly next: string; readonly session: SessionId },
    actor: Actor,
  ): Promise<void> {
    const { next, session } = choice;
    const before = demandUser(this.#store, userId);
    assertMayChoose(this.#store, before, session);
    const isFirstAgain = await this.#passwords.verify(before.password?.hash, next);
    checkPasswordRules(next, { name: before.name, minLength: this.#minLength });
    if (isFirstAgain) {
      throw new HubError("password_is_first");
    }
    await this.#replacePassword(before, { next, keepSession: session, isChoice: true }, actor);
  }

  /** The same password under today's parameters; nothing happens when it was changed meanwhile. */
  async renewHash(user: UserRecord, password: string): Promise<void> {
    const hash = await this.#passwords.hash(password);
    await this.#store.change((state) => {
      const now = livingUser(state, user.id);
      const isSame = now?.password !== undefined && now.password.hash === user.password?.hash;
      const writes = isSame ? [putUser({ ...now, password: { ...now.password, hash } })] : [];
      return { writes, result: undefined };
    });
  }

  /**
   * The record stays, marked, with its id and so its files; the name is free, and whoever gets it next is
   * somebody else. Throws `last_owner`, `cannot_delete_self`.
   */
  remove(userId: UserId, actor: Actor): Promise<UserRecord> {
    return this.#store.change((state) => {
      const before = demandUser(state, userId);
      if (actor.id === userId) {
        throw new HubError("cannot_delete_self");
      }
      assertNotLastOwner(state, before);
      const user = { ...before, deleted: isoTime(this.#clock) };
      return {
        writes: [
          putUser(user),
          { remove: "names", key: user.name },
          ...endSessions(state, userId),
          ...leaveAllGroups(state, userId),
          auditRow({ action: "user.removed", actor, subject: user }, this.#clock),
        ],
        result: user,
      };
    });
  }

  setRole(userId: UserId, role: Role, actor: Actor): Promise<void> {
    return this.#store.change((state): Change<undefined> => {
      const before = demandUser(state, userId);
      if (before.role === role) {
        return { writes: [], result: undefined };
      }
      assertNotLastOwner(state, before);
      const user = { ...before, role };
      const detail = { from: before.role, to: role };
      const audit = { action: "user.role_changed", actor, subject: user, detail } as const;
      return {
        writes: [
          putUser(user),
          ...changeRoleInGroups(state, userId, role),
          auditRow(audit, this.#clock),
        ],
        result: undefined,
      };
    });
  }

  async #replacePassword(
    before: UserRecord,
    replacement: {
      readonly next: string;
      readonly keepSession: SessionId | undefined;
      readonly isChoice?: boolean;
    },
    actor: Actor,
  ): Promise<void> {
    const { next, keepSession, isChoice = false } = replacement;
    const hash = await this.#passwords.hash(next);
    await this.#store.change((state) => {
      const now = demandUser(state, before.id);
      // A reset came in between: what was verified is not the password any more.
      if (!hasSamePassword(now, before)) {
        throw new HubError("current_password_wrong");
      }
      if (isChoice && keepSession !== undefined) {
        assertMayChoose(state, now, keepSession);
      }
      const user = { ...now, password: passwordRecord({ hash, isFirst: false }, this.#clock, now) };
      return {
        writes: [
          putUser(user),
          ...endSessions(state, user.id, keepSession),
          auditRow({ action: "password.changed", actor, subject: user }, this.#clock),
        ],
        result: undefined,
      };
    });
  }
}

function assertNotSetUp(state: StoreReader): void {
  if (ownerCount(state) > 0) {
    throw new HubError("setup_done");
  }
}

/** Only a session that was opened with the first password may replace it unasked. */
function assertMayChoose(state: StoreReader, user: UserRecord, sessionId: SessionId): void {
  const session = state.get("sessions", sessionId);
  const isOpen = session?.userId === user.id && session.mustChangePassword;
  if (!isOpen || user.password?.isFirst !== true) {
    throw new HubError("not_allowed");
  }
}
