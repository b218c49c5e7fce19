/** Letting others open a notebook: people and classes by name, whoever has a code by that. */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { assertActorStays } from "#src/services/accounts/life-changes.ts";
import { activeUser, demandUser } from "#src/services/accounts/user-records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { putServer } from "#src/services/servers/server-rows.ts";
import { isScopeName, type ScopeName } from "#src/scopes/scope-names.ts";
import { hashSecret, makeId, makeSecret } from "#src/stores/ids.ts";
import type {
  AuditAction,
  ServerRecord,
  ShareCodeRecord,
  ShareRecord,
  UserRecord,
} from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";
import { serverOf } from "./shared-access.ts";
import { codesOf, findShare, putCode, putShare, removeShare, sharesOf } from "./share-rows.ts";

const MOST_SHARES = 500;
const MOST_CODES = 100;
/** What `makeSecret` makes; nothing else is worth hashing. */
const CODE = /^[\w-]{43}$/;

interface SharesParts {
  readonly store: Store;
  readonly clock: Clock;
}

/** One person's server; the first one has no name. */
export interface ServerName {
  readonly owner: UserRecord;
  readonly name: string;
}

export interface MadeCode {
  readonly record: ShareCodeRecord;
  /** For whoever asked, and kept nowhere. */
  readonly code: string;
}

