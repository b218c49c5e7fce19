import type { Logger } from "#src/log.ts";
import type { HubMiddleware } from "../context.ts";

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
        path: ctx.path.slice(0, 200),
        status: ctx.status,
        ms: Math.round(performance.now() - started),
      },
      "request",
    );
  };
}
