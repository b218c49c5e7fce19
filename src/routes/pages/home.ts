/** The student's page, and where `{H}` leads. */
import type { Config } from "#src/config/schema.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { BoxChecks } from "#src/services/box/box-checks.ts";
import { parseServerName } from "#src/services/servers/server-names.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { SessionId, UserRecord } from "#src/stores/records.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import type { NewServer } from "#src/views/server-pages.ts";
import type { HubContext } from "../context.ts";
import { ownPage } from "../entry.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { visitorOf } from "../middleware/require.ts";
import { deviceRows, namedServers, notebookCard } from "../models.ts";
import { refusalOf } from "../refusals.ts";
import { healthLine } from "./health.ts";
import type { Paths } from "../paths.ts";
import { type SharingParts, sharingOf } from "./sharing.ts";

/** More at once are no notice any more, but the list on the account's page. */
const MOST_OTHERS = 3;

interface HomeParts extends SharingParts {
  readonly config: Pick<Config, "sessions" | "spawner">;
  readonly sessions: Sessions;
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly checks: BoxChecks;
  readonly permissions: Permissions;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

export function homePages(parts: HomeParts) {
  const { accounts, servers, paths } = parts;

  function root(ctx: HubContext): void {
    const { identity } = ctx.state;
    if (!accounts.hasOwner()) return ctx.redirect(paths.setup);
    if (identity?.kind !== "user") return ctx.redirect(paths.login(ctx.path + ctx.search));
    ctx.redirect(ownPage(identity.user, paths));
  }

  function show(ctx: HubContext): void {
    showHome(ctx, { typed: "" });
  }

  /** POST: makes a notebook with a name, and opens it. */
  async function makeServer(ctx: HubContext): Promise<void> {
    const { user } = visitorOf(ctx);
    const typed = field(await readForm(ctx), "name").trim();
    try {
      const { name } = await servers.create(user, parseServerName(typed), {});
      ctx.redirect(paths.spawn(user.name, undefined, name));
    } catch (error) {
      showHome(ctx, { typed, problem: refusalOf(ctx, error).toData() });
    }
  }

  function showHome(ctx: HubContext, asked: Pick<NewServer, "typed" | "problem">): void {
    const visitor = visitorOf(ctx);
    const { user, session } = visitor;
    ctx.type = "html";
    const model = {
      notebook: notebookCard(user, servers, paths),
      eventsUrl: paths.notebookEvents(user.name),
      ...moreNotebooks(user, asked),
      ...healthLine(visitor, parts),
      ...otherSignIns(session.id),
      ...sharingOf(ctx, parts),
    };
    ctx.body = parts.views.page("home", model, parts.frames.of(ctx, "home"));
  }

  function moreNotebooks(user: UserRecord, asked: Pick<NewServer, "typed" | "problem">) {
    const { allow, limitPerUser: limit } = parts.config.spawner.namedServers;
    const named = namedServers(user, servers, paths);
    if (!allow) return named.rows.length === 0 ? {} : { named };
    const action = named.rows.length < limit ? { action: paths.newServer } : {};
    return { named, newServer: { ...action, ...asked, limit } };
  }

  function otherSignIns(id: SessionId): Pick<Pages["home"], "others"> {
    const isAsked = parts.config.sessions.noticeOtherDevices;
    const others = isAsked ? parts.sessions.othersSince(id).slice(0, MOST_OTHERS) : [];
    if (others.length === 0) return {};
    const rows = deviceRows(others, { endUrl: paths.endSession });
    return { others: { rows, seenUrl: paths.othersSeen, accountUrl: paths.account } };
  }

  return { root, show, makeServer };
}
