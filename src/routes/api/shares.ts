/** Who may open whose server besides its owner, in JupyterHub's shapes and words. */
import type * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Groups } from "#src/services/accounts/groups.ts";
import { serversOf } from "#src/services/servers/server-rows.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import { serverOf } from "#src/services/shares/shared-access.ts";
import type { ServerName } from "#src/services/shares/share-plans.ts";
import type { Shares } from "#src/services/shares/shares.ts";
import type { ScopeName } from "#src/scopes/scope-names.ts";
import { covers } from "#src/scopes/scopes.ts";
import type { Permission, Permissions } from "#src/session/identity.ts";
import type { ShareRecord, UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { nobodyCalled } from "../person-of.ts";
import { answerItems } from "./pagination.ts";
import { invalid, readBody } from "./schemas/bodies.ts";
import { shareBody } from "./schemas/shares.ts";
import { readShareScopes, shareModel, type ShareModelParts } from "./share-models.ts";

export interface SharesApiParts extends ShareModelParts {
  readonly shares: Shares;
  readonly accounts: Pick<Accounts, "byName">;
  readonly groups: Pick<Groups, "byName">;
  readonly permissions: Permissions;
}

export function sharesApi(parts: SharesApiParts) {
  const { shares } = parts;

  function listAll(ctx: HubContext): void {
    const owner = ownerOfAny(ctx, "read:shares", parts);
    const mayRead = (share: ShareRecord): boolean => {
      const server = serverOf(parts.store, share);
      return mayHere(ctx, "read:shares", { owner, name: server?.name ?? "" }, parts);
    };
    answerShares(ctx, shares.of(owner).filter(mayRead), parts);
  }

  function list(ctx: HubContext): void {
    const { owner, name } = askedServer(ctx, "read:shares", parts);
    answerShares(ctx, shares.of(owner, name), parts);
  }

  async function grant(ctx: HubContext): Promise<void> {
    const server = askedServer(ctx, "shares", parts);
    const body = await readBody(ctx, shareBody, shareWords);
    const scopes = readShareScopes(body.scopes, server);
    assertHolds(ctx, scopes, server, parts);
    const to = sharedWith(ctx, readWhom(body), parts);
    const share = await shares.grant(server, { to, scopes }, actorIn(ctx));
    ctx.body = shareModel(share, parts);
  }

  /** Who is not there has nothing that could be taken back. */
  async function revoke(ctx: HubContext): Promise<void> {
    const server = askedServer(ctx, "shares", parts);
    const body = await readBody(ctx, shareBody, shareWords);
    const whom = readWhom(body);
    const isAll = body.scopes === null || body.scopes === undefined || body.scopes.length === 0;
    const scopes = isAll ? undefined : readShareScopes(body.scopes, server);
    const to = findWhom(whom, parts);
    const share = to && shares.find(server, to);
    const left = share && (await shares.revoke(share, scopes, actorIn(ctx)));
    ctx.body = (left && shareModel(left, parts)) ?? {};
  }

  async function revokeAll(ctx: HubContext): Promise<void> {
    await shares.revokeAll(askedServer(ctx, "shares", parts), actorIn(ctx));
    ctx.status = 204;
  }

  return { listAll, list, grant, revoke, revokeAll };
}

type ScopeOn = Parameters<typeof covers>[1];

interface Whom {
  readonly kind: "user" | "group";
  readonly name: string;
}

/** Whoever names somebody learns that they are there; so only those are named whom the visitor may know. */
function sharedWith(
  ctx: HubContext,
  whom: Whom,
  parts: Pick<SharesApiParts, "accounts" | "groups" | "permissions">,
): ShareRecord["with"] {
  const { kind, name } = whom;
  const to = findWhom(whom, parts);
  const scope = kind === "user" ? "read:users:name" : "read:groups:name";
  const held = parts.permissions.pinnedScopesOf(ctx.state.identity);
  const wanted: ScopeOn =
    to === undefined ? { name: scope } : { name: scope, filter: { by: kind, value: to.id } };
  if (!covers(held, wanted, parts.permissions.world)) {
    throw new HubError("share_name_denied", { scope, what: `${kind}s` });
  }
  if (to === undefined) {
    throw new HubError("share_with_nobody", { kind, name: name.slice(0, 80) });
  }
  return to;
}

function findWhom(
  { kind, name }: Whom,
  { accounts, groups }: Pick<SharesApiParts, "accounts" | "groups">,
): ShareRecord["with"] | undefined {
  if (kind === "user") {
    const user = accounts.byName(name);
    return user && { kind, id: user.id };
  }
  const group = groups.byName(name);
  return group && { kind, id: group.id };
}

function readWhom({ user, group }: v.InferOutput<typeof shareBody>): Whom {
  const [isUser, isGroup] = [user !== "" && user, group !== "" && group];
  if (isUser && isGroup) {
    throw invalid("Expected exactly one of `user` or `group`, not both.");
  }
  if (isUser) return { kind: "user", name: isUser };
  if (isGroup) return { kind: "group", name: isGroup };
  throw invalid("Specify exactly one of `user` or `group`");
}

export const shareWords = { notDict: () => "Body must be a JSON object" };

/** The server that an address names. Whose the visitor may not know is as if there were none. */
export function askedServer(
  ctx: HubContext,
  permission: Permission,
  parts: Pick<SharesApiParts, "accounts" | "permissions" | "shares">,
): ServerName {
  const typed = ctx.params["name"] ?? "";
  const owner = parts.accounts.byName(typed);
  const name = serverNameOf(ctx.params["server"] ?? "");
  const server = owner && { owner, name };
  if (
    server === undefined ||
    !mayHere(ctx, permission, server, parts) ||
    !parts.shares.has(server)
  ) {
    throw new HubError("server_not_there", {
      name: typed.slice(0, 80),
      server: name.slice(0, 80),
    });
  }
  return server;
}

/** Of all servers of a person: whoever may not see any of it is told of nobody. */
export function ownerOfAny(
  ctx: HubContext,
  permission: Permission,
  { accounts, permissions, store }: SharesApiParts,
): UserRecord {
  const name = ctx.params["name"] ?? "";
  const owner = accounts.byName(name);
  const servers =
    owner === undefined ? [] : serversOf(store, owner.id).map((server) => server.name);
  const { identity } = ctx.state;
  const mayAny = ["", ...servers].some((each) =>
    permissions.may(identity, permission, owner, each),
  );
  if (owner === undefined || !mayAny) throw nobodyCalled(name);
  return owner;
}

export function mayHere(
  ctx: HubContext,
  permission: Permission,
  { owner, name }: ServerName,
  { permissions }: Pick<SharesApiParts, "permissions">,
): boolean {
  return permissions.may(ctx.state.identity, permission, owner, name);
}

/** Nobody gives what they do not have. Throws `share_scope_denied`. */
export function assertHolds(
  ctx: HubContext,
  scopes: readonly ScopeName[],
  { owner, name }: ServerName,
  { permissions }: Pick<SharesApiParts, "permissions">,
): void {
  const held = permissions.pinnedScopesOf(ctx.state.identity);
  const filter = { by: "server", value: `${owner.id}/${name}` } as const;
  const lacking = scopes.find((scope) => !covers(held, { name: scope, filter }, permissions.world));
  if (lacking !== undefined) {
    throw new HubError("share_scope_denied", {
      scope: `${lacking}!server=${owner.name}/${name}`,
    });
  }
}

export function modelOf(share: ShareRecord, parts: ShareModelParts) {
  const model = shareModel(share, parts);
  if (model === undefined) throw new HubError("no_access");
  return model;
}

/** Those of which something is left. */
export function answerShares(
  ctx: HubContext,
  shares: readonly ShareRecord[],
  parts: ShareModelParts,
): void {
  answerItems(
    ctx,
    shares.flatMap((share) => shareModel(share, parts) ?? []),
  );
}
