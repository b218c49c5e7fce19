/** On a person's own page: who else may open their notebooks, who is inside, and what others opened to them. */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Groups } from "#src/services/accounts/groups.ts";
import { isReady } from "#src/services/servers/server-status.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { ShareCodes } from "#src/services/shares/share-codes.ts";
import { serverOf, sharesWith } from "#src/services/shares/shared-access.ts";
import type { Shares } from "#src/services/shares/shares.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Visits } from "#src/session/visits.ts";
import type { ShareCodeRecord, ShareRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type {
  SharedRow,
  ShareLinkLife,
  ShareLinkRow,
  ShareRow,
  SharingCard,
} from "#src/views/share-pages.ts";
import type { HubContext } from "../context.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn, type UserIdentity, visitorOf } from "../middleware/require.ts";
import { withQuery } from "../next-url.ts";
import type { OneTimeNotes } from "../one-time-notes.ts";
import type { Paths } from "../paths.ts";

export interface SharingParts {
  readonly shares: Shares;
  readonly shareCodes: ShareCodes;
  readonly visits: Visits;
  readonly accounts: Pick<Accounts, "byId">;
  readonly groups: Pick<Groups, "list" | "byName">;
  readonly servers: Pick<Servers, "of" | "remembered" | "status">;
  readonly clock: Clock;
  readonly permissions: Permissions;
  readonly store: StoreReader;
  readonly paths: Paths;
  /** Links that were just made. */
  readonly newLinks: OneTimeNotes<string>;
}

const SHOWN_MS = 14 * 86_400_000;

const secondsOf: Readonly<Record<ShareLinkLife, number>> = {
  hour: 3600,
  day: 86_400,
  week: 7 * 86_400,
};
const lives = Object.keys(secondsOf).filter(isLife);

/** Nothing at all, for whoever neither shares nor was shared with. */
export function sharingOf(
  ctx: HubContext,
  parts: SharingParts,
): { readonly sharing?: SharingCard; readonly shared?: readonly SharedRow[] } {
  const visitor = visitorOf(ctx);
  const sharing = cardOf(ctx, visitor, parts);
  const shared = sharedRows(visitor, parts);
  const isUsed =
    sharing.give !== undefined ||
    sharing.visited !== undefined ||
    sharing.inside.length + sharing.shares.length + sharing.links.length > 0;
  return {
    ...(isUsed ? { sharing } : {}),
    ...(shared.length === 0 ? {} : { shared }),
  };
}

export function sharingActions(parts: SharingParts) {
  const { shares, shareCodes, paths, permissions } = parts;

  async function makeLink(ctx: HubContext): Promise<void> {
    const { user, session } = visitorOf(ctx);
    const form = await readForm(ctx);
    const life = field(form, "life");
    if (!isLife(life)) throw new HubError("bad_request");
    const wanted = { scopes: ["access:servers"], seconds: secondsOf[life] } as const;
    const server = { owner: user, name: ownServer(form) };
    const { code } = await shareCodes.make(server, wanted, actorIn(ctx));
    const note = parts.newLinks.leave(session.id, withQuery(paths.acceptShare(), { code }));
    ctx.redirect(`${withQuery(paths.home, { link: note })}#sharing`);
  }

  async function giveToGroup(ctx: HubContext): Promise<void> {
    const { user } = visitorOf(ctx);
    const form = await readForm(ctx);
    const group = parts.groups.byName(field(form, "group"));
    const { identity } = ctx.state;
    if (group === undefined || !permissions.mayInGroup(identity, "read:groups", group.id)) {
      throw new HubError("group_not_found", { name: field(form, "group").slice(0, 100) });
    }
    const server = { owner: user, name: ownServer(form) };
    const to = { kind: "group", id: group.id } as const;
    await shares.grant(server, { to, scopes: ["access:servers"] }, actorIn(ctx));
    back(ctx);
  }

  /** One's own, or one that was given to the visitor; what is over already is no error. */
  async function revoke(ctx: HubContext): Promise<void> {
    const { user } = visitorOf(ctx);
    const id = field(await readForm(ctx), "id");
    const share =
      shares.of(user).find((each) => idOf(each) === id) ??
      sharesWith(parts.store, user.id).find(
        (each) => idOf(each) === id && each.with.kind === "user",
      );
    if (share !== undefined) await shares.revoke(share, undefined, actorIn(ctx));
    back(ctx);
  }

  async function revokeLink(ctx: HubContext): Promise<void> {
    const { user } = visitorOf(ctx);
    const id = field(await readForm(ctx), "id");
    const codes = shareCodes.of(user).filter(({ number }) => `sc_${number}` === id);
    await shareCodes.revoke(codes, actorIn(ctx));
    back(ctx);
  }

  function back(ctx: HubContext): void {
    ctx.redirect(`${paths.home}#sharing`);
  }

  return { makeLink, giveToGroup, revoke, revokeLink };
}

function cardOf(ctx: HubContext, visitor: UserIdentity, parts: SharingParts): SharingCard {
  const { shares, shareCodes, paths, newLinks } = parts;
  const { user, session } = visitor;
  const link = newLinks.take(session.id, String(ctx.query["link"] ?? ""));
  return {
    ...giveOf(visitor, parts),
    ...visitedOf(user, parts),
    inside: insideOf(user, parts),
    shares: shares.of(user).flatMap((share) => shareRow(share, parts) ?? []),
    links: shareCodes.of(user).flatMap((code) => linkRow(code, parts) ?? []),
    revokeUrl: paths.revokeShare,
    revokeLinkUrl: paths.revokeShareLink,
    ...(link === undefined ? {} : { fresh: { url: ctx.state.request.origin + link } }),
  };
}

function giveOf(visitor: UserIdentity, parts: SharingParts): Pick<SharingCard, "give"> {
  const { permissions, paths, groups, servers } = parts;
  const { user } = visitor;
  if (!permissions.may(visitor, "shares", user)) return {};
  const known = groups
    .list()
    .filter(({ id }) => permissions.mayInGroup(visitor, "read:groups", id))
    .map(({ name }) => name);
  const names = servers.of(user.id).map(({ name }) => name);
  return {
    give: {
      linkUrl: paths.shareLink,
      lives,
      groupUrl: paths.shareGroup,
      groups: known,
      servers: [...new Set(["", ...names])],
    },
  };
}

/** Those who were let in and went in; who may not any more is not inside, whatever the browser shows. */
function insideOf(owner: UserRecord, { visits, accounts, permissions }: SharingParts) {
  return visits.in(owner.id).flatMap((session) => {
    const user = accounts.byId(session.userId);
    const name = session.visits?.serverName ?? "";
    if (user === undefined) return [];
    const identity = { kind: "user", user, session } as const;
    return permissions.may(identity, "access:servers", owner, name)
      ? [{ displayName: user.displayName, lastSeen: session.lastSeen }]
      : [];
  });
}

/** The last of them, for as long as anybody would ask. */
function visitedOf(
  owner: UserRecord,
  { visits, accounts, servers, clock }: SharingParts,
): Pick<SharingCard, "visited"> {
  const inside = new Set(visits.in(owner.id).map(({ userId }) => userId));
  const [last] = servers
    .of(owner.id)
    .flatMap(({ name }) => servers.remembered(owner.id, name)?.visited ?? [])
    .toSorted((a, b) => (a.at < b.at ? 1 : -1));
  const user = last && accounts.byId(last.by);
  if (last === undefined || user === undefined || inside.has(user.id)) return {};
  if (clock.now() - Date.parse(last.at) > SHOWN_MS) return {};
  return { visited: { displayName: user.displayName, at: last.at } };
}

function sharedRows(visitor: UserIdentity, parts: SharingParts): readonly SharedRow[] {
  const { permissions, accounts, servers, store, paths } = parts;
  const rows = sharesWith(store, visitor.user.id).flatMap((share) => {
    const owner = accounts.byId(share.ownerId);
    const name = serverOf(store, share)?.name;
    if (owner === undefined || name === undefined || owner.id === visitor.user.id) return [];
    if (!permissions.may(visitor, "access:servers", owner, name)) return [];
    const url = paths.visit(owner.name, name);
    const row: SharedRow = {
      ownerName: owner.displayName,
      ...(name === "" ? {} : { serverName: name }),
      isRunning: isReady(servers.status(owner.id, name)),
      url,
      ...(share.with.kind === "user"
        ? { giveBack: { url: paths.revokeShare, id: idOf(share) } }
        : {}),
    };
    return [[url, row] as const];
  });
  // By name and as a member of a class it is one notebook; what can be given back is shown.
  const byUrl = new Map<string, SharedRow>();
  for (const [url, row] of rows) {
    if (byUrl.get(url)?.giveBack === undefined) byUrl.set(url, row);
  }
  return [...byUrl.values()];
}

function shareRow(share: ShareRecord, { store }: SharingParts): ShareRow | undefined {
  const server = serverOf(store, share);
  const { kind, id } = share.with;
  const user = kind === "user" ? store.get("users", id) : undefined;
  const name = kind === "user" ? user?.displayName : store.get("groups", id)?.name;
  if (server === undefined || name === undefined) return undefined;
  return {
    kind,
    name,
    ...(server.name === "" ? {} : { serverName: server.name }),
    opensOnly: share.scopes.length === 1 && share.scopes[0] === "access:servers",
    id: idOf(share),
  };
}

function linkRow(code: ShareCodeRecord, { store }: SharingParts): ShareLinkRow | undefined {
  const server = serverOf(store, code);
  if (server === undefined) return undefined;
  return {
    id: `sc_${code.number}`,
    ...(server.name === "" ? {} : { serverName: server.name }),
    created: code.created,
    ...(code.expires === undefined ? {} : { expires: code.expires }),
    uses: code.exchangeCount,
  };
}

function idOf({ ownerId, serverId, with: { id } }: ShareRecord): string {
  return `${ownerId}.${serverId}.${id}`;
}

function ownServer(form: URLSearchParams): string {
  return serverNameOf(field(form, "server"));
}

function isLife(text: string): text is ShareLinkLife {
  return Object.hasOwn(secondsOf, text);
}
