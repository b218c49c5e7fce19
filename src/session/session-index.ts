/** Open sessions in memory, found by the hash of either secret. */
import type { Clock } from "#src/clock.ts";
import { hashSecret } from "#src/stores/ids.ts";
import type { SecretHash, SessionId, SessionRecord, UserId } from "#src/stores/records.ts";

/** A session with its times on the clock that only grows. */
export interface OpenSession {
  record: SessionRecord;
  readonly bornAtMs: number;
  seenAtMs: number;
  /** The `seenAtMs` that the record tells of. */
  writtenSeenAtMs: number;
  /** Sign-ins of other browsers up to then are known here. */
  othersSeenAtMs: number;
}

/** What `makeSecret` makes; nothing else is worth hashing. */
const SECRET = /^[\w-]{43}$/;

export class SessionIndex {
  readonly #clock: Clock;
  readonly #sessions = new Map<SessionId, OpenSession>();
  readonly #byHubSecret = new Map<SecretHash, OpenSession>();
  readonly #bySiteSecret = new Map<SecretHash, OpenSession>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a session, or follows a change of its record; its times in memory stay. */
  put(record: SessionRecord): void {
    const open = this.#sessions.get(record.id);
    if (open !== undefined) {
      open.record = record;
      return;
    }
    const seenAtMs = this.#sinceMs(record.lastSeen);
    const bornAtMs = this.#sinceMs(record.created);
    const added: OpenSession = {
      record,
      bornAtMs,
      seenAtMs,
      writtenSeenAtMs: seenAtMs,
      othersSeenAtMs: record.othersSeen === undefined ? bornAtMs : this.#sinceMs(record.othersSeen),
    };
    this.#sessions.set(record.id, added);
    this.#byHubSecret.set(record.hubSecret, added);
    this.#bySiteSecret.set(record.siteSecret, added);
  }

  /** Whether there was such a session. */
  remove(id: SessionId): boolean {
    const open = this.#sessions.get(id);
    if (open === undefined) {
      return false;
    }
    this.#sessions.delete(id);
    this.#byHubSecret.delete(open.record.hubSecret);
    this.#bySiteSecret.delete(open.record.siteSecret);
    return true;
  }

  get(id: SessionId): OpenSession | undefined {
    return this.#sessions.get(id);
  }

  byHubSecret(secret: string): OpenSession | undefined {
    return SECRET.test(secret) ? this.#byHubSecret.get(hashSecret(secret)) : undefined;
  }

  bySiteSecret(secret: string): OpenSession | undefined {
    return SECRET.test(secret) ? this.#bySiteSecret.get(hashSecret(secret)) : undefined;
  }

  /** The last used first. */
  ofUser(userId: UserId): OpenSession[] {
    return this.all()
      .filter(({ record }) => record.userId === userId)
      .sort((a, b) => b.seenAtMs - a.seenAtMs);
  }

  all(): OpenSession[] {
    return [...this.#sessions.values()];
  }

  /** A time in the future was written before the wall clock was set back: it counts as now. */
  #sinceMs(time: string): number {
    const agoMs = this.#clock.now() - Date.parse(time);
    return this.#clock.monotonic() - Math.max(0, agoMs);
  }
}
