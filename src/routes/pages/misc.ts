/** What belongs to no one: health, static files, the page for an error code, reports of the browser. */
import { HubError, type FailureCode } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Assets } from "#src/views/assets.ts";
import type { Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { messagePage } from "../middleware/errors.ts";
import type { Paths } from "../paths.ts";

interface MiscParts {
  readonly assets: Assets;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly log: Logger;
}

const YEAR_SECONDS = 365 * 86_400;

/** Codes without placeholders. */
const failureOfStatus: ReadonlyMap<string, FailureCode> = new Map<string, FailureCode>([
  ["403", "not_allowed"],
  ["404", "not_found"],
  ["405", "method_not_allowed"],
  ["503", "hub_stopping"],
]);

export function miscPages({ assets, frames, views, paths, log }: MiscParts) {
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

  async function asset(ctx: HubContext): Promise<void> {
    const name = ctx.path.slice(`${paths.hub}static/`.length);
    serveAsset(ctx, name);
  }

  function logo(ctx: HubContext): void {
    serveAsset(ctx, "logo.png");
  }

  function serveAsset(ctx: HubContext, name: string): void {
    const found = assets.get(name);
    if (found === undefined) throw new HubError("not_found");
    const isVersioned = ctx.query["v"] === found.hash;
    ctx.set(
      "cache-control",
      isVersioned ? `public, max-age=${YEAR_SECONDS}, immutable` : "no-cache",
    );
    ctx.set("etag", `"${found.hash}"`);
    ctx.vary("accept-encoding");
    ctx.type = found.type;
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    const zipped = found.gzip !== undefined && ctx.acceptsEncodings("gzip", "identity") === "gzip";
    if (zipped) ctx.set("content-encoding", "gzip");
    ctx.body = zipped ? found.gzip : found.body;
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

  return { addSlash, toHub, health, asset, logo, errorPage, cspReport };
}
