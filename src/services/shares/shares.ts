/** Letting others open a notebook: people and classes by name. */
import type { Clock } from "#src/clock.ts";
import { assertActorStays } from "#src/services/accounts/life-changes.ts";
import { demandUser } from "#src/services/accounts/user-records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { ShareRecord, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { serverOf } from "./shared-access.ts";
import {
  assertMayTakeBack,
  demandServer,
  type Grant,
  planGrant,
  serverNamed,
  type ServerName,
  shareAudit,
} from "./share-plans.ts";
import { findShare, putShare, removeShare, shareKey, sharesOf } from "./share-rows.ts";

interface SharesParts {
  readonly store: Store;
  readonly clock: Clock;
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

  /**
   * Adds to what they may already. Throws `user_not_found`, `server_not_there`, `share_with_self`, `shares_full`,
   * and `not_allowed` when the actor may not speak for the owner any more.
   */
  grant(server: ServerName, grant: Omit<Grant, "code">, actor: Actor): Promise<ShareRecord> {
    return this.#store.change((state) => {
      const { owner, record, made } = demandServer(state, server);
      assertActorStays(state, actor, owner);
      const { share, writes } = planGrant(state, record, grant, { actor, clock: this.#clock });
      return { writes: [...made, ...writes], result: share };
    });
  }

  /** Takes some of it back, or all; the answer is what is left. Throws `user_not_found`, `not_allowed`. */
  revoke(
    share: ShareRecord,
    scopes: readonly string[] | undefined,
    actor: Actor,
  ): Promise<ShareRecord | undefined> {
    const by = { actor, clock: this.#clock };
    return this.#store.change((state) => {
      const before = state.get("shares", shareKey(share));
      if (before === undefined) return { writes: [], result: undefined };
      assertMayTakeBack(state, actor, before, demandUser(state, share.ownerId));
      const gone = scopes ?? before.scopes;
      const left = before.scopes.filter((scope) => !gone.includes(scope));
      if (left.length === before.scopes.length) return { writes: [], result: before };
      const audit = shareAudit("share.removed", state, before, by);
      if (left.length === 0) return { writes: [removeShare(before), audit], result: undefined };
      const record = { ...before, scopes: left };
      return { writes: [putShare(record), audit], result: record };
    });
  }

  /** All of one server. */
  async revokeAll(server: ServerName, actor: Actor): Promise<void> {
    const by = { actor, clock: this.#clock };
    await this.#store.change((state) => {
      const owner = demandUser(state, server.owner.id);
      assertActorStays(state, actor, owner);
      const record = serverNamed(state, owner, server.name);
      const shares = sharesOf(state, owner.id).filter(({ serverId }) => serverId === record?.id);
      const writes = shares.flatMap((share) => [
        removeShare(share),
        shareAudit("share.removed", state, share, by),
      ]);
      return { writes, result: undefined };
    });
  }
}
