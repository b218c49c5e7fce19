/** Signing in, up to the session: limits, the password, and what is remembered of it. */
import type { Authenticator, Credentials } from "#src/authenticators/authenticator.ts";
import { hash } from "node:crypto";
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Timers } from "#src/timers.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { Attempts, Client } from "./attempts.ts";
import { Refusals } from "./refusals.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { toUserName } from "#src/services/accounts/names.ts";
import { hasSamePassword, putUser, userNamed } from "#src/services/accounts/user-records.ts";

const MAX_TYPED = 1000;
const DIGEST_LENGTH = 32;

interface Parts {
  readonly authenticator: Authenticator;
  readonly accounts: Pick<Accounts, "byName" | "lastTrashed">;
  readonly attempts: Attempts;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly log?: Pick<Logger, "error">;
}

export interface SignedIn {
  /** As it was when the password was checked: a session is made for this and no other state of it. */
  readonly user: UserRecord;
  readonly mustChangePassword: boolean;
}

export class Login implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #refusals: Refusals;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { store, clock, timers, log } = parts;
    this.#refusals = new Refusals({ store, clock, timers, log });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#refusals[Symbol.asyncDispose]();
  }

  /**
   * Throws `wrong_password`, whatever did not fit, `too_many_attempts`, `too_busy`, and `account_locked`, which only
   * those hear who know the password. Nobody is added by signing in: people whom an outside authenticator knows
   * need an account here as well.
   */
  async signIn(
    credentials: Credentials,
    actor: Actor,
    signal: AbortSignal,
    client: Client = {},
  ): Promise<SignedIn> {
    const { attempts } = this.#parts;
    const name = toUserName(credentials.username);
    const signedIn = await attempts.limit(
      // What nobody can be called counts by itself, too: a class whose people type their full names is many.
      name ?? `?${digest(credentials.username)}`,
      actor.address ?? "",
      () => this.#try(credentials, actor, signal),
      { ...client, isSignIn: true, signal },
    );
    if (signedIn === undefined) {
      await this.#refuse(name ?? "", actor, client);
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
  #refuse(name: string, actor: Actor, { device }: Client): Promise<void> {
    const { accounts } = this.#parts;
    // By id, so that erasing them takes the name out of the row.
    const subject = accounts.byName(name) ?? accounts.lastTrashed(name) ?? { name };
    const detail = device === undefined ? {} : { detail: { device } };
    return this.#refusals.tell({ actor, subject, ...detail });
  }
}

/** What was typed may be a password. */
function digest(text: string): string {
  return hash("sha256", text.slice(0, MAX_TYPED)).slice(0, DIGEST_LENGTH);
}

/** While it was checked, a password may be replaced, or an account removed and its name given to another. */
function isUnchanged(seen: UserRecord, now: UserRecord): boolean {
  return seen.id === now.id && hasSamePassword(now, seen);
}
