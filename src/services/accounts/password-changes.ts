/** New passwords for people who have an account. Hashed before the change: what it then finds counts. */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Attempts } from "#src/services/sign-in/attempts.ts";
import { checkPasswordRules, type Passwords } from "#src/services/sign-in/passwords.ts";
import { KeyedLock } from "#src/services/keyed-lock.ts";
import type { SessionId, UserId, UserRecord } from "#src/stores/records.ts";
import type { Store, StoreReader } from "#src/stores/store.ts";
import { makeFirstPassword } from "./first-passwords.ts";
import { assertActorStays } from "./life-changes.ts";
import {
  demandUser,
  endSessions,
  endTokens,
  hasSamePassword,
  passwordRecord,
  putUser,
} from "./user-records.ts";

export interface PasswordParts {
  readonly store: Store;
  readonly passwords: Pick<Passwords, "hash" | "verify">;
  readonly attempts: Attempts;
  readonly clock: Clock;
  /** Least length of a password that a person chooses. */
  readonly minLength: number;
}

interface NewFirstPassword {
  readonly user: UserRecord;
  readonly firstPassword: string;
}

interface OwnChange {
  readonly current: string;
  readonly next: string;
  readonly keepSession?: SessionId;
}

interface OwnChoice {
  readonly next: string;
  readonly session: SessionId;
}

export class PasswordChanges {
  /** Of a form that is sent twice, the second answer is the one on the screen: what it says has to be true. */
  readonly #resets = new KeyedLock<UserId>();
  readonly #ownChanges = new KeyedLock<UserId>();
  readonly #store: Store;
  readonly #passwords: PasswordParts["passwords"];
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #minLength: number;

  constructor(parts: PasswordParts) {
    this.#store = parts.store;
    this.#passwords = parts.passwords;
    this.#attempts = parts.attempts;
    this.#clock = parts.clock;
    this.#minLength = parts.minLength;
  }

  /** A new first password: all sessions and API tokens are gone with it; files and running server are not touched. */
  reset(userId: UserId, actor: Actor): Promise<NewFirstPassword> {
    return this.#resets.run(userId, () => this.#reset(userId, actor));
  }

  async #reset(userId: UserId, actor: Actor): Promise<NewFirstPassword> {
    demandUser(this.#store, userId);
    const firstPassword = makeFirstPassword();
    const hash = await this.#passwords.hash(firstPassword);
    const user = await this.#store.change((state) => {
      const before = demandUser(state, userId);
      assertActorStays(state, actor, before);
      const user = {
        ...before,
        password: passwordRecord({ hash, isFirst: true }, this.#clock, before),
      };
      return {
        writes: [
          putUser(user),
          ...endSessions(state, userId),
          ...endTokens(state, userId),
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
  async change(userId: UserId, change: OwnChange, actor: Actor): Promise<void> {
    const seen = demandUser(this.#store, userId);
    await this.#ownChanges.run(userId, async () => {
      if (!(await this.#isDone(seen, change.next))) await this.#change(userId, change, actor);
    });
  }

  async #change(
    userId: UserId,
    { current, next, keepSession }: OwnChange,
    actor: Actor,
  ): Promise<void> {
    const before = demandUser(this.#store, userId);
    const fits = await this.#attempts.limit(
      before.name,
      actor.address ?? actor.id,
      async () =>
        (await this.#passwords.verify(before.password?.hash, current)) ? true : undefined,
      // By itself, so that a neighbour's guesses at the sign-in keep nobody from a new password.
      { device: keepSession },
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
  async chooseOwn(userId: UserId, choice: OwnChoice, actor: Actor): Promise<void> {
    const seen = demandUser(this.#store, userId);
    assertMayChoose(this.#store, seen, choice.session);
    await this.#ownChanges.run(userId, async () => {
      if (!(await this.#isDone(seen, choice.next))) await this.#chooseOwn(userId, choice, actor);
    });
  }

  async #chooseOwn(userId: UserId, { next, session }: OwnChoice, actor: Actor): Promise<void> {
    const before = demandUser(this.#store, userId);
    assertMayChoose(this.#store, before, session);
    const isFirstAgain = await this.#passwords.verify(before.password?.hash, next);
    checkPasswordRules(next, { name: before.name, minLength: this.#minLength });
    if (isFirstAgain) {
      throw new HubError("password_is_first");
    }
    await this.#replacePassword(before, { next, keepSession: session, isChoice: true }, actor);
  }

  /** The same was asked just before, and is done meanwhile: it became the password since `seen`. */
  async #isDone(seen: UserRecord, next: string): Promise<boolean> {
    const now = demandUser(this.#store, seen.id);
    if (hasSamePassword(now, seen) || now.password?.isFirst !== false) return false;
    return this.#passwords.verify(now.password.hash, next);
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

/** Only a session that was opened with the first password may replace it unasked. */
function assertMayChoose(state: StoreReader, user: UserRecord, sessionId: SessionId): void {
  const session = state.get("sessions", sessionId);
  const isOpen = session?.userId === user.id && session.mustChangePassword;
  if (!isOpen || user.password?.isFirst !== true) {
    throw new HubError("not_allowed");
  }
}
