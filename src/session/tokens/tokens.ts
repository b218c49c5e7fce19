/**
 * API tokens: shown once, kept as a hash. The index in memory follows the store, so that a token that ends
 * anywhere (revoked, reset, locked, erased) is refused with the next request.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "#src/clock.ts";
import type { Logger } from "#src/log.ts";
import { activeUser } from "#src/services/accounts/user-records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Identity } from "#src/session/identity.ts";
import { hashSecret } from "#src/stores/ids.ts";
import type { SecretHash, SessionId, TokenId, TokenRecord, UserId } from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";
import type { Sessions } from "#src/session/sessions.ts";
import { type GivenToken, planGivenToken } from "./given-token.ts";
import { type NewToken, planNewToken } from "./new-token.ts";
import type { ServiceTokens } from "./service-tokens.ts";
import { type OpenToken, TokenTimes } from "./token-times.ts";

const TIDY_INTERVAL_MS = 60_000;
/** Nothing longer was ever given to anybody. */
const MAX_TOKEN = 200;

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Pick<Logger, "error">;
  readonly services: Pick<ServiceTokens, "find">;
  /** What was given to a client for a session ends with it. */
  readonly sessions?: Pick<Sessions, "isOpen" | "onEnded">;
}

interface MadeToken {
  readonly record: TokenRecord;
  /** For whoever asked, and kept nowhere. */
  readonly token: string;
}

