/** What the pages have in common that lead into somebody else's notebook. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { isReady } from "#src/services/servers/server-status.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { ServerName } from "#src/services/shares/share-plans.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Visits } from "#src/session/visits.ts";
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import { nextOf } from "../next-url.ts";
import type { Paths } from "../paths.ts";

export interface OthersParts {
  readonly accounts: Pick<Accounts, "byName" | "byId">;
  readonly servers: Pick<Servers, "status">;
  readonly permissions: Permissions;
  readonly visits: Visits;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

/** Whose notebook the address names, if the visitor may open it; else it is as if there were none. */
export function demandOpenable(ctx: HubContext, parts: OthersParts): ServerName {
  const owner = parts.accounts.byName(ctx.params["name"] ?? "");
  const name = serverNameOf(ctx.params["server"] ?? "");
  const { identity } = ctx.state;
  if (owner === undefined || !parts.permissions.mayVisit(identity, owner, name)) {
    throw new HubError("not_found");
  }
  return { owner, name };
}

export function isRunning({ owner, name }: ServerName, { servers }: OthersParts): boolean {
  return isReady(servers.status(owner.id, name));
}

/** From here on this session is in that notebook, and opens nothing else. */
export async function enter(
  ctx: HubContext,
  server: ServerName,
  parts: OthersParts,
): Promise<void> {
  const visitor = visitorOf(ctx);
  const { owner, name } = server;
  const isInvited = parts.permissions.may(visitor, "access:servers", owner, name);
  await parts.visits.begin(visitor.session, { ...server, isInvited }, actorIn(ctx));
  ctx.redirect(destination(ctx, server, parts));
}

/** The page of the notebook that was asked for; elsewhere the session does not lead any more. */
export function destination(ctx: HubContext, server: ServerName, { paths }: OthersParts): string {
  const place = paths.server(server.owner.name, server.name);
  const next = nextOf(ctx);
  return next?.startsWith(place) === true ? next : place;
}

export function othersModel(server: ServerName, parts: OthersParts) {
  const { owner, name } = server;
  return {
    ownerName: owner.displayName,
    ...(name === "" ? {} : { serverName: name }),
    isRunning: isRunning(server, parts),
    homeUrl: parts.paths.home,
  };
}
