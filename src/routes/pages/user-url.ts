/** `{H}user/<name>/…`: where JupyterHub's clients are sent when no notebook runs (contract.md 3.2). */
import { HubError } from "#src/errors.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { wantsJson } from "../middleware/errors.ts";
import { callerOf, visitorOf } from "../middleware/require.ts";
import { isUnderWay, serverOwner } from "../notebook-of.ts";
import { asleepModel } from "../user-path-pages.ts";
import type { SpawnParts } from "./spawn.ts";

export function userUrlPages(parts: SpawnParts) {
  const { servers, paths } = parts;

  /** They may come by token. */
  function userUrl(ctx: HubContext): void {
    const user = serverOwner(ctx, parts);
    const path = paths.base + ctx.path.slice(paths.hub.length) + ctx.search;
    const server = serverIn(ctx, user);
    const status = servers.status(user.id, server);
    const failure = new HubError("not_running", {
      name: user.name,
      path: path.slice(paths.base.length - 1),
      start_url: ctx.state.request.origin + paths.spawn(user.name, undefined, server),
    });
    // What was to be changed cannot be sent on.
    if (ctx.method !== "GET" && ctx.method !== "HEAD") throw inJson(ctx, failure);
    if (status.is === "running") return ctx.redirect(path);
    const isForProgram =
      wantsJson(ctx) || ctx.path.slice(paths.hub.length).split("/").includes("api");
    if (isForProgram) throw inJson(ctx, failure);
    if (isUnderWay(status)) return ctx.redirect(paths.waiting(user.name, path, server));
    const about = { path, server, ownServer: user.id === callerOf(ctx).user?.id };
    ctx.status = failure.status;
    ctx.type = "html";
    const model = asleepModel(user, about, servers, paths);
    ctx.body = parts.views.page("asleep", model, parts.frames.of(ctx));
  }

  /** Which server the address means; what it has of a name is percent-encoded. */
  function serverIn(ctx: HubContext, user: UserRecord): string {
    const [, , , segment = ""] = `/${ctx.path.slice(paths.hub.length)}`.split("/");
    return servers.named(user.id, serverNameOf(decodeURIComponent(segment)));
  }

  /** Course links: the same path below whichever notebook the visitor has. */
  function userRedirect(ctx: HubContext): void {
    const { user } = visitorOf(ctx);
    const rest = ctx.path.slice(`${paths.hub}user-redirect/`.length);
    ctx.redirect(paths.spawn(user.name, `${paths.server(user.name)}${rest}${ctx.search}`));
  }

  return { userUrl, userRedirect };
}

function inJson(ctx: HubContext, failure: HubError): HubError {
  ctx.state.api = true;
  return failure;
}
