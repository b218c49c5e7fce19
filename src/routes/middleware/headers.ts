/** Headers of every answer of the hub's own. */
import { JUPYTERHUB_VERSION } from "#src/version.ts";
import type { HubContext, HubMiddleware } from "../context.ts";
import { createSecurityHeaders } from "../security-headers.ts";

export function setHeaders(hubPath: string): HubMiddleware {
  const security = createSecurityHeaders(hubPath);
  // Which version it is may be read from anywhere, as JupyterHub has it.
  const forAll = new Set([`${hubPath}api`, `${hubPath}api/`]);
  return async function setHeaders(ctx, next) {
    if (ctx.state.api) security.api(ctx.req, ctx.res);
    else security.page(ctx.req, ctx.res);
    // A notebook's window that was left open reads along here, else; on plain HTTP browsers take no notice of it.
    if (ctx.state.request.scheme === "https") ctx.set("cross-origin-opener-policy", "same-origin");
    ctx.set("x-jupyterhub-version", JUPYTERHUB_VERSION);
    ctx.set("access-control-allow-headers", "accept, content-type, authorization");
    if (forAll.has(ctx.path)) ctx.set("access-control-allow-origin", "*");
    ctx.set("cache-control", "no-store");
    await next();
    if (ctx.status >= 301 && ctx.status <= 308) emptyRedirect(ctx);
  };
}

/** Koa writes the address into a page of its own, which no browser shows; what is not there cannot be abused. */
function emptyRedirect(ctx: HubContext): void {
  const { status } = ctx;
  ctx.body = null;
  ctx.status = status;
  ctx.remove("content-type");
}
