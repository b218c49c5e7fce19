/** Class now (ui.md T1), and one person's log. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { BoxChecks } from "#src/services/box/box-checks.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { type Permission, type Permissions, actorOf } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { visitorOf } from "../middleware/require.ts";
import { classRow, classTiles, visiblePeople } from "../models.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import type { Paths } from "../paths.ts";
import { healthLine } from "./health.ts";

const LOG_LINES = 500;

export interface ClassroomParts {
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly checks: BoxChecks;
  readonly permissions: Permissions;
  readonly notes: OneTimeNotes;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

export function classroomPages(parts: ClassroomParts) {
  const { accounts, servers, paths, views, frames } = parts;

  function show(ctx: HubContext): void {
    const visitor = visitorOf(ctx);
    const people = visiblePeople(visitor, parts);
    const trouble = servers.trouble();
    const notice = ctx.query["notice"];
    ctx.type = "html";
    const model = {
      rows: people.map((user) => classRow(user, { ...parts, visitor })),
      tiles: classTiles(people, servers),
      eventsUrl: paths.adminEvents,
      addUrl: paths.addPeople,
      ...(trouble === undefined ? {} : { trouble }),
      ...healthLine(visitor, parts),
      ...(notice === "person_removed" ? { notice: "person_removed" as const } : {}),
    };
    ctx.body = views.page("class", model, frames.of(ctx, "class"));
  }

  async function log(ctx: HubContext): Promise<void> {
    const user = personOf(ctx, "read:logs", parts);
    const status = servers.status(user.id);
    const lines = await servers.log(user.id, LOG_LINES);
    ctx.type = "html";
    const model = {
      name: user.name,
      displayName: user.displayName,
      status,
      lines,
      ...(status.is === "stopped" && status.lastFailure !== undefined
        ? { lastFailure: status.lastFailure }
        : {}),
      refreshUrl: paths.log(user.name),
      backUrl: paths.admin,
    };
    ctx.body = views.page("log", model, frames.of(ctx, "class"));
  }

  /** A new first password; files and running notebook stay as they are. */
  async function reset(ctx: HubContext): Promise<void> {
    const subject = personOf(ctx, "reset:passwords", parts);
    if (subject.id === visitorOf(ctx).user.id) return ctx.redirect(paths.account);
    const actor = actorOf(ctx.state.identity, ctx.state.request);
    const { user, firstPassword } = await accounts.resetPassword(subject.id, actor);
    const card = { displayName: user.displayName, name: user.name, password: firstPassword };
    const note = { cards: [card], refused: [], reason: "reset" as const };
    ctx.redirect(paths.firstPasswords(parts.notes.leave(visitorOf(ctx).session.id, note)));
  }

  function confirmRemove(ctx: HubContext): void {
    const user = personOf(ctx, "delete:users", parts);
    ctx.type = "html";
    const model = {
      action: paths.remove(user.name),
      name: user.name,
      displayName: user.displayName,
      running: servers.status(user.id).is !== "stopped",
      backUrl: paths.admin,
    };
    ctx.body = views.page("removePerson", model, frames.of(ctx, "class"));
  }

  async function remove(ctx: HubContext): Promise<void> {
    const user = personOf(ctx, "delete:users", parts);
    await accounts.remove(user.id, actorOf(ctx.state.identity, ctx.state.request));
    ctx.redirect(`${paths.admin}?notice=person_removed`);
  }

  return { show, log, reset, confirmRemove, remove };
}

/** The person of the URL, if the visitor may do this with them; else as if there were nobody. */
export function personOf(
  ctx: HubContext,
  permission: Permission,
  { accounts, permissions }: { accounts: Accounts; permissions: Permissions },
): UserRecord {
  const name = ctx.params["name"] ?? "";
  const user = accounts.byName(name);
  if (user === undefined || !permissions.may(ctx.state.identity, permission, user)) {
    throw new HubError("user_not_found", { name: name.slice(0, 80) });
  }
  return user;
}
