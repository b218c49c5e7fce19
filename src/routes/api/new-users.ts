/** Making accounts by JupyterHub's API. They have no password yet. */
import { HubError } from "#src/errors.ts";
import { toUserName } from "#src/services/accounts/names.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { pythonText } from "./python-words.ts";
import { readNewUsers, readUserModel } from "./user-bodies.ts";
import { type UsersParts, userModel, viewOf } from "./user-models.ts";

export function newUsersApi(parts: UsersParts) {
  const { accounts, permissions } = parts;

  /** All who do not have an account yet, in one change; with one name that cannot be, none. */
  async function addMany(ctx: HubContext): Promise<void> {
    const { usernames, admin } = readNewUsers(await readAnyJson(ctx));
    assertMayAdd(ctx, admin, permissions);
    const wrong = usernames.filter((name) => !isPossible(name));
    if (wrong.length > 0) throw invalidNames(wrong);
    const role = admin ? "owner" : "student";
    const names = usernames.filter(isPossible);
    const users = await accounts.addWaiting(
      names.map((name) => ({ name, displayName: name, role })),
      actorIn(ctx),
    );
    if (users.length === 0) throw new HubError("names_taken", { count: usernames.length });
    const view = viewOf(ctx);
    ctx.status = 201;
    ctx.body = users.map((user) => userModel(user, view, parts));
  }

  async function add(ctx: HubContext): Promise<void> {
    const name = ctx.params["name"] ?? "";
    const body = await readAnyJson(ctx);
    const known = accounts.byName(name);
    if (known !== undefined) throw new HubError("name_taken", { name: known.name });
    const { admin = false } = body === undefined || body === null ? {} : readUserModel(body);
    assertMayAdd(ctx, admin, permissions);
    const person = { name, displayName: name, role: admin ? "owner" : "student" } as const;
    const [user] = await accounts.addWaiting([person], actorIn(ctx));
    if (user === undefined) throw new HubError("name_taken", { name: toUserName(name) ?? name });
    ctx.status = 201;
    ctx.body = userModel(user, viewOf(ctx), parts);
  }

  return { addMany, add };
}

function assertMayAdd(ctx: HubContext, admin: boolean, permissions: Permissions): void {
  const { identity } = ctx.state;
  if (!permissions.mayAnew(identity, "admin:users")) throw new HubError("no_access");
  if (admin && !permissions.mayAnew(identity, "change:roles")) {
    throw new HubError("owners_only", { what: "grant admin permissions" });
  }
}

function isPossible(name: unknown): name is string {
  return typeof name === "string" && toUserName(name) !== undefined;
}

function invalidNames(wrong: readonly unknown[]): HubError {
  const shown = wrong
    .slice(0, 20)
    .map((name) => (typeof name === "string" ? name.slice(0, 64) : pythonText(name)));
  const what = wrong.length === 1 ? "Invalid username" : "Invalid usernames";
  return new HubError("invalid_field", { reason: `${what}: ${shown.join(", ")}` });
}
