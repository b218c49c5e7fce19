/** Classes, which JupyterHub calls groups, in its shapes and words. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Groups } from "#src/services/accounts/groups.ts";
import type { Permission, Permissions } from "#src/session/identity.ts";
import { powersGained } from "#src/session/scopes/token-scopes.ts";
import type { GroupId, GroupRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { readNewGroup, readNewGroups, readProperties, readUsers } from "./group-bodies.ts";
import type { GroupModel } from "./schemas/groups.ts";
import { READS_GROUP } from "./readings.ts";
import { answerPage, readPage } from "./pagination.ts";

interface GroupsParts {
  readonly accounts: Pick<Accounts, "byName">;
  readonly groups: Groups;
  readonly permissions: Permissions;
}

export function groupsApi(parts: GroupsParts) {
  const { groups, permissions } = parts;
  const model = (ctx: HubContext, group: GroupRecord): GroupModel => modelOf(ctx, group, parts);

  function list(ctx: HubContext): void {
    const page = readPage(ctx);
    const { identity } = ctx.state;
    const own = groups
      .list()
      .filter(({ id }) => permissions.mayInGroup(identity, "list:groups", id));
    answerPage(ctx, page, own, (group) => model(ctx, group));
  }

  function show(ctx: HubContext): void {
    ctx.body = model(ctx, groupOf(ctx, READS_GROUP, parts));
  }

  async function addMany(ctx: HubContext): Promise<void> {
    assertMayMake(ctx, parts);
    const wanted = readNewGroups(await readAnyJson(ctx));
    const made = await groups.add(wanted.groups, wanted.users, actorIn(ctx));
    ctx.status = 201;
    ctx.body = made.map((group) => model(ctx, group));
  }

  async function add(ctx: HubContext): Promise<void> {
    assertMayMake(ctx, parts);
    const { users } = readNewGroup(await readAnyJson(ctx));
    const [made] = await groups.add([nameIn(ctx)], users, actorIn(ctx));
    if (made === undefined) throw new TypeError("One name makes one class");
    ctx.status = 201;
    ctx.body = model(ctx, made);
  }

  async function remove(ctx: HubContext): Promise<void> {
    await groups.remove(groupOf(ctx, "delete:groups", parts).name, actorIn(ctx));
    ctx.status = 204;
  }

  async function addUsers(ctx: HubContext): Promise<void> {
    const { body, id, name } = await readAbout(ctx, parts);
    const users = readUsers(body, "add");
    assertGainsNoPower(ctx, id, users, parts);
    ctx.body = model(ctx, await groups.addMembers(name, users, actorIn(ctx)));
  }

  async function removeUsers(ctx: HubContext): Promise<void> {
    const { body, name } = await readAbout(ctx, parts);
    const users = readUsers(body, "delete");
    ctx.body = model(ctx, await groups.removeMembers(name, users, actorIn(ctx)));
  }

  async function setProperties(ctx: HubContext): Promise<void> {
    const { body, name } = await readAbout(ctx, parts);
    ctx.body = model(ctx, await groups.setProperties(name, readProperties(body), actorIn(ctx)));
  }

  return { list, show, addMany, add, remove, addUsers, removeUsers, setProperties };
}

function nameIn(ctx: HubContext): string {
  return ctx.params["group"] ?? "";
}

/** A body from whoever may. While it comes in, the name may become another class's: so it is looked up behind it. */
async function readAbout(ctx: HubContext, parts: GroupsParts) {
  groupOf(ctx, "groups", parts);
  const body = await readAnyJson(ctx);
  const { id, name } = groupOf(ctx, "groups", parts);
  return { body, id, name };
}

/** A class of which the visitor may not know is as if there were none. */
function groupOf(
  ctx: HubContext,
  permission: Permission | readonly Permission[],
  { groups, permissions }: GroupsParts,
): GroupRecord {
  const { identity } = ctx.state;
  const name = nameIn(ctx);
  const group = groups.byName(name);
  const wanted = [permission].flat();
  const mayAny = (some: readonly Permission[]): boolean =>
    group !== undefined && some.some((each) => permissions.mayInGroup(identity, each, group.id));
  if (group === undefined || !mayAny(["read:groups", ...wanted])) {
    throw new HubError("group_not_found", { name: name.slice(0, 100) });
  }
  if (!mayAny(wanted)) throw new HubError("lacks_scope", { scopes: wanted.join(", ") });
  return group;
}

/** Whoever may do it to some classes alone cannot make others and go on with those. */
function assertMayMake(ctx: HubContext, { permissions }: GroupsParts): void {
  if (!permissions.scopesOf(ctx.state.identity).includes("admin:groups")) {
    throw new HubError("lacks_scope", { scopes: "admin:groups" });
  }
}

/** A token for one class is for whom others put there. */
function assertGainsNoPower(
  { state: { identity } }: HubContext,
  groupId: GroupId,
  names: readonly string[],
  { accounts, permissions }: GroupsParts,
): void {
  if (identity?.kind !== "token" && identity?.kind !== "service") return;
  for (const name of names) {
    const user = accounts.byName(name);
    // An owner comes into no class.
    if (user === undefined || user.role === "owner") continue;
    const gained = powersGained(identity.token, groupId, user.id, permissions.world);
    if (gained.length === 0) continue;
    throw new HubError("lacks_scope", { scopes: permissions.spoken(gained).join(", ") });
  }
}

/** As much as the visitor may see. */
function modelOf(
  ctx: HubContext,
  group: GroupRecord,
  { groups, permissions }: GroupsParts,
): GroupModel {
  const { id, name, properties = {} } = group;
  const sees = (permission: Permission): boolean =>
    permissions.mayInGroup(ctx.state.identity, permission, id);
  const isWhole = sees("read:groups");
  return {
    kind: "group",
    name,
    ...(isWhole || sees("read:roles:groups") ? { roles: [] } : {}),
    ...(isWhole ? { users: groups.members(id).map((user) => user.name), properties } : {}),
  };
}
