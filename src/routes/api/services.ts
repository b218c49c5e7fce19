/** Services: programs beside the hub that the configuration names. */
import type { Config } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { HubContext } from "../context.ts";
import { READS_SERVICE } from "./readings.ts";
import type { ServiceModel } from "./schemas/services.ts";

interface ServicesParts {
  readonly config: Pick<Config, "services">;
  readonly permissions: Permissions;
}

export function servicesApi({ config, permissions }: ServicesParts) {
  /** By name. */
  function list(ctx: HubContext): void {
    const { identity } = ctx.state;
    const names = Object.keys(config.services).filter((name) =>
      may(identity, "list:services", name, permissions),
    );
    ctx.body = Object.fromEntries(
      names.toSorted().map((name) => [name, serviceModel(name, identity, permissions)]),
    );
  }

  function show(ctx: HubContext): void {
    const { identity } = ctx.state;
    const name = ctx.params["service"] ?? "";
    const mayRead = READS_SERVICE.some((scope) => may(identity, scope, name, permissions));
    if (!Object.hasOwn(config.services, name) || !mayRead) {
      throw new HubError("service_not_found", { name: name.slice(0, 80) });
    }
    ctx.body = serviceModel(name, identity, permissions);
  }

  return { list, show };
}

function may(
  visitor: Identity | undefined,
  scope: string,
  name: string,
  permissions: Permissions,
): boolean {
  const held = permissions.scopesOf(visitor);
  return held.includes(scope) || held.includes(`${scope}!service=${name}`);
}

/** As much as the visitor may see. The hub knows a service by its token alone: it neither starts it nor leads to it. */
export function serviceModel(
  name: string,
  visitor: Identity | undefined,
  permissions: Permissions,
): ServiceModel {
  const sees = (scope: string): boolean => may(visitor, scope, name, permissions);
  return {
    kind: "service",
    name,
    admin: false,
    ...(sees("read:roles:services") ? { roles: [] } : {}),
    ...(sees("read:services")
      ? { url: "", prefix: "", command: [], pid: 0, info: {}, display: false }
      : {}),
  };
}
