import type { Logger } from "#src/log.ts";
import type { HubMiddleware } from "../context.ts";

/** Old clients of JupyterHub put secrets there. */
const SECRET = /(\/authorizations\/(?:token|cookie)\/).*/;

/** The path as a log may have it. */
export function loggedPath(path: string): string {
  return path.replace(SECRET, "$1…").slice(0, 200);
}

/** One line for each request; addresses without their query, which may hold what is nobody's business. */
export function logAccess(log: Logger, quietPaths: ReadonlySet<string>): HubMiddleware {
  return async function logAccess(ctx, next) {
    const started = performance.now();
    await next();
    if (quietPaths.has(ctx.path)) return;
    log.info(
      {
        request: ctx.state.request.id,
        address: ctx.state.request.address,
        method: ctx.method,
        path: loggedPath(ctx.path),
        status: ctx.status,
        ms: Math.round(performance.now() - started),
      },
      "request",
    );
  };
}
