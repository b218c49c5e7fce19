/** Servers besides the first one as plans of changes: whether there may be one, and what it is made of. */
import { HubError } from "#src/errors.ts";
import type { ServerRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { parseServerName } from "./server-names.ts";
import { findServer, newServer, serversOf } from "./server-rows.ts";
import type { ServersConfig } from "./server-spec.ts";

type Config = Pick<ServersConfig, "namedServers">;

/**
 * The server of that name as one that may start; `undefined` when there is none yet. Throws `named_servers_off`,
 * `server_removing`.
 */
export function demandServer(
  state: StoreReader,
  user: UserRecord,
  name: string,
  { namedServers }: Config,
): ServerRecord | undefined {
  if (!namedServers.allow) throw new HubError("named_servers_off");
  const record = findServer(state, user.id, name);
  if (record?.removing !== undefined) {
    throw new HubError("server_removing", { name: fullName(user, name) });
  }
  return record;
}

/** A new one. Throws `named_servers_off`, `server_name_wrong`, `server_name_taken`, `servers_full`. */
export function namedServer(
  state: StoreReader,
  user: UserRecord,
  text: string,
  config: Config,
): ServerRecord {
  const { home } = config.namedServers;
  const name = assertRoomFor(state, user, text, config);
  return newServer(user.id, name, home === "own" ? { home } : {});
}

/** Whether there is room for one more, of that name; the answer is the name. Throws what {@link namedServer} throws. */
export function assertRoomFor(
  state: StoreReader,
  user: UserRecord,
  text: string,
  { namedServers }: Config,
): string {
  const { allow, limitPerUser: limit } = namedServers;
  if (!allow) throw new HubError("named_servers_off");
  const count = serversOf(state, user.id).filter(({ name }) => name !== "").length;
  if (count >= limit) throw new HubError("servers_full", { name: user.name, limit });
  return parseServerName(text);
}

/** As JupyterHub names a server in its messages. */
export function fullName(user: Pick<UserRecord, "name">, serverName: string): string {
  return serverName === "" ? user.name : `${user.name}:${serverName}`;
}
