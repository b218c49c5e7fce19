/** `{H}api`, `{H}api/info` and `{H}api/user` (contract.md 4.2). */
import { HubError } from "#src/errors.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { JUPYTERHUB_VERSION } from "#src/version.ts";
import type { HubContext } from "../context.ts";
import type { Paths } from "../paths.ts";
import { userModel } from "./user-models.ts";

interface InfoParts {
  readonly servers: Servers;
  readonly paths: Paths;
}

export function infoApi({ servers, paths }: InfoParts) {
  function version(ctx: HubContext): void {
    ctx.set("access-control-allow-origin", "*");
    ctx.body = { version: JUPYTERHUB_VERSION };
  }

  function self(ctx: HubContext): void {
    const { identity } = ctx.state;
    if (identity?.kind !== "user") throw new HubError("not_allowed");
    ctx.body = {
      ...userModel(identity.user, servers, paths),
      token_id: null,
      session_id: identity.session.id,
      scopes: [],
    };
  }

  return { version, self };
}
