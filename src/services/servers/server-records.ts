/**
 * What is remembered of servers. `startRequested` is set while a start was asked for and has not ended;
 * `started` while the server is meant to run; with neither it is meant to rest, whatever the engine still has.
 */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type {
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
import { presenceOf } from "./activity.ts";
import { demandServer, namedServer } from "./named-servers.ts";
import { stillOffered } from "./profiles.ts";
import { atRest, findServer, newServer, putServer, serverKey, serversOf } from "./server-rows.ts";
import { type ServersConfig, groupOf } from "./server-spec.ts";

/** Names one record. */
export interface ServerKey {
  readonly userId: UserId;
  readonly serverId: ServerId;
}

/** What somebody asks for who starts a server. */
export interface StartRequest {
  /** Absent: the first one. */
  readonly name?: string;
  /** Absent: as at its last start. */
  readonly options?: ServerRecord["options"];
  readonly displayName?: string;
}

type Plan = (record: ServerRecord) => ServerRecord | undefined;

export class ServerRecords {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #config: ServersConfig;

  constructor(store: Store, clock: Clock, config: ServersConfig) {
    this.#store = store;
    this.#clock = clock;
    this.#config = config;
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
    return findServer(this.#store, userId, name);
  }

  of(userId: UserId): readonly ServerRecord[] {
    return serversOf(this.#store, userId);
  }

  /**
   * Writes the wish for a start, as the next generation; makes the record when there is none. Throws what keeps
   * this person from having a server of that name.
   */
  requestStart(
    whose: UserRecord,
    { name = "", options, displayName }: StartRequest,
    actor: Actor,
  ): Promise<ServerRecord> {
    return this.#store.change((state) => {
      const user = demandActive(state, whose);
      const config = this.#config;
      const at = isoTime(this.#clock);
      const before =
        name === ""
          ? (findServer(state, user.id, "") ?? newServer(user.id, ""))
          : (demandServer(state, user, name, config) ?? namedServer(state, user, name, config));
      const { started: _, ...kept } = before;
      const record: ServerRecord = {
        ...kept,
        ...(displayName === undefined ? {} : { displayName }),
        options: options ?? stillOffered(kept.options, groupOf(state, user), config),
        generation: before.generation + 1,
        startRequested: at,
        lastActivity: at,
      };
      const audit = auditOf("server.started_by_other", { user, name }, actor, this.#clock);
      // Activity of its person, whoever asks, as in JupyterHub; so is a stop.
      return { writes: [putServer(record), ...presenceOf(user, at), ...audit], result: record };
    });
  }

  /** Writes that it is to rest; what went wrong before is forgotten. */
  async requestStop(key: ServerKey, actor: Actor): Promise<void> {
    await this.#store.change((state) => {
      const record = state.get("servers", serverKey(key.userId, key.serverId));
      if (record === undefined) return { writes: [], result: undefined };
      const { lastFailure: _, ...kept } = atRest(record);
      const user = state.get("users", key.userId);
      if (user === undefined) return { writes: [putServer(kept)], result: undefined };
      const what = { user, name: record.name };
      const audit = auditOf("server.stopped_by_other", what, actor, this.#clock);
      // A culler that stops an idle notebook does not find its person idle for as long.
      const presence = presenceOf(user, isoTime(this.#clock));
      return { writes: [putServer(kept), ...presence, ...audit], result: undefined };
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

export function demandActive(state: StoreReader, whose: UserRecord): UserRecord {
  const user = livingUser(state, whose.id);
  if (user === undefined) throw new HubError("user_not_found", { name: whose.name });
  if (user.disabled !== undefined) throw new HubError("user_disabled", { name: user.name });
  return user;
}

/** Doing something with one's own server, and what the hub does by itself, needs no telling. */
function auditOf(
  action: AuditAction,
  { user, name }: { readonly user: UserRecord; readonly name: string },
  actor: Actor,
  clock: Clock,
): Write[] {
  if (actor.id === user.id || actor.id === "hub") return [];
  const which = name === "" ? {} : { detail: { server: name } };
  return [auditRow({ action, actor, subject: user, ...which }, clock)];
}
