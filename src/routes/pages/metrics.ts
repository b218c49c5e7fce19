/** Figures for Prometheus, at both addresses that JupyterHub has them at. */
import { HubError } from "#src/errors.ts";
import { METRICS_TYPE } from "#src/services/metrics/exposition.ts";
import type { HubMetrics } from "#src/services/metrics/hub-metrics.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { HubContext } from "../context.ts";

interface MetricsParts {
  readonly metrics: HubMetrics;
  readonly permissions: Permissions;
}

export function metricsPages({ metrics, permissions }: MetricsParts) {
  /** No sign-in page for whoever may not: a program reads it. */
  function show(ctx: HubContext): void {
    const { identity } = ctx.state;
    if (identity === undefined) throw new HubError("sign_in_required");
    if (!permissions.may(identity, "read:metrics")) {
      throw new HubError("lacks_scope", { scopes: "read:metrics" });
    }
    ctx.body = metrics.text();
    ctx.set("content-type", METRICS_TYPE);
  }

  return { show };
}
