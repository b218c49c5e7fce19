/** Rows of servers as parts of changes: also of those that concern a person, and with them their servers. */
import { type Clock, isoTime } from "#src/clock.ts";
import type { ServerId, ServerRecord, UserId } from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";

export function serverKey(userId: UserId, serverId: ServerId): string {
  return `${userId}!${serverId}`;
}

export function putServer(record: ServerRecord): Write {
  return { put: "servers", key: serverKey(record.userId, record.id), record };
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
  return Array.from(state.entries("servers", `${userId}!`), ([key]) => ({
    remove: "servers",
    key,
  }));
}

function wantedServers(state: StoreReader, userId: UserId): readonly ServerRecord[] {
  return Array.from(state.entries("servers", `${userId}!`), ([, record]) => record).filter(
    ({ started, startRequested }) => started !== undefined || startRequested !== undefined,
  );
}
