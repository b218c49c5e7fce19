/** People who made their own account, before a teacher of theirs: they belong here, or they do not. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Permission, Permissions } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readForm } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import type { Paths } from "../paths.ts";
import { nobodyCalled, personMeant } from "../person-of.ts";

interface NewcomerParts {
  readonly accounts: Accounts;
  readonly permissions: Permissions;
  readonly paths: Paths;
}

export function newcomerActions(parts: NewcomerParts) {
  const { accounts, paths } = parts;

  async function accept(ctx: HubContext): Promise<void> {
    const user = await newcomerOf(ctx, "admin:users", parts);
    await accounts.accept(user.id, actorIn(ctx));
    ctx.redirect(`${paths.admin}?notice=person_accepted`);
  }

  /** Into the trash; sessions and notebook end with it. Nobody else is put there by this. */
  async function refuse(ctx: HubContext): Promise<void> {
    const user = await newcomerOf(ctx, "delete:users", parts);
    await accounts.refuse(user.id, actorIn(ctx));
    ctx.redirect(`${paths.admin}?notice=person_refused`);
  }

  return { accept, refuse };
}

async function newcomerOf(
  ctx: HubContext,
  permission: Permission,
  { accounts, permissions }: NewcomerParts,
): Promise<UserRecord> {
  const user = personMeant(ctx, await readForm(ctx), accounts);
  if (user === undefined || !permissions.may(ctx.state.identity, permission, user)) {
    throw nobodyCalled(ctx.params["name"] ?? "");
  }
  return user;
}
