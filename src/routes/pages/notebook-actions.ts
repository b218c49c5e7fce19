/** What is done with a notebook from a page: stopping, starting again, deleting one that has a name. */
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../context.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { withinTime } from "../api/in-time.ts";
import { type Notebook, knownNotebook } from "../notebook-of.ts";
import type { SpawnParts } from "./spawn.ts";

/** As long as somebody looks at an empty page; then the list says that it is on its way. */
const REMOVE_WAIT_MS = 8_000;

export function notebookActions(parts: SpawnParts) {
  const { servers, paths } = parts;

  async function stop(ctx: HubContext): Promise<void> {
    const notebook = knownNotebook(ctx, parts);
    await servers.stop(notebook.user.id, actorIn(ctx), notebook.server);
    const isFromClass = field(await readForm(ctx), "back") === "class";
    ctx.redirect(isFromClass && !notebook.isOwn ? paths.admin : backFrom(notebook));
  }

  async function restart(ctx: HubContext): Promise<void> {
    const notebook = knownNotebook(ctx, parts);
    const { user, server, isOwn } = notebook;
    const actor = actorIn(ctx);
    await servers.stop(user.id, actor, server);
    await servers.start(user, actor, { name: server });
    ctx.redirect(isOwn ? paths.waiting(user.name, undefined, server) : backFrom(notebook));
  }

  function confirmRemove(ctx: HubContext): void {
    const notebook = removable(ctx);
    const { user, server, isOwn } = notebook;
    const record = servers.remembered(user.id, server);
    ctx.type = "html";
    const model = {
      action: paths.deleteServer(user.name, server),
      title: record?.displayName ?? server,
      ...(isOwn ? {} : { of: user.displayName }),
      isRunning: servers.status(user.id, server).is !== "stopped",
      hasOwnFiles: record?.home === "own",
      backUrl: backFrom(notebook),
    };
    ctx.body = parts.views.page("deleteServer", model, parts.frames.of(ctx, "home"));
  }

  async function remove(ctx: HubContext): Promise<void> {
    const notebook = removable(ctx);
    await withinTime(servers.remove(notebook.user, notebook.server, actorIn(ctx)), REMOVE_WAIT_MS);
    ctx.redirect(backFrom(notebook));
  }

  function removable(ctx: HubContext): Notebook {
    const notebook = knownNotebook(ctx, parts);
    if (notebook.server === "") throw new HubError("cannot_delete_default");
    return notebook;
  }

  function backFrom({ user, server, isOwn }: Notebook): string {
    if (isOwn) return paths.home;
    return server === "" ? paths.admin : paths.person(user.name);
  }

  return { stop, restart, confirmRemove, remove };
}
