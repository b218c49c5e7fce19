/** The student's page (ui.md S3), and where `{H}` leads. */
import type { Config } from "#src/config/schema.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { BoxChecks } from "#src/services/box/box-checks.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { SessionId } from "#src/stores/records.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { ownPage } from "../entry.ts";
import type { Frames } from "../frames.ts";
import { visitorOf } from "../middleware/require.ts";
import { deviceRows, notebookCard } from "../models.ts";
import { healthLine } from "./health.ts";
import type { Paths } from "../paths.ts";

/** More at once are no notice any more, but the list on the account's page. */
const MOST_OTHERS = 3;

interface HomeParts {
  readonly config: Pick<Config, "sessions">;
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
    const visitor = visitorOf(ctx);
    const { user, session } = visitor;
    ctx.type = "html";
    const model = {
      notebook: notebookCard(user, servers, paths),
      eventsUrl: paths.notebookEvents(user.name),
      ...healthLine(visitor, parts),
      ...otherSignIns(session.id),
    };
    ctx.body = parts.views.page("home", model, parts.frames.of(ctx, "home"));
  }

  function otherSignIns(id: SessionId): Pick<Pages["home"], "others"> {
    const isAsked = parts.config.sessions.noticeOtherDevices;
    const others = isAsked ? parts.sessions.othersSince(id).slice(0, MOST_OTHERS) : [];
    if (others.length === 0) return {};
    const rows = deviceRows(others, { endUrl: paths.endSession });
    return { others: { rows, seenUrl: paths.othersSeen, accountUrl: paths.account } };
  }

  return { root, show };
}
