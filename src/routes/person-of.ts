/** The person whom an address names. */
import { HubError } from "#src/errors.ts";
import { covers } from "#src/scopes/scopes.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Permission, Permissions } from "#src/session/identity.ts";
import type { UserId, UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "./context.ts";
import { field } from "./middleware/body.ts";

interface PersonOfParts {
  readonly accounts: Pick<Accounts, "byName">;
  readonly permissions: Permissions;
}

/**
 * In whatever spelling of the name, if the visitor may do this with them, or one of several things; else it is as if
 * there were nobody. Throws `user_not_found`, or `no_access` to programs that may do it to some people alone. `server`
 * is which of their servers is meant, where that counts.
 */
export function personOf(
  ctx: HubContext,
  permission: Permission | readonly Permission[],
  { accounts, permissions }: PersonOfParts,
  server = "",
): UserRecord {
  const name = ctx.params["name"] ?? "";
  const user = accounts.byName(name);
  const mayIt =
    user !== undefined &&
    [permission].flat().some((each) => permissions.may(ctx.state.identity, each, user, server));
  if (mayIt) return user;
  if (ctx.state.api && !mayForAll(ctx, permission, permissions)) throw new HubError("no_access");
  throw nobodyCalled(name);
}

/** Whether the visitor may do it to everybody, or one of several things: whoever may not hears nothing of names. */
export function mayForAll(
  { state }: HubContext,
  permission: Permission | readonly Permission[],
  permissions: Permissions,
): boolean {
  const held = permissions.pinnedScopesOf(state.identity);
  return [permission].flat().some((name) => covers(held, { name }, permissions.world));
}

/**
 * Whom a form is about: by the id that stands in it, for the page may be older than whoever has the name now. Programs
 * send none. Nothing is said yet of what the visitor may see.
 */
export function personMeant(
  ctx: HubContext,
  form: URLSearchParams,
  accounts: Pick<Accounts, "byName" | "byId">,
): UserRecord | undefined {
  const sent = field(form, "id") as UserId; // Whatever was sent: it is only looked up.
  return sent === "" ? accounts.byName(ctx.params["name"] ?? "") : accounts.byId(sent);
}

/** An answer is no place for however much somebody sent. */
export function nobodyCalled(name: string): HubError {
  return new HubError("user_not_found", { name: name.slice(0, 80) });
}
