/** What belongs to no one: health, the page for an error code, reports of the browser. */
import { HubError, type FailureCode } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { messagePage } from "../middleware/errors.ts";
import type { Paths } from "../paths.ts";

interface MiscParts {
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly log: Logger;
}

/** Codes without placeholders. */
const failureOfStatus: ReadonlyMap<string, FailureCode> = new Map<string, FailureCode>([
  ["403", "not_allowed"],
  ["404", "not_found"],
  ["405", "method_not_allowed"],
  ["503", "hub_stopping"],
]);

export function miscPages({ frames, views, paths, log }: MiscParts) {
  function addSlash(ctx: HubContext): void {
    ctx.redirect(paths.hub + ctx.search);
    ctx.status = 301;
  }

  /** `{B}anything` that is neither the hub's nor a notebook's leads to the hub, as JupyterHub does. */
  function toHub(ctx: HubContext): void {
    const isRead = ctx.method === "GET" || ctx.method === "HEAD";
    const isBase = `${ctx.path}/` === paths.base;
    const isBelow = ctx.path.startsWith(paths.base) && !ctx.path.startsWith(paths.hub);
    if (isRead && (isBase || isBelow))
      ctx.redirect(paths.hub + ctx.path.slice(paths.base.length) + ctx.search);
  }

  function health(ctx: HubContext): void {
    ctx.status = 200;
    ctx.body = "";
  }

  /** What a web server in front shows in place of an answer that it did not get: it sets the status itself. */
  function errorPage(ctx: HubContext): void {
    const code = failureOfStatus.get(ctx.params["code"] ?? "") ?? "not_found";
    const failure = HubError.from({ code, params: {} });
    ctx.type = "html";
    ctx.body = messagePage(ctx, failure, { frames, views, paths });
  }

  /** What a browser's content policy refused says that a page of ours is wrong. */
  function cspReport(ctx: HubContext): void {
    log.warn({ request: ctx.state.request.id, agent: ctx.get("user-agent").slice(0, 100) }, "csp");
    ctx.status = 200;
    ctx.body = "";
  }

  return { addSlash, toHub, health, errorPage, cspReport };
}
