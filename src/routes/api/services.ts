/** Services: programs beside the hub (contract.md 4.2). */
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../context.ts";

export function servicesApi() {
  /** By name. */
  function list(ctx: HubContext): void {
    ctx.body = {};
  }

  function show(ctx: HubContext): void {
    throw new HubError("service_not_found", { name: (ctx.params["service"] ?? "").slice(0, 80) });
  }

  return { list, show };
}
