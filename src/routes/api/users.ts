/** People in JupyterHub's shapes and words (contract.md 4.2). */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { toUserName } from "#src/services/accounts/names.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { personOf } from "../person-of.ts";
import { withinTime } from "./in-time.ts";
import { answerPage, readPage } from "./pagination.ts";
import { pythonText } from "./python-words.ts";
import { type UserModelParts, userModel, viewOf } from "./user-models.ts";
import { readActivity, readNewUsers, readUserModel } from "./user-bodies.ts";
import { readListing } from "./user-listing.ts";

export interface UsersParts extends UserModelParts {
  readonly accounts: Accounts;
}

/** JupyterHub waits as long for a server to stop. */
const STOP_MS = 10_000;

export function usersApi(parts: UsersParts) {
  const { accounts, permissions, servers } = parts;

  function list(ctx: HubContext): void {
    const page = readPage(ctx);
    const { fits, compare } = readListing(ctx, servers);
    const view = viewOf(ctx);
    const users = accounts
      .living()
      .filter((user) => fits(user) && permissions.may(view.visitor, "list:users", user))
      .toSorted(compare);
    answerPage(ctx, page, users, (user) => userModel(user, view, parts));
  }

  function show(ctx: HubContext): void {
    answerUser(ctx, personOf(ctx, "read:users:name", parts));
  }

  /** All who do not have an account yet, in one change; with one name that cannot be, none. */
  async function addMany(ctx: HubContext): Promise<void> {
    const { usernames, admin } = readNewUsers(await readAnyJson(ctx));
    assertMayAdd(ctx, admin);
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
    assertMayAdd(ctx, admin);
    const person = { name, displayName: name, role: admin ? "owner" : "student" } as const;
    const [user] = await accounts.addWaiting([person], actorIn(ctx));
    if (user === undefined) throw new HubError("name_taken", { name: toUserName(name) ?? name });
    ctx.status = 201;
    answerUser(ctx, user);
  }

  async function change(ctx: HubContext): Promise<void> {
    const { identity } = ctx.state;
    const user = personOf(ctx, "admin:users", parts);
    const { name, admin } = readUserModel(await readAnyJson(ctx));
    const mayMakeOwners = permissions.may(identity, "change:roles", user);
    if (user.role === "owner" && !mayMakeOwners) {
      throw new HubError("owners_only", { what: "modify other admins" });
    }
    if (admin === true && !mayMakeOwners) throw grantsAdmin();
    const isOwner = user.role === "owner";
    const role = admin === undefined || admin === isOwner ? {} : roleFor(admin);
    const asked = { ...role, ...(name === undefined ? {} : { name }) };
    try {
      answerUser(ctx, await accounts.change(user.id, asked, actorIn(ctx)));
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== "name_taken") throw error;
      throw new HubError("not_unique", { name: String(error.params["name"]) });
    }
  }

  /** Into the trash. Whatever the server does: a start is called off, what runs is stopped first. */
  async function remove(ctx: HubContext): Promise<void> {
    const user = personOf(ctx, "delete:users", parts);
    const actor = actorIn(ctx);
    accounts.assertRemovable(user.id, actor);
    if (servers.of(user.id).some(({ status }) => status.is !== "stopped")) {
      const isStopped = await withinTime(servers.stopAllOf(user.id, actor), STOP_MS);
      if (!isStopped) throw new HubError("stop_first", { name: user.name });
    }
    await accounts.remove(user.id, actor);
    ctx.status = 204;
  }

  /** What servers tell of themselves; only ever forward. */
  async function activity(ctx: HubContext): Promise<void> {
    const name = ctx.params["name"] ?? "";
    const user = accounts.byName(name);
    if (user === undefined) throw new HubError("no_such_user", { name: pythonText(name) });
    personOf(ctx, "users:activity", parts);
    const known = servers
      .of(user.id)
      .map((server) => server.name)
      .filter((server) => servers.remembered(user.id, server) !== undefined);
    const told = readActivity(await readAnyJson(ctx), user.name, known);
    await servers.noteActivity(user.id, told);
    ctx.status = 200;
    ctx.body = "";
  }

  function answerUser(ctx: HubContext, user: UserRecord): void {
    ctx.body = userModel(user, viewOf(ctx), parts);
  }

  function assertMayAdd(ctx: HubContext, admin: boolean): void {
    const { identity } = ctx.state;
    if (!permissions.mayAnew(identity, "admin:users")) throw new HubError("no_access");
    if (admin && !permissions.mayAnew(identity, "change:roles")) throw grantsAdmin();
  }

  return { list, show, addMany, add, change, remove, activity };
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

function grantsAdmin(): HubError {
  return new HubError("owners_only", { what: "grant admin permissions" });
}

/** Who is no admin any more has no rights over others. */
function roleFor(admin: boolean) {
  return { role: admin ? ("owner" as const) : ("student" as const) };
}
