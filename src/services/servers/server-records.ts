/**
 * What is remembered of servers. `startRequested` is set while a start was asked for and has not ended;
 * `started` while the server is meant to run; with neither it is meant to rest, whatever the engine still has.
 */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { makeId } from "#src/stores/ids.ts";
import type {
  AuditAction,
  IsoTime,
  LastFailure,
  ServerId,
  ServerRecord,
  UserId,
  UserRecord,
} from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { activeUser, livingUser } from "#src/services/accounts/user-records.ts";
import { atRest, putServer, serverKey } from "./server-rows.ts";

/** Names one record. */
export interface ServerKey {
  readonly userId: UserId;
  readonly serverId: ServerId;
}

type Plan = (record: ServerRecord) => ServerRecord | undefined;

export class ServerRecords {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  all(): readonly ServerRecord[] {
    return Array.from(this.#store.entries("servers"), ([, record]) => record);
  }

  get({ userId, serverId }: ServerKey): ServerRecord | undefined {
    return this.#store.get("servers", serverKey(userId, serverId));
  }

  /** The account, as long as it may have a server: not when it is in the trash or locked. */
  activeUser(userId: UserId): UserRecord | undefined {
    return activeUser(this.#store, userId);
  }

  /** Throws `user_disabled`, `user_not_found`. */
  assertActive(user: UserRecord): void {
    demandActive(this.#store, user);
  }

  find(userId: UserId, name: string): ServerRecord | undefined {
    return findByName(this.#store, userId, name);
  }

  /** Writes the wish for a start, as the next generation; makes the record when there is none. */
  requestStart(whose: UserRecord, name: string, actor: Actor): Promise<ServerRecord> {
    return this.#store.change((state) => {
      const user = demandActive(state, whose);
      const at = isoTime(this.#clock);
      const before = findByName(state, user.id, name) ?? newRecord(user.id, name);
      const { started: _, ...kept } = before;
      const record: ServerRecord = {
        ...kept,
        generation: before.generation + 1,
        startRequested: at,
        lastActivity: at,
      };
      const audit = auditOf("server.started_by_other", user, actor, this.#clock);
      return { writes: [putServer(record), ...audit], result: record };
    });
  }

  /** Writes that it is to rest; what went wrong before is forgotten. */
  async requestStop(key: ServerKey, actor: Actor): Promise<void> {
    await this.#store.change((state) => {
      const record = state.get("servers", serverKey(key.userId, key.serverId));
      if (record === undefined) return { writes: [], result: undefined };
      const { lastFailure: _, ...kept } = atRest(record);
      const user = state.get("users", key.userId);
      const audit =
        user === undefined ? [] : auditOf("server.stopped_by_other", user, actor, this.#clock);
      return { writes: [putServer(kept), ...audit], result: undefined };
    });
  }

  /** Takes the next generation for a start that is still wanted; `undefined` when it is not. */
  nextAttempt(key: ServerKey, generation: number): Promise<number | undefined> {
    return this.#store.change((state) => {
      const record = state.get("servers", serverKey(key.userId, key.serverId));
      if (record?.generation !== generation || record.startRequested === undefined) {
        return { writes: [], result: undefined };
      }
      const next = generation + 1;
      return { writes: [putServer({ ...record, generation: next })], result: next };
    });
  }

  /** The start asked for has ended well. */
  async cameUp(key: ServerKey, generation: number, started: IsoTime): Promise<void> {
    await this.#update(key, (record) => {
      if (record.generation !== generation || record.startRequested === undefined) return undefined;
      return { ...atRest(record), started };
    });
  }

  /** A start failed or a server ended by itself. A later start that was asked for is left alone. */
  async ended(key: ServerKey, generation: number, lastFailure?: LastFailure): Promise<void> {
    await this.#update(key, (record) => {
      const kept = record.generation === generation ? atRest(record) : record;
      return lastFailure === undefined ? kept : { ...kept, lastFailure };
    });
  }

  /** It runs after all: a stop that failed, or a start that found it running. */
  async stillRuns(key: ServerKey, generation: number, started: IsoTime): Promise<void> {
    await this.#update(key, (record) => ({ ...atRest(record), generation, started }));
  }

  async #update({ userId, serverId }: ServerKey, plan: Plan): Promise<void> {
    await this.#store.change((state) => {
      const record = state.get("servers", serverKey(userId, serverId));
      const next = record === undefined ? undefined : plan(record);
      return { writes: next === undefined ? [] : [putServer(next)], result: undefined };
    });
  }
}

function newRecord(userId: UserId, name: string): ServerRecord {
  return { id: makeId(), userId, name, generation: 0, options: {} };
}

function demandActive(state: StoreReader, whose: UserRecord): UserRecord {
  const user = livingUser(state, whose.id);
  if (user === undefined) throw new HubError("user_not_found", { name: whose.name });
  if (user.disabled !== undefined) throw new HubError("user_disabled", { name: user.name });
  return user;
}

function findByName(state: StoreReader, userId: UserId, name: string): ServerRecord | undefined {
  for (const [, record] of state.entries("servers", `${userId}!`)) {
    if (record.name === name) return record;
  }
  return undefined;
}

/** Doing something with one's own server, and what the hub does by itself, needs no telling. */
function auditOf(action: AuditAction, user: UserRecord, actor: Actor, clock: Clock): Write[] {
  if (actor.id === user.id || actor.id === "hub") return [];
  return [auditRow({ action, actor, subject: user }, clock)];
}