export class Tokens implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #times: TokenTimes;
  readonly #open = new Map<TokenId, OpenToken>();
  readonly #bySecret = new Map<SecretHash, OpenToken>();
  readonly #listeners = new Set<(ids: ReadonlySet<TokenId>) => void>();
  readonly #subscriptions: readonly (() => void)[];
  readonly #timer: NodeJS.Timeout;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#times = new TokenTimes(parts.clock);
    for (const [, record] of parts.store.entries("tokens")) this.#put(record);
    this.#subscriptions = [
      parts.store.onChange((writes) => this.#follow(writes)),
      parts.sessions?.onEnded((ids) => this.#endWith(ids)) ?? (() => {}),
    ];
    this.#timer = setInterval(() => void this.tidy(), TIDY_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Throws `user_not_found`, `account_locked`, `tokens_full`, `token_life`, `not_allowed`, `sign_in_required`. */
  async create(input: NewToken, actor: Actor): Promise<MadeToken> {
    const { store, clock } = this.#parts;
    const token = randomBytes(16).toString("hex");
    const record = await store.change((state) =>
      planNewToken(state, input, { token, actor, clock }),
    );
    return { record, token };
  }

  /** A token for an OAuth client, in place of what it had for this session. Throws `sign_in_required`. */
  async give(input: GivenToken): Promise<MadeToken> {
    const { store, clock } = this.#parts;
    const token = randomBytes(16).toString("hex");
    const record = await store.change((state) => planGivenToken(state, input, { token, clock }));
    return { record, token };
  }

  /** Who shows this token; nobody when it is unknown, over, or its person may not sign in. */
  authenticate(token: string): Identity | undefined {
    if (token === "" || token.length > MAX_TOKEN) return undefined;
    const secret = hashSecret(token);
    const open = this.#bySecret.get(secret);
    if (open === undefined) return this.#parts.services.find(secret);
    return this.#identityOf(open);
  }

  /** As if the token with this id had been shown. */
  identityOf(id: TokenId): Identity | undefined {
    const open = this.#open.get(id);
    return open === undefined ? undefined : this.#identityOf(open);
  }

  /** Used now: in memory at once, in the store within a minute. */
  touch(id: TokenId): void {
    const open = this.#open.get(id);
    if (open !== undefined) open.usedAtMs = this.#parts.clock.monotonic();
  }

  /** The tokens of a person, the first made first; `lastActivity` is up to date. */
  ofUser(userId: UserId): readonly TokenRecord[] {
    return Array.from(this.#open.values())
      .filter((open) => open.record.userId === userId && !this.#isOver(open))
      .map((open) => this.#times.current(open))
      .sort((a, b) => a.number - b.number);
  }

  /** That it is over already changes nothing. */
  async revoke(token: TokenRecord, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts;
    await store.change((state) => {
      const record = state.get("tokens", token.id);
      if (record === undefined) return { writes: [], result: undefined };
      const subject = record.userId && state.get("users", record.userId);
      const detail = { token: `a${record.number}`, note: record.note };
      const about = { actor, detail, ...(subject ? { subject } : {}) };
      return {
        writes: [
          { remove: "tokens", key: record.id },
          auditRow({ action: "token.revoked", ...about }, clock),
        ],
        result: undefined,
      };
    });
  }

  /** Hears of every token that ends, whoever ended it and why. The answer ends the subscription. */
  onEnded(listener: (ids: ReadonlySet<TokenId>) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Removes what is over and writes down what was used, in one batch; every minute by itself. */
  async tidy(): Promise<void> {
    const all = Array.from(this.#open.values());
    const over = all.filter((open) => this.#isOver(open));
    const stale = all.filter((open) => !this.#isOver(open) && this.#times.isStale(open));
    const times = stale.map((open) => ({ open, usedAtMs: open.usedAtMs }));
    if (over.length === 0 && times.length === 0) return;
    // What was open with them ends now, also when the disk is full.
    this.#tell(over.map(({ record }) => record.id));
    try {
      await this.#parts.store.change((state) => ({
        writes: [
          ...over.map(({ record }): Write => ({ remove: "tokens", key: record.id })),
          ...times.flatMap(({ open }) => this.#currentRow(state, open)),
        ],
        result: undefined,
      }));
      for (const { open, usedAtMs } of times) open.writtenUsedAtMs = usedAtMs;
    } catch (error) {
      this.#parts.log.error({ err: error }, "tokens could not be written; they are tried again");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.tidy();
    for (const end of this.#subscriptions) end();
  }

  #identityOf(open: OpenToken): Identity | undefined {
    const { record } = open;
    const user =
      record.userId === undefined ? undefined : activeUser(this.#parts.store, record.userId);
    if (user === undefined || this.#isOver(open)) return undefined;
    this.touch(record.id);
    return { kind: "token", user, token: record };
  }

  #isOver(open: OpenToken): boolean {
    const { session } = open.record;
    const isSessionOver = session !== undefined && this.#parts.sessions?.isOpen(session) !== true;
    return isSessionOver || this.#times.isOver(open);
  }

  /** Their rows are removed within a minute. */
  #endWith(sessions: ReadonlySet<SessionId>): void {
    const ended = Array.from(this.#open.values(), ({ record }) => record)
      .filter(({ session }) => session !== undefined && sessions.has(session))
      .map(({ id }) => id);
    this.#tell(ended);
  }

  /** What another change has just removed stays removed. */
  #currentRow(state: StoreReader, open: OpenToken): Write[] {
    const { id } = open.record;
    return state.get("tokens", id) === undefined
      ? []
      : [{ put: "tokens", key: id, record: this.#times.current(open) }];
  }

  #put(record: TokenRecord): void {
    const known = this.#open.get(record.id);
    if (known !== undefined) {
      known.record = record;
      return;
    }
    const open = this.#times.open(record);
    this.#open.set(record.id, open);
    this.#bySecret.set(record.secret, open);
  }

  #follow(writes: readonly Write[]): void {
    const ended: TokenId[] = [];
    for (const write of writes) {
      if ("put" in write && write.put === "tokens") {
        this.#put(write.record);
      } else if ("remove" in write && write.remove === "tokens") {
        const id = write.key as TokenId; // The key of a token's row is its id.
        const open = this.#open.get(id);
        if (open === undefined) continue;
        this.#open.delete(id);
        this.#bySecret.delete(open.record.secret);
        ended.push(id);
      }
    }
    this.#tell(ended);
  }

  #tell(ended: readonly TokenId[]): void {
    if (ended.length === 0) return;
    const ids: ReadonlySet<TokenId> = new Set(ended);
    for (const listener of this.#listeners) listener(ids);
  }
}
