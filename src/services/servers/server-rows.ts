/** Rows of servers as parts of changes: also of those that concern a person, and with them their servers. */
import { type Clock, isoTime } from "#src/clock.ts";
import { makeId } from "#src/stores/ids.ts";
import type { ServerId, ServerRecord, UserId } from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";

export function serverKey(userId: UserId, serverId: ServerId): string {
  return `${userId}!${serverId}`;
}

export function putServer(record: ServerRecord): Write {
  return { put: "servers", key: serverKey(record.userId, record.id), record };
}

/** A server that was never started. */
export function newServer(
  userId: UserId,
  name: string,
  more: Pick<ServerRecord, "displayName" | "home"> = {},
): ServerRecord {
  return { id: makeId(), userId, name, generation: 0, options: {}, ...more };
}

export function serversOf(state: StoreReader, userId: UserId): readonly ServerRecord[] {
  return Array.from(state.entries("servers", `${userId}!`), ([, record]) => record);
}

export function findServer(
  state: StoreReader,
  userId: UserId,
  name: string,
): ServerRecord | undefined {
  for (const [, record] of state.entries("servers", `${userId}!`)) {
    if (record.name === name) return record;
  }
  return undefined;
}

/** Neither meant to run nor asked to start. */
export function atRest(record: ServerRecord): ServerRecord {
  const { started: _, startRequested: __, ...kept } = record;
  return kept;
}

/** No server of this person is wanted any more, also for a hub that opens later. */
export function restServers(state: StoreReader, userId: UserId): Write[] {
  return wantedServers(state, userId).map((record) => putServer(atRest(record)));
}

/**
 * What runs has its address, with the user's name in it, from its start. So it is asked for anew, as a start that
 * is resumed whenever the hub is killed; what ran until then is of an old generation.
 */
export function restartServers(state: StoreReader, userId: UserId, clock: Clock): Write[] {
  return wantedServers(state, userId).map((record) =>
    putServer({
      ...atRest(record),
      generation: record.generation + 1,
      startRequested: isoTime(clock),
    }),
  );
}

export function removeServers(state: StoreReader, userId: UserId): Write[] {
  return serversOf(state, userId).map((record) => removeServer(record));
}

export function removeServer({ userId, id }: ServerRecord): Write {
  return { remove: "servers", key: serverKey(userId, id) };
}

function wantedServers(state: StoreReader, userId: UserId): readonly ServerRecord[] {
  return serversOf(state, userId).filter(
    ({ started, startRequested }) => started !== undefined || startRequested !== undefined,
  );
}
