/** `{H}api`, `{H}api/info` and `{H}api/user`. */
import { HubError } from "#src/errors.ts";
import type { Identity } from "#src/session/identity.ts";
import { HOMEROOM_VERSION, JUPYTERHUB_VERSION } from "#src/version.ts";
import type { HubContext } from "../context.ts";
import type { InfoModel } from "./schemas/hub.ts";
import { serviceModel } from "./services.ts";
import type { SelfModel } from "./schemas/users.ts";
import { type UserModelParts, ownModel, viewOf } from "./user-models.ts";

interface InfoParts extends UserModelParts {
  readonly config: { readonly spawner: { readonly kind: string } };
}

export function infoApi(parts: InfoParts) {
  function version(ctx: HubContext): void {
    ctx.body = { version: JUPYTERHUB_VERSION };
  }

  /** Clients show these texts; there is no Python in this hub. */
  function info(ctx: HubContext): void {
    ctx.body = {
      version: JUPYTERHUB_VERSION,
      python: `none (Node.js ${process.versions.node})`,
      sys_executable: process.execPath,
      spawner: {
        class: `homeroom.spawners.${parts.config.spawner.kind}`,
        version: HOMEROOM_VERSION,
      },
      authenticator: { class: "homeroom.authenticators.local", version: HOMEROOM_VERSION },
    } satisfies InfoModel;
  }

  /** Who asks, as single-user servers and services look it up. */
  function self(ctx: HubContext): void {
    const { identity } = ctx.state;
    if (identity === undefined || identity.kind === "console") throw new HubError("not_allowed");
    // With a first password only choosing an own one is open.
    if (identity.kind === "user" && identity.session.mustChangePassword) {
      throw new HubError("not_allowed");
    }
    ctx.body = {
      ...(identity.kind === "service"
        ? serviceModel(identity.name, identity, parts.permissions)
        : ownModel(identity.user, viewOf(ctx), parts)),
      token_id: identity.kind === "user" ? null : `a${identity.token.number}`,
      session_id: sessionIdOf(identity),
      scopes: parts.permissions.scopesOf(identity),
    } satisfies SelfModel;
  }

  return { version, info, self };
}

function sessionIdOf(identity: Identity): string | null {
  if (identity.kind === "user") return identity.session.id;
  return identity.kind === "token" ? (identity.token.session ?? null) : null;
}
