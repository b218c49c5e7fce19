/** Accounts for `./homeroom user`: what JupyterHub's API has no words for. */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { type Permissions, actorOf } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readJson } from "../middleware/body.ts";
import { personOf } from "../pages/classroom.ts";

interface AccountsParts {
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly permissions: Permissions;
}

const newAccount = v.strictObject({
  name: v.string(),
  display_name: v.optional(v.string()),
  role: v.optional(v.picklist(["owner", "teacher", "student"]), "student"),
  password: v.optional(v.string()),
});

export function accountsApi(parts: AccountsParts) {
  const { accounts, permissions } = parts;

  function list(ctx: HubContext): void {
    const { identity } = ctx.state;
    const users = accounts.living().filter((user) => permissions.may(identity, "list:users", user));
    ctx.body = { users: users.map(accountModel) };
  }

  async function add(ctx: HubContext): Promise<void> {
    const input = await readJson(ctx, newAccount);
    if (input.role !== "student" && !permissions.may(ctx.state.identity, "change:roles")) {
      throw new HubError("not_allowed");
    }
    const { user, firstPassword } = await accounts.add(
      {
        name: input.name,
        role: input.role,
        ...(input.display_name === undefined ? {} : { displayName: input.display_name }),
        ...(input.password === undefined ? {} : { password: input.password }),
      },
      actorOf(ctx.state.identity, ctx.state.request),
    );
    ctx.status = 201;
    ctx.body = {
      user: accountModel(user),
      ...(firstPassword === undefined ? {} : { first_password: firstPassword }),
    };
  }

  async function reset(ctx: HubContext): Promise<void> {
    const subject = personOf(ctx, "reset:passwords", parts);
    const actor = actorOf(ctx.state.identity, ctx.state.request);
    const { firstPassword } = await accounts.resetPassword(subject.id, actor);
    ctx.body = { first_password: firstPassword };
  }

  async function remove(ctx: HubContext): Promise<void> {
    const subject = personOf(ctx, "delete:users", parts);
    await accounts.remove(subject.id, actorOf(ctx.state.identity, ctx.state.request));
    ctx.status = 204;
  }

  return { list, add, reset, remove };
}

function accountModel(user: UserRecord) {
  return {
    name: user.name,
    display_name: user.displayName,
    role: user.role,
    created: user.created,
    last_activity: user.lastActivity ?? null,
    has_password: user.password !== undefined,
    must_change_password: user.password?.isFirst ?? false,
  };
}
