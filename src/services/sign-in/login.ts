/** Signing in, up to the session: limits, the password, and what is remembered of it. */
import type { Authenticator, Credentials } from "#src/authenticators/authenticator.ts";
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { Attempts } from "./attempts.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { toUserName } from "#src/services/accounts/names.ts";
import { hasSamePassword, putUser, userNamed } from "#src/services/accounts/user-records.ts";

interface Parts {
  readonly authenticator: Authenticator;
  readonly accounts: Pick<Accounts, "byName" | "lastTrashed">;
  readonly attempts: Attempts;
  readonly store: Store;
  readonly clock: Clock;
}

export interface SignedIn {
  /** As it was when the password was checked: a session is made for this and no other state of it. */
  readonly user: UserRecord;
  readonly mustChangePassword: boolean;
}

export class Login {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Throws `wrong_password`, whatever did not fit, `too_many_attempts`, and `account_locked`, which only those hear
   * who know the password. Nobody is added by signing in: people
   * whom an outside authenticator knows need an account here as well.
   */
  async signIn(credentials: Credentials, actor: Actor, signal: AbortSignal): Promise<SignedIn> {
    const { attempts } = this.#parts;
    // All names that nobody can have share one counter.
    const name = toUserName(credentials.username) ?? "";
    const signedIn = await attempts.limit(name, actor.address ?? "", () =>
      this.#try(credentials, actor, signal),
    );
    if (signedIn === undefined) {
      await this.#refuse(name, actor);
      throw new HubError("wrong_password");
    }
    return signedIn;
  }

  async #try(
    credentials: Credentials,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<SignedIn | undefined> {
    const { accounts, authenticator, store, clock } = this.#parts;
    const seen = accounts.byName(credentials.username);
    const found = await authenticator.authenticate(credentials, signal);
    if (found === undefined) {
      return undefined;
    }
    const signedIn = await store.change<SignedIn | "locked" | undefined>((state) => {
      const now = userNamed(state, found.name);
      if (now === undefined || (seen?.name === now.name && !isUnchanged(seen, now))) {
        return { writes: [], result: undefined };
      }
      if (now.disabled !== undefined) {
        const detail = { reason: "account_locked" };
        const audit = { action: "session.refused", actor, subject: now, detail } as const;
        return { writes: [auditRow(audit, clock)], result: "locked" };
      }
      const at = isoTime(clock);
      const user = { ...now, lastSignIn: at, lastActivity: at };
      const self = { ...actor, id: user.id, name: user.name };
      return {
        writes: [
          putUser(user),
          auditRow({ action: "session.signed_in", actor: self, subject: user }, clock),
        ],
        result: { user, mustChangePassword: found.mustChangePassword },
      };
    });
    if (signedIn === "locked") {
      throw new HubError("account_locked");
    }
    return signedIn;
  }

  /** The row names what was typed only if it can be a user name; who is in a hurry types the password there. */
  #refuse(name: string, actor: Actor): Promise<void> {
    const { accounts, store, clock } = this.#parts;
    // By id, so that erasing them takes the name out of the row.
    const subject = accounts.byName(name) ?? accounts.lastTrashed(name) ?? { name };
    const row = auditRow({ action: "session.refused", actor, subject }, clock);
    return store.change(() => ({ writes: [row], result: undefined }));
  }
}

/** While it was checked, a password may be replaced, or an account removed and its name given to another. */
function isUnchanged(seen: UserRecord, now: UserRecord): boolean {
  return seen.id === now.id && hasSamePassword(now, seen);
}
