/** Going into somebody else's notebook: an explicit step, because the session opens nothing else from there. */
import type { HubContext } from "../context.ts";
import { visitorOf } from "../middleware/require.ts";
import { nextOf } from "../next-url.ts";
import {
  demandOpenable,
  enter,
  isRunning,
  type OthersParts,
  othersModel,
} from "./others-notebook.ts";

export function visitPages(parts: OthersParts) {
  const { paths } = parts;

  function show(ctx: HubContext): void {
    const server = demandOpenable(ctx, parts);
    const { owner, name } = server;
    if (owner.id === visitorOf(ctx).user.id) return ctx.redirect(paths.server(owner.name, name));
    ctx.type = "html";
    const action = paths.visit(owner.name, name, nextOf(ctx));
    const model = { action, ...othersModel(server, parts) };
    ctx.body = parts.views.page("visit", model, parts.frames.of(ctx, "home"));
  }

  async function begin(ctx: HubContext): Promise<void> {
    const server = demandOpenable(ctx, parts);
    const { owner, name } = server;
    if (owner.id === visitorOf(ctx).user.id) return ctx.redirect(paths.server(owner.name, name));
    // Nobody is locked into a notebook that is not there.
    if (!isRunning(server, parts)) return ctx.redirect(paths.visit(owner.name, name, nextOf(ctx)));
    await enter(ctx, server, parts);
  }

  return { show, begin };
}
