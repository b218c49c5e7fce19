/** Guards: who may use a URL at all. They stand beside the URLs in routes/index.ts. */
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import {
  type Identity,
  type Permission,
  type Permissions,
  actorOf,
} from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext, HubMiddleware } from "../context.ts";
import type { Paths } from "../paths.ts";

/**
 * `anyone`: no sign-in needed. `first_password`: signed in with a first password, to choose an own one.
 * `signed_in`: anyone signed in. `console`: the control socket alone. Else a permission, or one of several.
 */
export type Guard =
  "anyone" | "signed_in" | "first_password" | "console" | Permission | readonly Permission[];

export type UserIdentity = Extract<Identity, { kind: "user" }>;

export function requireGuard(guard: Guard, permissions: Permissions, paths: Paths): HubMiddleware {
  return async function requireGuard(ctx, next) {
    if (guard !== "anyone" && !admits(ctx, guard, permissions, paths)) return;
    await next();
  };
}

/** `false` when the visitor was sent somewhere else. */
function admits(
  ctx: HubContext,
  guard: Exclude<Guard, "anyone">,
  permissions: Permissions,
  paths: Paths,
): boolean {
  const { identity } = ctx.state;
  if (identity === undefined) {
    if (ctx.state.parked !== undefined && ctx.state.api) throw new HubError("on_visit");
    return sendTo(ctx, paths.login(returnPath(ctx)));
  }
  if (identity.kind === "console") {
    if (guard === "signed_in" || guard === "first_password") throw new HubError("not_allowed");
    return true;
  }
  if (guard === "console") throw new HubError("not_allowed");
  if (identity.kind === "user") {
    if (guard === "first_password") return true;
    if (identity.session.mustChangePassword) return sendTo(ctx, paths.first(returnPath(ctx)));
  }
  if (guard === "first_password") throw new HubError("not_allowed");
  if (guard === "signed_in") return true;
  const wanted = [guard].flat();
  if (!wanted.some((permission) => permissions.may(identity, permission))) {
    throw ctx.state.api
      ? new HubError("lacks_scope", { scopes: wanted.join(", ") })
      : new HubError("not_allowed");
  }
  return true;
}

/** Pages lead to where it can be mended; clients and forms are told. */
function sendTo(ctx: HubContext, path: string): false {
  if (ctx.state.api || (ctx.method !== "GET" && ctx.method !== "HEAD")) {
    throw new HubError("sign_in_required");
  }
  ctx.redirect(path);
  return false;
}

function returnPath(ctx: HubContext): string {
  return ctx.path + ctx.search;
}

/** The signed-in visitor; handlers behind `signed_in` or a permission may rely on it. */
export function visitorOf(ctx: HubContext): UserIdentity {
  const { identity } = ctx.state;
  if (identity?.kind !== "user") throw new HubError("not_allowed");
  return identity;
}

/** Who asks, for the API: by session or by token. A service and the console are no people. */
export function callerOf(ctx: HubContext): { readonly user?: UserRecord } {
  const { identity } = ctx.state;
  return identity?.kind === "user" || identity?.kind === "token" ? { user: identity.user } : {};
}

/** Who does what is asked here, for the audit. */
export function actorIn(ctx: HubContext): Actor {
  return actorOf(ctx.state.identity, ctx.state.request);
}
