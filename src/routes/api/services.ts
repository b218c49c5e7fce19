/** Services: programs beside the hub that the configuration names (contract.md 4.2). */
import type { Config } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { HubContext } from "../context.ts";
import type { ServiceModel } from "./schemas/hub.ts";

interface ServicesParts {
  readonly config: Pick<Config, "services">;
  readonly permissions: Permissions;
}

export function servicesApi({ config, permissions }: ServicesParts) {
  /** By name. */
  function list(ctx: HubContext): void {
    const names = Object.keys(config.services).filter((name) => may(ctx, "list:services", name));
    ctx.body = Object.fromEntries(names.toSorted().map((name) => [name, serviceModel(name)]));
  }

  function show(ctx: HubContext): void {
    const name = ctx.params["service"] ?? "";
    if (!Object.hasOwn(config.services, name) || !may(ctx, "read:services", name)) {
      throw new HubError("service_not_found", { name: name.slice(0, 80) });
    }
    ctx.body = serviceModel(name);
  }

  function may(ctx: HubContext, scope: string, name: string): boolean {
    const held = permissions.scopesOf(ctx.state.identity);
    return held.includes(scope) || held.includes(`${scope}!service=${name}`);
  }

  return { list, show };
}

/** The hub knows a service by its token alone: it neither starts it nor leads to it. */
function serviceModel(name: string): ServiceModel {
  return {
    kind: "service",
    name,
    admin: false,
    roles: [],
    url: "",
    prefix: "",
    command: [],
    pid: 0,
    info: {},
    display: false,
  };
}
