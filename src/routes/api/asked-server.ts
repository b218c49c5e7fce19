/** The server that an address of the API names. */
import { HubError } from "#src/errors.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Permission } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import type { UsersParts } from "./user-models.ts";

interface AskedServer {
  readonly user: UserRecord;
  /** `""` is the first one. */
  readonly server: string;
}

/** Whether or not there is one. Throws `user_not_found`. */
export function askedServer(
  ctx: HubContext,
  permission: Permission,
  parts: UsersParts,
): AskedServer {
  const server = serverNameOf(ctx.params["server"] ?? "");
  return { user: personOf(ctx, permission, parts, server), server };
}

/** Throws `user_not_found`, `server_not_found`. */
export function knownServer(
  ctx: HubContext,
  permission: Permission,
  parts: UsersParts,
): AskedServer {
  const asked = askedServer(ctx, permission, parts);
  assertKnown(asked.user, asked.server, parts.servers);
  return asked;
}

/** Of the first one there is always something to say. */
export function assertKnown(user: UserRecord, server: string, servers: Servers): void {
  if (server === "" || servers.remembered(user.id, server) !== undefined) return;
  throw new HubError("server_not_found", { name: user.name, server: server.slice(0, 80) });
}
