/**
 * Sessions: two cookies, one record. The index in memory follows the store, so that a session which
 * ends anywhere (sign-out, reset, removal) is refused with the next request.
 */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { hasSamePassword, livingUser } from "#src/services/accounts/user-records.ts";
import type { SessionId, SessionRecord, UserId } from "#src/stores/records.ts";
import type { Change, Store, StoreReader, Write } from "#src/stores/store.ts";
import { type MadeSession, makeSession, type NewSession } from "./new-session.ts";
import { SessionIndex, type OpenSession } from "./session-index.ts";
import { type SignOut, signOutRows } from "./sign-out-rows.ts";
import { SessionTimes } from "./session-times.ts";
import { endVisit, isSameVisit } from "./visits.ts";

/** The longest unused session of a person gives way to a new one. */
const MAX_PER_USER = 20;
const TIDY_INTERVAL_MS = 60_000;

interface SessionsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** A session ends when it was not used for so long. */
  readonly idleMs: number;
  /** A session ends after so long, used or not. */
  readonly maxMs: number;
  readonly log: Pick<Logger, "error">;
}

export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions;
  readonly #times: SessionTimes;
  readonly #index: SessionIndex;
  readonly #listeners = new Set<(ids: ReadonlySet<SessionId>) => void>();
  /** Ended here, but not yet in the store. */
  readonly #owed = new Set<SessionId>();
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#times = new SessionTimes(options);
    this.#index = new SessionIndex(options.clock);
    for (const [, record] of options.store.entries("sessions")) {
      this.#index.put(record);
    }
    this.#unsubscribe = options.store.onChange((writes) => this.#follow(writes));
    this.#timer = setInterval(() => void this.tidy(), TIDY_INTERVAL_MS);
    this.#timer.unref();
  }

  /**
   * Opens a session for somebody who has just signed in. The secrets are for the two cookies, and kept nowhere.
   * Throws `wrong_password` when the account or its password was changed since it was checked, and
   * `account_locked`.
   */
  create(input: NewSession): Promise<MadeSession> {
    return this.#options.store.change((state) => this.plan(state, input));
  }

  /** As {@link create}, for a change that does more. */
  plan(state: StoreReader, input: NewSession): Change<MadeSession> {
    const user = livingUser(state, input.user.id);
    if (user === undefined || !hasSamePassword(user, input.user)) {
      throw new HubError("wrong_password");
    }
    if (user.disabled !== undefined) {
      throw new HubError("account_locked");
    }
    const made = makeSession(input, this.#options.clock);
    const { session } = made;
    const { endsVisit } = input;
    const writes: Write[] = [
      { put: "sessions", key: session.id, record: session },
      ...this.#leastUsed(session.userId).map(removal),
      ...(endsVisit === undefined
        ? []
        : endVisit(state, endsVisit.session, endsVisit, this.#options.clock)),
    ];
    return { writes, result: made };
  }

  /** The session of a `jupyterhub-hub-login` cookie, unless it ended, was idle for too long or is too old. */
  byHubSecret(secret: string): SessionRecord | undefined {
    return this.#living(this.#index.byHubSecret(secret))?.record;
  }

  /** The session of a `jupyterhub-session-id` cookie. */
  bySiteSecret(secret: string): SessionRecord | undefined {
    return this.#living(this.#index.bySiteSecret(secret))?.record;
  }

  /** Whether what it opened may stay open. */
  isOpen(id: SessionId): boolean {
    return this.#living(this.#index.get(id)) !== undefined;
  }

  /** The session was used now: in memory at once, in the store within a minute. */
  touch(id: SessionId): void {
    const open = this.#living(this.#index.get(id));
    if (open !== undefined) {
      open.seenAtMs = this.#options.clock.monotonic();
    }
  }

  /** Ends a session. With `actor`, the audit says who signed out, or whom somebody else signed out. */
  async end(id: SessionId, actor?: Actor): Promise<void> {
    const open = this.#index.get(id);
    if (open !== undefined) {
      await this.#end([open], { action: "session.signed_out", actor });
    }
  }

  /** Ends the sessions of a person, all or all others. The answer says how many there were. */
  async endAll(
    userId: UserId,
    options: { readonly except?: SessionId; readonly actor?: Actor } = {},
  ): Promise<number> {
    const ended = this.#index.ofUser(userId).filter(({ record }) => record.id !== options.except);
    if (ended.length > 0) {
      const action = "session.signed_out_everywhere";
      await this.#end(ended, { action, actor: options.actor });
    }
    return ended.length;
  }

  /** The open sessions of a person, the last used first; `lastSeen` is up to date. */
  ofUser(userId: UserId): readonly SessionRecord[] {
    return this.#index
      .ofUser(userId)
      .filter((open) => this.#living(open) !== undefined)
      .map((open) => ({ ...open.record, lastSeen: this.#times.wall(open.seenAtMs) }));
  }

  /**
   * Open sessions of the same person in another browser or from another address that began after this one, and
   * after what was last said to be known here; the newest first.
   */
  othersSince(id: SessionId): readonly SessionRecord[] {
    const own = this.#living(this.#index.get(id));
    if (own === undefined) {
      return [];
    }
    const { userId, device, address } = own.record;
    return this.#index
      .ofUser(userId)
      .filter((other) => other.bornAtMs > own.othersSeenAtMs && this.#living(other) !== undefined)
      .filter(({ record }) => record.device !== device || record.address !== address)
      .toSorted((a, b) => b.bornAtMs - a.bornAtMs)
      .map(({ record }) => record);
  }

  /** Who looks at this session knows of all sign-ins until now. */
  async knowOthers(id: SessionId): Promise<void> {
    const { store, clock } = this.#options;
    const own = this.#living(this.#index.get(id));
    if (own === undefined) {
      return;
    }
    const nowMs = clock.monotonic();
    await store.change((state) => {
      const record = state.get("sessions", id);
      const othersSeen = this.#times.wall(nowMs);
      return {
        writes:
          record === undefined || this.#owed.has(id)
            ? []
            : [{ put: "sessions", key: id, record: { ...record, othersSeen } }],
        result: undefined,
      };
    });
    own.othersSeenAtMs = nowMs;
  }

  /**
   * Hears of every session that ends, whoever ended it and why, and of one that begins a visit: what was open with
   * it is over as well. Called as soon as it is not accepted any more,
   * before whoever ended it goes on. The answer ends the subscription.
   */
  onEnded(listener: (ids: ReadonlySet<SessionId>) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Ends what is over and writes down what was used, in one batch; every minute by itself. */
  async tidy(): Promise<void> {
    this.#drop(this.#index.all().filter((open) => this.#times.isOver(open)));
    const stale = this.#index.all().filter((open) => this.#times.isStale(open));
    const times = stale.map((open) => ({ open, seenAtMs: open.seenAtMs }));
    if (times.length === 0 && this.#owed.size === 0) {
      return;
    }
    const written = await this.#write((state) =>
      times.flatMap(({ open, seenAtMs }): Write[] => {
        const key = open.record.id;
        // What another change has just removed stays removed.
        const record = state.get("sessions", key);
        return record === undefined || this.#owed.has(key)
          ? []
          : [
              {
                put: "sessions",
                key,
                record: { ...record, ...this.#times.recordTimes(open, seenAtMs) },
              },
            ];
      }),
    );
    for (const { open, seenAtMs } of written ? times : []) {
      open.writtenSeenAtMs = seenAtMs;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.tidy();
    this.#unsubscribe();
  }

  #living(open: OpenSession | undefined): OpenSession | undefined {
    return open === undefined || this.#times.isOver(open) ? undefined : open;
  }

  /** Those that have to go for a new one. */
  #leastUsed(userId: UserId): readonly SessionId[] {
    const others = this.#index.ofUser(userId).slice(MAX_PER_USER - 1);
    return others.map(({ record }) => record.id);
  }

  async #end(sessions: readonly OpenSession[], how: SignOut): Promise<void> {
    const rows = signOutRows(sessions, how, this.#options);
    this.#drop(sessions);
    await this.#write(() => rows);
  }

  /** Over in memory at once: signing out works whatever the disk does. The store is owed the removal. */
  #drop(sessions: readonly OpenSession[]): void {
    const ended = sessions.map(({ record }) => record.id).filter((id) => this.#index.remove(id));
    for (const id of ended) {
      this.#owed.add(id);
    }
    this.#tell(ended);
  }

  #follow(writes: readonly Write[]): void {
    const ended: SessionId[] = [];
    for (const write of writes) {
      if ("put" in write && write.put === "sessions" && !this.#owed.has(write.record.id)) {
        const known = this.#index.get(write.record.id);
        if (known !== undefined && !isSameVisit(known.record.visits, write.record.visits)) {
          ended.push(write.record.id);
        }
        this.#index.put(write.record);
      } else if ("remove" in write && write.remove === "sessions") {
        const id = write.key as SessionId; // The key of a session's row is its id.
        this.#owed.delete(id);
        if (this.#index.remove(id)) {
          ended.push(id);
        }
      }
    }
    this.#tell(ended);
  }

  #tell(ended: readonly SessionId[]): void {
    if (ended.length > 0) {
      const ids: ReadonlySet<SessionId> = new Set(ended);
      for (const listener of this.#listeners) {
        listener(ids);
      }
    }
  }

  /** Whether the rows and all owed removals are in the store; if not, the removals stay owed. */
  async #write(plan: (state: StoreReader) => readonly Write[]): Promise<boolean> {
    const { store, log } = this.#options;
    try {
      await store.change((state) => ({
        writes: [...Array.from(this.#owed, removal), ...plan(state)],
        result: undefined,
      }));
      return true;
    } catch (error) {
      log.error({ err: error }, "sessions could not be written; they are tried again");
      return false;
    }
  }
}

function removal(id: SessionId): Write {
  return { remove: "sessions", key: id };
}