export class Shares {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: SharesParts) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The first server of a person is there also when it never was started. */
  has({ owner, name }: ServerName): boolean {
    return name === "" || serverNamed(this.#store, owner, name) !== undefined;
  }

  /** On one server, or on all of the person's. */
  of(owner: UserRecord, name?: string): readonly ShareRecord[] {
    return sharesOf(this.#store, owner.id).filter(
      (share) => name === undefined || serverOf(this.#store, share)?.name === name,
    );
  }

  find(server: ServerName, to: ShareRecord["with"]): ShareRecord | undefined {
    const record = serverNamed(this.#store, server.owner, server.name);
    return record && findShare(this.#store, record, to);
  }

  /** As {@link of}; those that are over are left out. */
  codes(owner: UserRecord, name?: string): readonly ShareCodeRecord[] {
    return codesOf(this.#store, owner.id)
      .filter((code) => !this.#isOver(code))
      .filter((code) => name === undefined || serverOf(this.#store, code)?.name === name);
  }

  /**
   * Adds to what they may already. Throws `user_not_found`, `server_not_there`, `share_with_self`, `shares_full`,
   * and `not_allowed` when the actor may not speak for the owner any more.
   */
  grant(
    server: ServerName,
    to: ShareRecord["with"],
    scopes: readonly ScopeName[],
    actor: Actor,
  ): Promise<ShareRecord> {
    return this.#store.change((state) => {
      const { owner, record, made } = demandServer(state, server);
      assertActorStays(state, actor, owner);
      const { share, writes } = this.#granted(state, { owner, record }, to, scopes, actor);
      return { writes: [...made, ...writes], result: share };
    });
  }

  /** Takes some of it back, or all; the answer is what is left. Throws as {@link grant}. */
  revoke(
    share: ShareRecord,
    scopes: readonly string[] | undefined,
    actor: Actor,
  ): Promise<ShareRecord | undefined> {
    return this.#store.change((state) => {
      const before = state.get("shares", keyOf(share));
      if (before === undefined) return { writes: [], result: undefined };
      const owner = demandUser(state, share.ownerId);
      assertMayTakeBack(state, actor, before, owner);
      const gone = scopes ?? before.scopes;
      const left = before.scopes.filter((scope) => !gone.includes(scope));
      if (left.length === before.scopes.length) return { writes: [], result: before };
      const audit = this.#auditOf("share.removed", state, before, actor);
      if (left.length === 0) return { writes: [removeShare(before), audit], result: undefined };
      const record = { ...before, scopes: left };
      return { writes: [putShare(record), audit], result: record };
    });
  }

  /** All of one server. */
  async revokeAll(server: ServerName, actor: Actor): Promise<void> {
    await this.#store.change((state) => {
      const owner = demandUser(state, server.owner.id);
      assertActorStays(state, actor, owner);
      const record = serverNamed(state, owner, server.name);
      const shares = sharesOf(state, owner.id).filter(({ serverId }) => serverId === record?.id);
      const writes = shares.flatMap((share) => [
        removeShare(share),
        this.#auditOf("share.removed", state, share, actor),
      ]);
      return { writes, result: undefined };
    });
  }

  /** Throws as {@link grant}. */
  async makeCode(
    server: ServerName,
    { scopes, seconds }: { readonly scopes: readonly ScopeName[]; readonly seconds: number },
    actor: Actor,
  ): Promise<MadeCode> {
    const code = makeSecret();
    const record = await this.#store.change((state) => {
      const { owner, record: about, made } = demandServer(state, server);
      assertActorStays(state, actor, owner);
      const codes = codesOf(state, owner.id);
      const over = codes.filter((each) => this.#isOver(each));
      if (codes.length - over.length >= MOST_CODES) {
        throw new HubError("shares_full", { limit: MOST_CODES });
      }
      const meta = state.get("meta", "meta");
      if (meta === undefined) throw new TypeError("A store begins with its meta row");
      const number = meta.nextShareCodeNumber ?? 1;
      const result: ShareCodeRecord = {
        id: makeId<"shareCode">(),
        number,
        ownerId: owner.id,
        serverId: about.id,
        secret: hashSecret(code),
        scopes,
        created: isoTime(this.#clock),
        expires: new Date(this.#clock.now() + seconds * 1000).toISOString(),
        exchangeCount: 0,
      };
      return {
        writes: [
          ...made,
          { put: "meta", key: "meta", record: { ...meta, nextShareCodeNumber: number + 1 } },
          ...over.map(({ id }): Write => ({ remove: "shareCodes", key: id })),
          putCode(result),
          this.#codeAudit("share_code.made", result, owner, actor),
        ],
        result,
      };
    });
    return { record, code };
  }

  /** What a code stands for, while it holds and its owner's account is open. */
  byCode(code: string): ShareCodeRecord | undefined {
    const secret = CODE.test(code) ? hashSecret(code) : undefined;
    for (const [, record] of secret === undefined ? [] : this.#store.entries("shareCodes")) {
      if (record.secret === secret && !this.#isOver(record) && isWhole(this.#store, record)) {
        return record;
      }
    }
    return undefined;
  }

  async revokeCodes(codes: readonly ShareCodeRecord[], actor: Actor): Promise<void> {
    await this.#store.change((state) => {
      const writes = codes.flatMap(({ id }): Write[] => {
        const code = state.get("shareCodes", id);
        if (code === undefined) return [];
        const owner = demandUser(state, code.ownerId);
        assertActorStays(state, actor, owner);
        const audit = this.#codeAudit("share_code.revoked", code, owner, actor);
        return [{ remove: "shareCodes", key: id }, audit];
      });
      return { writes, result: undefined };
    });
  }

  /** Whoever has the code gets the share. Throws `share_code_over`, `share_with_self`, `shares_full`. */
  exchange(code: ShareCodeRecord, guest: UserRecord, actor: Actor): Promise<ShareRecord> {
    return this.#store.change((state) => {
      const record = state.get("shareCodes", code.id);
      if (record === undefined || this.#isOver(record) || !isWhole(state, record)) {
        throw new HubError("share_code_over");
      }
      assertActorStays(state, actor);
      const owner = demandUser(state, record.ownerId);
      const server = serverOf(state, record);
      if (server === undefined) throw new HubError("share_code_over");
      const to = { kind: "user", id: guest.id } as const;
      const scopes = record.scopes.filter(isScopeName);
      const { share, writes } = this.#granted(
        state,
        { owner, record: server },
        to,
        scopes,
        actor,
        `sc_${record.number}`,
      );
      const used = {
        ...record,
        exchangeCount: record.exchangeCount + 1,
        lastExchanged: isoTime(this.#clock),
      };
      return { writes: [...writes, putCode(used)], result: share };
    });
  }

  #granted(
    state: StoreReader,
    { owner, record }: { readonly owner: UserRecord; readonly record: ServerRecord },
    to: ShareRecord["with"],
    scopes: readonly ScopeName[],
    actor: Actor,
    code?: string,
  ): { readonly share: ShareRecord; readonly writes: readonly Write[] } {
    if (to.id === owner.id) throw new HubError("share_with_self");
    const before = findShare(state, record, to);
    if (before === undefined && sharesOf(state, owner.id).length >= MOST_SHARES) {
      throw new HubError("shares_full", { limit: MOST_SHARES });
    }
    const all = [...new Set([...(before?.scopes ?? []), ...scopes])].toSorted();
    if (before !== undefined && all.length === before.scopes.length) {
      return { share: before, writes: [] };
    }
    const share: ShareRecord = {
      ownerId: owner.id,
      serverId: record.id,
      with: to,
      scopes: all,
      created: before?.created ?? isoTime(this.#clock),
    };
    const detail = code === undefined ? {} : { code };
    const audit = this.#auditOf("share.added", state, share, actor, detail);
    return { share, writes: [putShare(share), audit] };
  }

  /** About the other of the two people, as the one who does it sees it. */
  #auditOf(
    action: AuditAction,
    state: StoreReader,
    { ownerId, with: to }: ShareRecord,
    actor: Actor,
    more: Readonly<Record<string, string>> = {},
  ): Write {
    const isOwner = actor.id === ownerId;
    const subject = state.get("users", isOwner && to.kind === "user" ? to.id : ownerId);
    const group = to.kind === "group" ? state.get("groups", to.id) : undefined;
    const detail = { ...more, ...(group === undefined ? {} : { class: group.name }) };
    return auditRow(
      { action, actor, ...(subject === undefined ? {} : { subject }), detail },
      this.#clock,
    );
  }

  #codeAudit(
    action: AuditAction,
    { number }: ShareCodeRecord,
    owner: UserRecord,
    actor: Actor,
  ): Write {
    return auditRow(
      { action, actor, subject: owner, detail: { code: `sc_${number}` } },
      this.#clock,
    );
  }

  #isOver({ expires }: ShareCodeRecord): boolean {
    return expires !== undefined && this.#clock.now() >= Date.parse(expires);
  }
}

