/** The trash: people who were removed, and come back or are erased for good. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Erasure } from "#src/services/accounts/erasure.ts";
import type { Permission, Permissions } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { accountModel, trashedModel } from "./account-model.ts";
import { erasedBody, restoredBody } from "./schemas/accounts.ts";

interface TrashParts {
  readonly accounts: Accounts;
  readonly erasure: Erasure;
  readonly permissions: Permissions;
}

export function trashApi(parts: TrashParts) {
  const { accounts, erasure, permissions } = parts;

  function list(ctx: HubContext): void {
    const { identity } = ctx.state;
    const users = accounts
      .trashed()
      .filter((user) => permissions.may(identity, "restore:users", user));
    ctx.body = { users: users.map(trashedModel) };
  }

  async function restore(ctx: HubContext): Promise<void> {
    const { name } = await readJson(ctx, restoredBody);
    const subject = trashedOf(ctx, "restore:users", parts);
    const as = name === undefined ? {} : { name };
    const actor = actorIn(ctx);
    ctx.body = { user: accountModel(await accounts.restore(subject.id, as, actor)) };
  }

  /** 204: nothing is left. 202: it is certain, and goes on by itself. */
  async function erase(ctx: HubContext): Promise<void> {
    const { confirm } = await readJson(ctx, erasedBody);
    const subject = trashedOf(ctx, "erase:users", parts);
    await erasure.erase(subject.id, confirm, actorIn(ctx));
    if (accounts.trashedById(subject.id) === undefined) {
      ctx.status = 204;
      return;
    }
    ctx.status = 202;
    ctx.body = { erasing: true };
  }

  return { list, restore, erase };
}

/** As {@link accountOf} for people in the trash, who are named by their id. */
function trashedOf(
  ctx: HubContext,
  needed: Permission,
  { accounts, permissions }: Pick<TrashParts, "accounts" | "permissions">,
): UserRecord {
  const { identity } = ctx.state;
  const user = accounts.trashedById(ctx.params["id"] ?? "");
  if (user === undefined || !permissions.may(identity, "restore:users", user)) {
    throw new HubError("not_in_trash");
  }
  if (!permissions.may(identity, needed, user)) throw new HubError("not_allowed");
  return user;
}
