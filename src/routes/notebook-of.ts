/** The notebook that a page's address names. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "./context.ts";
import { visitorOf } from "./middleware/require.ts";

export interface Notebook {
  readonly user: UserRecord;
  /** `""` is the first one; one with a name need not be there yet. */
  readonly server: string;
  /** The visitor's own. */
  readonly isOwn: boolean;
}

export interface NotebookParts {
  readonly accounts: Pick<Accounts, "byName">;
  readonly permissions: Permissions;
  readonly servers: Servers;
}

/** Throws `not_found` for what the visitor may not start and stop: others' look as if they did not exist. */
export function notebookOf(ctx: HubContext, parts: NotebookParts): Notebook {
  const user = serverOwner(ctx, parts);
  const server = serverNameOf(ctx.params["server"] ?? "");
  return { user, server, isOwn: user.id === visitorOf(ctx).user.id };
}

/** As {@link notebookOf}, of one that there is. Throws `not_found`. */
export function knownNotebook(ctx: HubContext, parts: NotebookParts): Notebook {
  const notebook = notebookOf(ctx, parts);
  if (!isThere(notebook, parts.servers)) throw new HubError("not_found");
  return notebook;
}

/** The first one is always there. */
export function isThere(
  { user, server }: Pick<Notebook, "user" | "server">,
  servers: Pick<Servers, "remembered">,
): boolean {
  return server === "" || servers.remembered(user.id, server) !== undefined;
}

/** Whose server the address names; without a name, the visitor's own. */
export function serverOwner(
  ctx: HubContext,
  { accounts, permissions }: Pick<NotebookParts, "accounts" | "permissions">,
): UserRecord {
  const name = ctx.params["name"];
  if (name === undefined) return visitorOf(ctx).user;
  const user = accounts.byName(name);
  if (user === undefined || !permissions.may(ctx.state.identity, "servers", user)) {
    throw new HubError("not_found");
  }
  return user;
}

export function isUnderWay(status: ServerStatus): boolean {
  return status.is === "queued" || status.is === "starting" || status.is === "stopping";
}
