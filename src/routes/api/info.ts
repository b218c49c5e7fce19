/** `{H}api`, `{H}api/info` and `{H}api/user` (contract.md 4.2). */
import { HubError } from "#src/errors.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { SetupCode } from "#src/services/accounts/setup-code.ts";
import { HOMEROOM_VERSION, JUPYTERHUB_VERSION } from "#src/version.ts";
import type { HubContext } from "../context.ts";
import type { Paths } from "../paths.ts";
import { userModel } from "./user-models.ts";

interface InfoParts {
  readonly servers: Servers;
  readonly setupCode: SetupCode;
  readonly paths: Paths;
}

export function infoApi({ servers, setupCode, paths }: InfoParts) {
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

  /** For `./homeroom up` and `status`, over the control socket. */
  async function box(ctx: HubContext): Promise<void> {
    const running = servers.running().length;
    ctx.body = {
      version: HOMEROOM_VERSION,
      setup_code: await setupCode.current(),
      base_path: paths.base,
      running,
      trouble: servers.trouble() ?? null,
    };
  }

  return { version, self, box };
}
