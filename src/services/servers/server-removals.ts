/**
 * Deleting servers that have a name. It is written down first that one is to go; from then on it goes on until
 * nothing of it is left, whatever fails or is switched off in between.
 */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { endSharesOfServer } from "#src/services/shares/share-rows.ts";
import { UntilDone } from "#src/services/until-done.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { ServerId, ServerRecord, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import type { Timers } from "#src/timers.ts";
import type { BoundedEngine } from "./bounded-engine.ts";
import type { Lives } from "./lives.ts";
import type { ServerRecords } from "./server-records.ts";
import { atRest, findServer, putServer, removeServer, serverKey } from "./server-rows.ts";
import type { StatusBoard } from "./status-board.ts";
import type { Wishes } from "./wishes.ts";

/** Files of its own, many and small, on a slow card. */
const REMOVE_HOME_MS = 30 * 60_000;

const hub: Actor = { id: "hub", name: "hub" };

interface RemovalsParts {
  readonly store: Store;
  readonly records: ServerRecords;
  readonly lives: Lives;
  readonly wishes: Wishes;
  readonly engine: BoundedEngine;
  readonly homes: Pick<Homes, "remove">;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

export class ServerRemovals {
  readonly #parts: RemovalsParts;
  readonly #untilDone: UntilDone<ServerId>;

  constructor(parts: RemovalsParts) {
    this.#parts = parts;
    const { timers, log } = parts;
    this.#untilDone = new UntilDone({
      timers,
      onFailure: (error, server) =>
        log.warn({ err: error, server }, "deleting a server is tried again later"),
    });
  }

  /** Goes on with what was begun. */
  open(): void {
    for (const record of this.#parts.records.all()) {
      if (record.removing !== undefined) void this.#goOn(record);
    }
  }

  /**
   * Ends when it is gone: deleting what is just being deleted is no error. Throws `server_not_found`,
   * `cannot_delete_default`.
   */
  async remove(user: UserRecord, name: string, actor: Actor): Promise<void> {
    if (name === "") throw new HubError("cannot_delete_default");
    const { wishes } = this.#parts;
    const record = await wishes.alone(user.id, () => this.#mark(user, name, actor));
    await this.#goOn(record);
  }

  /** What is under way is left to the next hub. */
  close(): Promise<void> {
    return this.#untilDone.close();
  }

  #mark(user: UserRecord, name: string, actor: Actor): Promise<ServerRecord> {
    const { store, clock } = this.#parts;
    return store.change((state) => {
      const before = findServer(state, user.id, name);
      if (before === undefined) {
        throw new HubError("server_not_found", { name: user.name, server: name });
      }
      if (before.removing !== undefined) return { writes: [], result: before };
      const record = { ...atRest(before), removing: isoTime(clock) };
      const detail = { server: name };
      const audit = auditRow({ action: "server.removed", actor, subject: user, detail }, clock);
      const shares = endSharesOfServer(state, before.id);
      return { writes: [putServer(record), ...shares, audit], result: record };
    });
  }

  /** Docker may be away, or still have the files in use. */
  #goOn(record: ServerRecord): Promise<void> {
    return this.#untilDone.run(record.id, (closing) => this.#removeNow(record, closing));
  }

  /** Each step may be repeated. The record goes last, so that what is left to do is known until nothing is. */
  async #removeNow({ userId, id, name, home }: ServerRecord, signal: AbortSignal): Promise<void> {
    const { store, lives, wishes, engine, homes, board } = this.#parts;
    await wishes.stop(userId, name, hub);
    // Also what a start that failed has left for its log.
    await engine.remove(id);
    if (home === "own") {
      const late = AbortSignal.timeout(REMOVE_HOME_MS);
      await homes.remove(userId, AbortSignal.any([signal, late]), id);
    }
    signal.throwIfAborted();
    await store.change((state) => {
      const record = state.get("servers", serverKey(userId, id));
      // Somebody may have been let in meanwhile.
      const writes = record && [removeServer(record), ...endSharesOfServer(state, id)];
      return { writes: writes ?? [], result: undefined };
    });
    const life = lives.get(id);
    if (life !== undefined) {
      lives.remove(life);
      void life.close();
    }
    board.forget(userId, name);
  }
}
