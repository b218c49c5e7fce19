/** Accounts for `./homeroom user`: what JupyterHub's API has no words for. */
import type * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Accounts, AskedChange } from "#src/services/accounts/accounts.ts";
import type { NewUser } from "#src/services/accounts/new-user.ts";
import type { Permission, Permissions } from "#src/session/identity.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { HubContext } from "../context.ts";
import { readJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { nobodyCalled } from "../person-of.ts";
import { accountDetails, accountModel } from "./account-model.ts";
import { changedAccountBody, newAccountBody } from "./schemas/accounts.ts";

interface AccountsParts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly servers: Servers;
  readonly permissions: Permissions;
  readonly store: StoreReader;
}

type ChangedAccount = v.InferOutput<typeof changedAccountBody>;

/** What each field of a change needs. */
const permissionOf = {
  name: "rename:users",
  display_name: "rename:users",
  role: "change:roles",
  disabled: "disable:users",
} as const satisfies Record<keyof ChangedAccount, Permission>;

export function accountsApi(parts: AccountsParts) {
  const { accounts, permissions } = parts;

  function list(ctx: HubContext): void {
    const { identity } = ctx.state;
    const users = accounts.living().filter((user) => permissions.may(identity, "list:users", user));
    ctx.body = { users: users.map(accountModel) };
  }

  function show(ctx: HubContext): void {
    ctx.body = { user: accountDetails(accountOf(ctx, "list:users", parts), parts) };
  }

  async function add(ctx: HubContext): Promise<void> {
    const input = await readJson(ctx, newAccountBody);
    const needed: readonly Permission[] =
      input.role === "student" ? ["admin:users"] : ["admin:users", "change:roles"];
    if (!needed.every((permission) => permissions.mayAnew(ctx.state.identity, permission))) {
      throw new HubError("not_allowed");
    }
    const { user, firstPassword } = await accounts.add(newUser(input), actorIn(ctx));
    ctx.status = 201;
    ctx.body = {
      user: accountModel(user),
      ...(firstPassword === undefined ? {} : { first_password: firstPassword }),
    };
  }

  /** All fields or none. */
  async function change(ctx: HubContext): Promise<void> {
    const asked = await readJson(ctx, changedAccountBody);
    const needed = fieldsOf(asked).map((field) => permissionOf[field]);
    const { id } = accountOf(ctx, needed, parts);
    const user = await accounts.change(id, askedChange(asked), actorIn(ctx));
    ctx.body = { user: accountModel(user) };
  }

  async function reset(ctx: HubContext): Promise<void> {
    const subject = accountOf(ctx, "reset:passwords", parts);
    const { firstPassword } = await accounts.resetPassword(subject.id, actorIn(ctx));
    ctx.body = { first_password: firstPassword };
  }

  async function accept(ctx: HubContext): Promise<void> {
    const subject = accountOf(ctx, "admin:users", parts);
    ctx.body = { user: accountModel(await accounts.accept(subject.id, actorIn(ctx))) };
  }

  async function remove(ctx: HubContext): Promise<void> {
    const subject = accountOf(ctx, "delete:users", parts);
    await accounts.remove(subject.id, actorIn(ctx));
    ctx.status = 204;
  }

  return { list, show, add, change, reset, accept, remove };
}

/**
 * The person of the URL. Whom the visitor may not see at all is as if there were nobody; of whom they may see, they
 * hear that this is not for them to do.
 */
export function accountOf(
  ctx: HubContext,
  needed: Permission | readonly Permission[],
  { accounts, permissions }: Pick<AccountsParts, "accounts" | "permissions">,
): UserRecord {
  const { identity } = ctx.state;
  const name = ctx.params["name"] ?? "";
  const user = accounts.byName(name);
  if (user === undefined || !permissions.may(identity, "list:users", user)) {
    throw nobodyCalled(name);
  }
  if (![needed].flat().every((permission) => permissions.may(identity, permission, user))) {
    throw new HubError("not_allowed");
  }
  return user;
}

function fieldsOf(asked: ChangedAccount): readonly (keyof ChangedAccount)[] {
  const fields = Object.keys(permissionOf) as (keyof ChangedAccount)[]; // The keys of a constant.
  return fields.filter((field) => asked[field] !== undefined);
}

function newUser(input: v.InferOutput<typeof newAccountBody>): NewUser {
  const { name, role, display_name: displayName, password } = input;
  return {
    name,
    role,
    ...(displayName === undefined ? {} : { displayName }),
    ...(password === undefined ? {} : { password }),
  };
}

function askedChange(asked: ChangedAccount): AskedChange {
  const { display_name: displayName, name, role, disabled } = asked;
  return {
    ...(name === undefined ? {} : { name }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(role === undefined ? {} : { role }),
    ...(disabled === undefined ? {} : { disabled }),
  };
}
