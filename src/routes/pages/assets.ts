/** Styles, scripts and pictures of the pages. */
import { HubError } from "#src/errors.ts";
import type { Assets } from "#src/views/assets.ts";
import type { HubContext } from "../context.ts";
import type { Paths } from "../paths.ts";

interface AssetParts {
  readonly assets: Assets;
  readonly paths: Paths;
}

const YEAR_SECONDS = 365 * 86_400;

export function assetPages({ assets, paths }: AssetParts) {
  function show(ctx: HubContext): void {
    serve(ctx, ctx.path.slice(`${paths.hub}static/`.length));
  }

  function logo(ctx: HubContext): void {
    serve(ctx, "logo.png");
  }

  function serve(ctx: HubContext, name: string): void {
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

  return { show, logo };
}
