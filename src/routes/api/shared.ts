/** What others opened to a person or a class, as seen from there. */
import { HubError } from "#src/errors.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import { sharesWith } from "#src/services/shares/shared-access.ts";
import { sharesWithGroup } from "#src/services/shares/share-rows.ts";
import type { Permission } from "#src/session/identity.ts";
import type { GroupRecord, ShareRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { personOf } from "../person-of.ts";
import { answerShares, modelOf, type SharesApiParts } from "./shares.ts";

export function sharedApi(parts: SharesApiParts) {
  const { shares } = parts;

  function listOfUser(ctx: HubContext): void {
    const user = personOf(ctx, "read:users:shares", parts);
    answerShares(ctx, sharesWith(parts.store, user.id), parts);
  }

  function listOfGroup(ctx: HubContext): void {
    answerShares(
      ctx,
      sharesWithGroup(parts.store, groupOf(ctx, "read:groups:shares", parts).id),
      parts,
    );
  }

  function showOfUser(ctx: HubContext): void {
    ctx.body = modelOf(demandShareOfUser(ctx, "read:users:shares"), parts);
  }

  function showOfGroup(ctx: HubContext): void {
    ctx.body = modelOf(demandShareOfGroup(ctx, "read:groups:shares"), parts);
  }

  async function removeOfUser(ctx: HubContext): Promise<void> {
    await shares.revoke(demandShareOfUser(ctx, "users:shares"), undefined, actorIn(ctx));
    ctx.status = 204;
  }

  async function removeOfGroup(ctx: HubContext): Promise<void> {
    await shares.revoke(demandShareOfGroup(ctx, "groups:shares"), undefined, actorIn(ctx));
    ctx.status = 204;
  }

  function demandShareOfUser(ctx: HubContext, permission: Permission): ShareRecord {
    const { id, name } = personOf(ctx, permission, parts);
    return demandShare(ctx, { kind: "user", id }, name);
  }

  function demandShareOfGroup(ctx: HubContext, permission: Permission): ShareRecord {
    const { id, name } = groupOf(ctx, permission, parts);
    return demandShare(ctx, { kind: "group", id }, name);
  }

  function demandShare(ctx: HubContext, to: ShareRecord["with"], nameOfTo: string): ShareRecord {
    const owner = parts.accounts.byName(ctx.params["owner"] ?? "");
    const name = serverNameOf(ctx.params["server"] ?? "");
    const share = owner && shares.find({ owner, name }, to);
    if (share !== undefined) return share;
    const asked = `${(ctx.params["owner"] ?? "").slice(0, 80)}/${name.slice(0, 80)}`;
    throw new HubError("share_not_found", { kind: to.kind, name: nameOfTo, server: asked });
  }

  return { listOfUser, listOfGroup, showOfUser, showOfGroup, removeOfUser, removeOfGroup };
}

/** A class of which the visitor may not know is as if there were none. */
function groupOf(
  ctx: HubContext,
  permission: Permission,
  { groups, permissions }: Pick<SharesApiParts, "groups" | "permissions">,
): GroupRecord {
  const name = ctx.params["group"] ?? "";
  const group = groups.byName(name);
  if (group === undefined || !permissions.mayInGroup(ctx.state.identity, permission, group.id)) {
    throw new HubError("group_not_found", { name: name.slice(0, 100) });
  }
  return group;
}
