/** Opening, waiting for and closing a notebook (ui.md S4, S5; contract.md 2 and 3.2). */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { firstPage } from "../first-page.ts";
import { wantsJson } from "../middleware/errors.ts";
import { actorIn, callerOf, visitorOf } from "../middleware/require.ts";
import { notebookCard } from "../models.ts";
import type { Paths } from "../paths.ts";
import { asleepModel } from "../user-path-pages.ts";
import { nextOf } from "../next-url.ts";

/** How long opening waits before it shows the waiting room (JupyterHub's second). */
const SPAWN_WAIT_MS = 1000;

interface SpawnParts {
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly permissions: Permissions;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

export function spawnPages(parts: SpawnParts) {
  const { servers, paths } = parts;

  /** GET: opens the visitor's own notebook, and starts it when it sleeps. */
  async function open(ctx: HubContext): Promise<void> {
    const user = serverOwner(ctx, parts);
    if (user.id !== visitorOf(ctx).user.id) return openOthers(ctx, user);
    await startAndLead(ctx, user);
  }

  /** Only the owner starts a notebook by a GET; others look at it. */
  function openOthers(ctx: HubContext, user: UserRecord): void {
    ctx.redirect(isUnderWay(servers.status(user.id)) ? paths.waiting(user.name) : paths.admin);
  }

  /** POST: starts it; staff come back to the class page. */
  async function start(ctx: HubContext): Promise<void> {
    const user = serverOwner(ctx, parts);
    const isOwn = user.id === visitorOf(ctx).user.id;
    if (isOwn) return startAndLead(ctx, user);
    await servers.start(user, actorIn(ctx));
    ctx.redirect(paths.admin);
  }

  async function startAndLead(ctx: HubContext, user: UserRecord): Promise<void> {
    await servers.start(user, actorIn(ctx));
    const status = await servers.settled(user.id, SPAWN_WAIT_MS);
    if (status.is === "running") return ctx.redirect(nextOf(ctx) ?? labOf(ctx, user));
    ctx.redirect(paths.waiting(user.name, nextOf(ctx) ?? keptLab(ctx, user)));
  }

  /** What was asked for besides goes along: Lab knows some words of its own there. */
  function labOf(ctx: HubContext, user: UserRecord): string {
    const query = new URLSearchParams(ctx.method === "POST" ? "" : ctx.querystring);
    query.delete("next");
    query.delete("_xsrf");
    const page = firstPage(parts, user);
    return query.size === 0 ? page : `${page}?${query.toString()}`;
  }

  function keptLab(ctx: HubContext, user: UserRecord): string | undefined {
    const lab = labOf(ctx, user);
    return lab === firstPage(parts, user) ? undefined : lab;
  }

  /** Everybody has one notebook, which has no name. */
  function named(ctx: HubContext): never {
    serverOwner(ctx, parts);
    throw new HubError("named_servers_off");
  }

  async function stop(ctx: HubContext): Promise<void> {
    const user = serverOwner(ctx, parts);
    await servers.stop(user.id, actorIn(ctx));
    ctx.redirect(backFrom(ctx, user));
  }

  async function restart(ctx: HubContext): Promise<void> {
    const user = serverOwner(ctx, parts);
    const actor = actorIn(ctx);
    await servers.stop(user.id, actor);
    await servers.start(user, actor);
    ctx.redirect(
      user.id === visitorOf(ctx).user.id ? paths.waiting(user.name) : backFrom(ctx, user),
    );
  }

  function backFrom(ctx: HubContext, user: UserRecord): string {
    return user.id === visitorOf(ctx).user.id ? paths.home : paths.admin;
  }

  function waiting(ctx: HubContext): void {
    const user = serverOwner(ctx, parts);
    const status = servers.status(user.id);
    const isOwn = user.id === visitorOf(ctx).user.id;
    if (isOwn && status.is === "running") {
      return ctx.redirect(nextOf(ctx) ?? firstPage(parts, user));
    }
    // Scripts that wait here see at the status that it will not come.
    if (status.is === "stopped" && status.lastFailure !== undefined) {
      ctx.status = HubError.from(status.lastFailure).status;
    }
    ctx.type = "html";
    ctx.body = parts.views.page("waiting", waitingModel(ctx, user, parts), parts.frames.of(ctx));
  }

  /** `{H}user/<name>/…`: where JupyterHub's clients are sent when no notebook runs; they may come by token. */
  function userUrl(ctx: HubContext): void {
    const user = serverOwner(ctx, parts);
    const path = paths.base + ctx.path.slice(paths.hub.length) + ctx.search;
    const status = servers.status(user.id);
    const failure = notRunning(ctx, user, path, paths);
    // What was to be changed cannot be sent on.
    if (ctx.method !== "GET" && ctx.method !== "HEAD") throw inJson(ctx, failure);
    if (status.is === "running") return ctx.redirect(path);
    const isForProgram =
      wantsJson(ctx) || ctx.path.slice(paths.hub.length).split("/").includes("api");
    if (isForProgram) throw inJson(ctx, failure);
    if (isUnderWay(status)) return ctx.redirect(paths.waiting(user.name, path));
    const about = { path, ownServer: user.id === callerOf(ctx).user?.id };
    ctx.status = failure.status;
    ctx.type = "html";
    const model = asleepModel(user, about, servers, paths);
    ctx.body = parts.views.page("asleep", model, parts.frames.of(ctx));
  }

  /** Course links: the same path below whichever notebook the visitor has. */
  function userRedirect(ctx: HubContext): void {
    const { user } = visitorOf(ctx);
    const rest = ctx.path.slice(`${paths.hub}user-redirect/`.length);
    ctx.redirect(paths.spawn(user.name, `${paths.server(user.name)}${rest}${ctx.search}`));
  }

  return { open, start, stop, restart, waiting, named, userUrl, userRedirect };
}

function inJson(ctx: HubContext, failure: HubError): HubError {
  ctx.state.api = true;
  return failure;
}

export function waitingModel(
  ctx: HubContext,
  user: UserRecord,
  { servers, paths }: Pick<SpawnParts, "servers" | "paths">,
): Pages["waiting"] {
  const next = nextOf(ctx);
  return {
    notebook: notebookCard(user, servers, paths),
    own: user.id === visitorOf(ctx).user.id,
    nextUrl: next ?? firstPage({ servers, paths }, user),
    eventsUrl: paths.notebookEvents(user.name, next),
    progressUrl: paths.progress(user.name),
    homeUrl: paths.home,
  };
}

export function isUnderWay(status: ServerStatus): boolean {
  return status.is === "queued" || status.is === "starting" || status.is === "stopping";
}

/** Whose server the URL names; without a name, the visitor's own. Others' look as if they did not exist. */
export function serverOwner(
  ctx: HubContext,
  { accounts, permissions }: Pick<SpawnParts, "accounts" | "permissions">,
): UserRecord {
  const name = ctx.params["name"];
  if (name === undefined) return visitorOf(ctx).user;
  const user = accounts.byName(name);
  if (user === undefined || !permissions.may(ctx.state.identity, "servers", user)) {
    throw new HubError("not_found");
  }
  return user;
}

export function notRunning(
  ctx: HubContext,
  user: UserRecord,
  path: string,
  paths: Paths,
): HubError<"not_running"> {
  return new HubError("not_running", {
    name: user.name,
    path: path.slice(paths.base.length - 1),
    start_url: ctx.state.request.origin + paths.spawn(user.name),
  });
}