function isWhole(state: StoreReader, code: ShareCodeRecord): boolean {
  return activeUser(state, code.ownerId) !== undefined && serverOf(state, code) !== undefined;
}

/** The owner gives and takes back; the guest may give it back. */
function assertMayTakeBack(
  state: StoreReader,
  actor: Actor,
  { with: to }: ShareRecord,
  owner: UserRecord,
): void {
  if (actor.id === to.id) return assertActorStays(state, actor);
  if (to.kind === "group") {
    // A teacher of the class may, whosever the notebook is.
    const membership = state.get("members", `${to.id}!${actor.id}`);
    if (membership?.role === "teacher") return assertActorStays(state, actor);
  }
  const guest = to.kind === "user" ? state.get("users", to.id) : undefined;
  try {
    assertActorStays(state, actor, owner);
  } catch (error) {
    if (guest === undefined) throw error;
    assertActorStays(state, actor, guest);
  }
}

function keyOf({ ownerId, serverId, with: { id } }: ShareRecord): string {
  return `${ownerId}!${serverId}!${id}`;
}

/** With its record, which the first server gets here when it never was started. */
function demandServer(
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

function serverNamed(
  state: StoreReader,
  owner: UserRecord,
  name: string,
): ServerRecord | undefined {
  for (const [, record] of state.entries("servers", `${owner.id}!`)) {
    if (record.name === name && record.removing === undefined) return record;
  }
  return undefined;
}
