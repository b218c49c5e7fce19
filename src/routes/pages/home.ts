/** The student's page (ui.md S3), and where `{H}` leads. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { visitorOf } from "../middleware/require.ts";
import { notebookCard } from "../models.ts";
import type { Paths } from "../paths.ts";

interface HomeParts {
  readonly accounts: Accounts;
  readonly servers: Servers;
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
    ctx.redirect(identity.user.role === "student" ? paths.home : paths.admin);
  }

  function show(ctx: HubContext): void {
    const { user } = visitorOf(ctx);
    ctx.type = "html";
    const model = {
      notebook: notebookCard(user, servers, paths),
      eventsUrl: paths.notebookEvents(user.name),
    };
    ctx.body = parts.views.page("home", model, parts.frames.of(ctx, "home"));
  }

  return { root, show };
}
