/** What changes of shares find, refuse and write, with their audit rows. */
import { isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { assertActorStays, type By } from "#src/services/accounts/life-changes.ts";
import { demandUser } from "#src/services/accounts/user-records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { findServer, putServer } from "#src/services/servers/server-rows.ts";
import type { ScopeName } from "#src/scopes/scope-names.ts";
import { makeId } from "#src/stores/ids.ts";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type {
  ServerRecord,
  ShareCodeRecord,
  ShareRecord,
  UserRecord,
} from "#src/stores/records.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";
import { findShare, putShare, sharesOf } from "./share-rows.ts";

const MOST_SHARES = 500;

/** One person's server; the first one has no name. */
export interface ServerName {
  readonly owner: UserRecord;
  readonly name: string;
}

export interface Grant {
  readonly to: ShareRecord["with"];
  readonly scopes: readonly ScopeName[];
  /** The number of the code that it was taken by. */
  readonly code?: number;
}

/** Adds to what they may already. Throws `share_with_self`, `shares_full`. */
export function planGrant(
  state: StoreReader,
  server: ServerRecord,
  { to, scopes, code }: Grant,
  by: By,
): { readonly share: ShareRecord; readonly writes: readonly Write[] } {
  const ownerId = server.userId;
  if (to.id === ownerId) throw new HubError("share_with_self");
  const before = findShare(state, server, to);
  if (before === undefined && sharesOf(state, ownerId).length >= MOST_SHARES) {
    throw new HubError("shares_full", { limit: MOST_SHARES });
  }
  const all = [...new Set([...(before?.scopes ?? []), ...scopes])].toSorted();
  if (before !== undefined && all.length === before.scopes.length) {
    return { share: before, writes: [] };
  }
  const share: ShareRecord = {
    ownerId,
    serverId: server.id,
    with: to,
    scopes: all,
    created: before?.created ?? isoTime(by.clock),
  };
  const detail = code === undefined ? {} : { code: `sc_${code}` };
  return { share, writes: [putShare(share), shareAudit("share.added", state, share, by, detail)] };
}

/** About the other of the two people, as the one who does it sees it. */
export function shareAudit(
  action: AuditAction,
  state: StoreReader,
  { ownerId, with: to }: ShareRecord,
  { actor, clock }: By,
  more: Readonly<Record<string, string>> = {},
): Write {
  const isOwner = actor.id === ownerId;
  const subject = state.get("users", isOwner && to.kind === "user" ? to.id : ownerId);
  const group = to.kind === "group" ? state.get("groups", to.id) : undefined;
  const detail = { ...more, ...(group === undefined ? {} : { class: group.name }) };
  return auditRow({ action, actor, ...(subject === undefined ? {} : { subject }), detail }, clock);
}

export function codeAudit(
  action: AuditAction,
  { number }: ShareCodeRecord,
  owner: UserRecord,
  { actor, clock }: By,
): Write {
  return auditRow({ action, actor, subject: owner, detail: { code: `sc_${number}` } }, clock);
}

/** The owner gives and takes back; the guest may give it back, and so may whoever is over either of them. */
export function assertMayTakeBack(
  state: StoreReader,
  actor: Actor,
  { with: to }: ShareRecord,
  owner: UserRecord,
): void {
  const isTheirs =
    actor.id === to.id || state.get("members", `${to.id}!${actor.id}`)?.role === "teacher";
  if (isTheirs) return assertActorStays(state, actor);
  const guest = to.kind === "user" ? state.get("users", to.id) : undefined;
  try {
    assertActorStays(state, actor, owner);
  } catch (error) {
    if (guest === undefined) throw error;
    assertActorStays(state, actor, guest);
  }
}

/**
 * With its record, which the first server gets here when it never was started. Throws `user_not_found`,
 * `server_not_there`.
 */
export function demandServer(
  state: StoreReader,
  server: ServerName,
): { readonly owner: UserRecord; readonly record: ServerRecord; readonly made: readonly Write[] } {
  const owner = demandUser(state, server.owner.id);
  const known = serverNamed(state, owner, server.name);
  if (known !== undefined) return { owner, record: known, made: [] };
  if (server.name !== "") {
    throw new HubError("server_not_there", { name: owner.name, server: server.name.slice(0, 80) });
  }
  const record = { id: makeId<"server">(), userId: owner.id, name: "", generation: 0, options: {} };
  return { owner, record, made: [putServer(record)] };
}

/** `undefined` when there is none, or when it is being deleted. */
export function serverNamed(
  state: StoreReader,
  owner: UserRecord,
  name: string,
): ServerRecord | undefined {
  const server = findServer(state, owner.id, name);
  return server?.removing === undefined ? server : undefined;
}
