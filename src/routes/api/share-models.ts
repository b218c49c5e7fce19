/** Shares in JupyterHub's shapes, and the scopes of one as clients write them. */
import { HubError } from "#src/errors.ts";
import { isReady } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { serverOf } from "#src/services/shares/shared-access.ts";
import type { ServerName } from "#src/services/shares/share-plans.ts";
import { isScopeName, kindOf, type ScopeName } from "#src/scopes/scope-names.ts";
import type { ShareCodeRecord, ShareRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { Paths } from "../paths.ts";
import { invalid } from "./schemas/bodies.ts";
import type { ShareCodeModel, ShareModel } from "./schemas/shares.ts";
import { microTime } from "./user-models.ts";

export interface ShareModelParts {
  readonly servers: Pick<Servers, "status">;
  readonly store: StoreReader;
  readonly paths: Paths;
}

/** `undefined` when either side of it is gone. */
export function shareModel(share: ShareRecord, parts: ShareModelParts): ShareModel | undefined {
  const server = sharedServer(share, parts);
  const { kind, id } = share.with;
  const to = parts.store.get(kind === "user" ? "users" : "groups", id);
  if (server === undefined || to === undefined) return undefined;
  return {
    ...server,
    user: kind === "user" ? { name: to.name } : null,
    group: kind === "group" ? { name: to.name } : null,
    kind,
    created_at: microTime(share.created) ?? "",
  };
}

export function codeModel(
  code: ShareCodeRecord,
  parts: ShareModelParts,
): ShareCodeModel | undefined {
  const server = sharedServer(code, parts);
  if (server === undefined) return undefined;
  return {
    ...server,
    id: `sc_${code.number}`,
    created_at: microTime(code.created) ?? "",
    expires_at: microTime(code.expires),
    exchange_count: code.exchangeCount,
    last_exchanged_at: microTime(code.lastExchanged),
  };
}

function sharedServer(
  share: Pick<ShareRecord, "ownerId" | "serverId" | "scopes">,
  { servers, store, paths }: ShareModelParts,
) {
  const record = serverOf(store, share);
  const owner: UserRecord | undefined = store.get("users", share.ownerId);
  if (record === undefined || owner === undefined) return undefined;
  const { name } = record;
  return {
    server: {
      user: { name: owner.name },
      name,
      url: paths.server(owner.name, name),
      full_url: null,
      ready: isReady(servers.status(owner.id, name)),
    },
    scopes: share.scopes.map((scope) => `${scope}!server=${owner.name}/${name}`),
  };
}

/** Those that mean more than this server, or could let others in, are not given away. */
const KEPT: ReadonlySet<ScopeName> = new Set(["shares", "read:shares"]);

/** Each is about this server; that may be written out. Without any: opening it. */
export function readShareScopes(
  texts: readonly string[] | null | undefined,
  { owner, name: server }: ServerName,
): readonly ScopeName[] {
  if (texts === null || texts === undefined || texts.length === 0) return ["access:servers"];
  const own = `server=${owner.name}/${server}`;
  return texts.map((text) => {
    const [name, filter] = splitOnce(text);
    if (!isScopeName(name)) throw new HubError("scope_unknown", { scope: text.slice(0, 80) });
    if (filter !== undefined && filter !== own) {
      throw invalid(
        `!${filter.slice(0, 80)} not allowed on sharing ${text.slice(0, 80)}, only !${own}`,
      );
    }
    if (kindOf(name) !== "servers" || KEPT.has(name)) {
      throw new HubError("share_scope_denied", { scope: `${name}!${own}` });
    }
    return name;
  });
}

function splitOnce(text: string): readonly [string, string | undefined] {
  const mark = text.indexOf("!");
  return mark === -1 ? [text, undefined] : [text.slice(0, mark), text.slice(mark + 1)];
}
