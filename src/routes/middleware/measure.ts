/** How long answers take, by the pattern of their address: what stands in it may name people. */
import type { HubMetrics } from "#src/services/metrics/hub-metrics.ts";
import type { HubContext, HubMiddleware } from "../context.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export function measure(metrics: HubMetrics, basePath: string): HubMiddleware {
  return async function measure(ctx, next) {
    const started = performance.now();
    await next();
    metrics.answered({
      method: METHODS.has(ctx.method) ? ctx.method : "other",
      handler: patternOf(ctx)?.slice(basePath.length) ?? "other",
      status: ctx.status,
      seconds: (performance.now() - started) / 1000,
    });
  };
}

/** The router leaves it there. */
function patternOf(ctx: HubContext): string | undefined {
  const pattern: unknown = ctx["_matchedRoute"];
  return typeof pattern === "string" ? pattern : undefined;
}
