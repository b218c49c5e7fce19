/** Signing in: limits, the password, and one change for all that follows from it. */
import type { Authenticator, Credentials } from "#src/authenticators/authenticator.ts";
import { hash } from "node:crypto";
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Timers } from "#src/timers.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Change, Store, StoreReader } from "#src/stores/store.ts";
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
  readonly user: UserRecord;
  readonly mustChangePassword: boolean;
}

interface SignInRequest<Opened> {
  readonly credentials: Credentials;
  readonly actor: Actor;
  readonly client?: Client;
  readonly signal: AbortSignal;
  /** What the sign-in opens, in the same change as its line in the audit. */
  readonly open: (state: StoreReader, signedIn: SignedIn) => Change<Opened>;
}

/** For who shows a password and goes on without a session. */
export function openNothing(): Change<undefined> {
  return { writes: [], result: undefined };
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
  async signIn<Opened>(
    request: SignInRequest<Opened>,
  ): Promise<SignedIn & { readonly opened: Opened }> {
    const { attempts } = this.#parts;
    const { credentials, actor, client = {}, signal } = request;
    const name = toUserName(credentials.username);
    const signedIn = await attempts.limit(
      // What nobody can be called counts by itself, too: a class whose people type their full names is many.
      name ?? `?${digest(credentials.username)}`,
      actor.address ?? "",
      () => this.#try(request),
      { ...client, isSignIn: true, signal },
    );
    if (signedIn === undefined) {
      await this.#refuse(name ?? "", actor, client);
      throw new HubError("wrong_password");
    }
    return signedIn;
  }

  async #try<Opened>({
    credentials,
    actor,
    signal,
    open,
  }: SignInRequest<Opened>): Promise<(SignedIn & { readonly opened: Opened }) | undefined> {
    const { accounts, authenticator, store, clock } = this.#parts;
    type Outcome = (SignedIn & { readonly opened: Opened }) | "locked" | undefined;
    const seen = accounts.byName(credentials.username);
    const found = await authenticator.authenticate(credentials, signal);
    if (found === undefined) {
      return undefined;
    }
    const signedIn = await store.change<Outcome>((state) => {
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
      const user = { ...renewed(now, found.renewedHash), lastSignIn: at, lastActivity: at };
      const self = { ...actor, id: user.id, name: user.name };
      const signedIn = { user, mustChangePassword: found.mustChangePassword };
      const opened = open(state, signedIn);
      return {
        writes: [
          putUser(user),
          ...opened.writes,
          auditRow({ action: "session.signed_in", actor: self, subject: user }, clock),
        ],
        result: { ...signedIn, opened: opened.result },
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

/** It is the same password; what tells it from the next one stays. */
function renewed(user: UserRecord, hash: string | undefined): UserRecord {
  const { password } = user;
  return hash === undefined || password === undefined
    ? user
    : { ...user, password: { ...password, hash } };
}

/** While it was checked, a password may be replaced, or an account removed and its name given to another. */
function isUnchanged(seen: UserRecord, now: UserRecord): boolean {
  return seen.id === now.id && hasSamePassword(now, seen);
}
