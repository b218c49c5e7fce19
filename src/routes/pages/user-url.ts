/** `{H}user/<name>/…`: where JupyterHub's clients are sent when no notebook runs. */
import { HubError } from "#src/errors.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { wantsJson } from "../middleware/errors.ts";
import { callerOf, visitorOf } from "../middleware/require.ts";
import { isUnderWay, serverOwner } from "../notebook-of.ts";
import { asleepModel } from "../user-path-pages.ts";
import type { SpawnParts } from "./spawn.ts";

const COMING_UP_SECONDS = 3;

export function userUrlPages(parts: SpawnParts) {
  const { servers, paths } = parts;

  /** They may come by token. */
  function userUrl(ctx: HubContext): void {
    const isRead = ctx.method === "GET" || ctx.method === "HEAD";
    const rest = ctx.path.slice(paths.hub.length);
    // Also of somebody whom there is not.
    ctx.state.api = !isRead || wantsJson(ctx) || rest.split("/").includes("api");
    const path = paths.base + rest;
    const user = serverOwner(ctx, parts);
    const server = serverIn(ctx, user);
    const status = servers.status(user.id, server);
    // What was to be changed cannot be sent on.
    if (isRead && status.is === "running") return ctx.redirect(path + ctx.search);
    const failure = notRunning(ctx, { user, server, path });
    if (ctx.state.api) throw failure;
    const next = path + ctx.search;
    if (isUnderWay(status)) return ctx.redirect(paths.waiting(user.name, next, server));
    const about = { path: next, server, ownServer: user.id === callerOf(ctx).user?.id };
    ctx.status = failure.status;
    ctx.type = "html";
    const model = asleepModel(user, about, servers, paths);
    ctx.body = parts.views.page("asleep", model, parts.frames.of(ctx));
  }

  function notRunning(
    ctx: HubContext,
    { user, server, path }: { user: UserRecord; server: string; path: string },
  ): HubError {
    const params = {
      name: user.name,
      path: path.slice(paths.base.length - 1),
      start_url: ctx.state.request.origin + paths.spawn(user.name, undefined, server),
    };
    const comesUp = isUnderWay(servers.status(user.id, server));
    return new HubError("not_running", params, comesUp ? { retryAfter: COMING_UP_SECONDS } : {});
  }

  /** Which server the address means; what it has of a name is percent-encoded. */
  function serverIn(ctx: HubContext, user: UserRecord): string {
    const [, , , segment = ""] = `/${ctx.path.slice(paths.hub.length)}`.split("/");
    return servers.named(user.id, serverNameOf(decodeURIComponent(segment)));
  }

  /** Course links: the same path below whichever notebook the visitor has. */
  function userRedirect(ctx: HubContext): void {
    const { user } = visitorOf(ctx);
    const rest = ctx.path.slice(`${paths.hub}user-redirect/`.length).replace(/^\/+/, "");
    ctx.redirect(paths.spawn(user.name, `${paths.server(user.name)}${rest}${ctx.search}`));
  }

  return { userUrl, userRedirect };
}
