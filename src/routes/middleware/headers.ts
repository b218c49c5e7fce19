/** Headers of every answer of the hub's own (contract.md 1.1, design D13). */
import helmet from "helmet";
import type { HubContext, HubMiddleware } from "../context.ts";
import { JUPYTERHUB_VERSION } from "#src/version.ts";

export function setHeaders(hubPath: string): HubMiddleware {
  const reportUri = [`${hubPath}security/csp-report`];
  const common = {
    // Plain HTTP on a LAN is normal: nothing may ask for HTTPS, and HSTS is not ours to set.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    referrerPolicy: { policy: "same-origin" },
    xFrameOptions: { action: "deny" },
  } as const;
  const forPages = helmet({
    ...common,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        fontSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        reportUri,
      },
    },
  });
  const forApi = helmet({
    ...common,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { frameAncestors: ["'none'"], reportUri, defaultSrc: ["'none'"] },
    },
  });
  return async function setHeaders(ctx, next) {
    const apply = ctx.state.api ? forApi : forPages;
    apply(ctx.req, ctx.res, () => {});
    ctx.set("x-jupyterhub-version", JUPYTERHUB_VERSION);
    ctx.set("access-control-allow-headers", "accept, content-type, authorization");
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
