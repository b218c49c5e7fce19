/** People in JupyterHub's shapes and words. */
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import { mayForAll, personOf } from "../person-of.ts";
import { answerPage, readPage } from "./pagination.ts";
import { pythonText } from "./python-words.ts";
import { newUsersApi } from "./new-users.ts";
import { READS_USER } from "./readings.ts";
import { readActivity } from "./user-bodies.ts";
import { userChangesApi } from "./user-changes.ts";
import { readListing } from "./user-listing.ts";
import { type UsersParts, userModel, viewOf } from "./user-models.ts";

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
    const user = personOf(ctx, READS_USER, parts);
    ctx.body = userModel(user, viewOf(ctx), parts);
  }

  /** What servers tell of themselves; only ever forward. */
  async function activity(ctx: HubContext): Promise<void> {
    const name = ctx.params["name"] ?? "";
    if (accounts.byName(name) === undefined && mayForAll(ctx, "users:activity", permissions)) {
      throw new HubError("no_such_user", { name: pythonText(name) });
    }
    const user = personOf(ctx, "users:activity", parts);
    // The first one is there before it was ever started.
    const known = servers.of(user.id).map((server) => server.name);
    const told = readActivity(await readAnyJson(ctx), user.name, known);
    await servers.noteActivity(user.id, told);
    ctx.status = 200;
    ctx.body = "";
  }

  return { list, show, activity, ...newUsersApi(parts), ...userChangesApi(parts) };
}
