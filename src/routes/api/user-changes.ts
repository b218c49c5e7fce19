/** Changing and removing people by JupyterHub's API. */
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { personOf } from "../person-of.ts";
import { withinTime } from "./in-time.ts";
import { readUserModel } from "./user-bodies.ts";
import { type UsersParts, userModel, viewOf } from "./user-models.ts";

/** JupyterHub waits as long for a server to stop. */
const STOP_MS = 10_000;

export function userChangesApi(parts: UsersParts) {
  const { accounts, permissions, servers } = parts;

  async function change(ctx: HubContext): Promise<void> {
    const { identity } = ctx.state;
    const user = personOf(ctx, "admin:users", parts);
    const { name, admin } = readUserModel(await readAnyJson(ctx));
    const mayMakeOwners = permissions.may(identity, "change:roles", user);
    if (user.role === "owner" && !mayMakeOwners) {
      throw new HubError("owners_only", { what: "modify other admins" });
    }
    if (admin === true && !mayMakeOwners) {
      throw new HubError("owners_only", { what: "grant admin permissions" });
    }
    const isOwner = user.role === "owner";
    const role = admin === undefined || admin === isOwner ? {} : roleFor(admin);
    const asked = { ...role, ...(name === undefined ? {} : { name }) };
    try {
      const changed = await accounts.change(user.id, asked, actorIn(ctx));
      ctx.body = userModel(changed, viewOf(ctx), parts);
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

  return { change, remove };
}

/** Who is no admin any more has no rights over others. */
function roleFor(admin: boolean) {
  return { role: admin ? ("owner" as const) : ("student" as const) };
}
