/** Where people are led who open a server: Jupyter shows Lab, another app its first page. */
import type { Servers } from "#src/services/servers/servers.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Paths } from "./paths.ts";

export function firstPage(
  { servers, paths }: { readonly servers: Pick<Servers, "route">; readonly paths: Paths },
  user: UserRecord,
  serverName = "",
): string {
  return servers.route(user.id, serverName)?.kind === "web"
    ? paths.server(user.name, serverName)
    : paths.lab(user.name, serverName);
}
