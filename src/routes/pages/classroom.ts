/** Class now, and one person's log. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { BoxChecks } from "#src/services/box/box-checks.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { visitorOf } from "../middleware/require.ts";
import { classRow, classTiles, newcomersModel, titleOf, visiblePeople } from "../models.ts";
import { isThere } from "../notebook-of.ts";
import { noticeOf } from "../notices.ts";
import type { Paths } from "../paths.ts";
import { personOf } from "../person-of.ts";
import { healthLine } from "./health.ts";

const LOG_LINES = 500;
const notices = ["person_accepted", "person_refused"] as const;

interface ClassroomParts {
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly checks: BoxChecks;
  readonly permissions: Permissions;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

export function classroomPages(parts: ClassroomParts) {
  const { servers, paths, views, frames } = parts;

  function show(ctx: HubContext): void {
    const visitor = visitorOf(ctx);
    const people = visiblePeople(visitor, parts);
    const trouble = servers.trouble();
    ctx.type = "html";
    const model = {
      newcomers: newcomersModel(visitor, people, parts),
      signUpUrl: paths.signUpClasses,
      rows: people.map((user) => classRow(user, { ...parts, visitor })),
      tiles: classTiles(people, servers),
      eventsUrl: paths.adminEvents,
      addUrl: paths.addPeople,
      ...(trouble === undefined ? {} : { trouble }),
      ...healthLine(visitor, parts),
      ...noticeOf(ctx, notices),
    };
    ctx.body = views.page("class", model, frames.of(ctx, "class"));
  }

  async function log(ctx: HubContext): Promise<void> {
    const server = serverNameOf(ctx.params["server"] ?? "");
    const user = personOf(ctx, "read:logs", parts);
    if (!isThere({ user, server }, servers)) throw new HubError("not_found");
    const status = servers.status(user.id, server);
    const lines = await servers.log(user.id, LOG_LINES, server);
    ctx.type = "html";
    const model = {
      name: user.name,
      displayName: user.displayName,
      status,
      lines,
      ...(status.is === "stopped" && status.lastFailure !== undefined
        ? { lastFailure: status.lastFailure }
        : {}),
      ...(server === "" ? {} : { title: titleOf(user, server, servers) }),
      refreshUrl: paths.log(user.name, server),
      backUrl: server === "" ? paths.admin : paths.person(user.name),
    };
    ctx.body = views.page("log", model, frames.of(ctx, "class"));
  }

  return { show, log };
}
