/** Codes that whoever has them exchanges for a share: shown once, kept as a hash. */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { assertActorStays, type By } from "#src/services/accounts/life-changes.ts";
import { activeUser, demandUser } from "#src/services/accounts/user-records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { Deadlines } from "#src/services/deadlines.ts";
import { isScopeName, type ScopeName } from "#src/scopes/scope-names.ts";
import { hashSecret, makeId, makeSecret } from "#src/stores/ids.ts";
import { metaOf } from "#src/stores/meta-row.ts";
import type { ShareCodeRecord, ShareRecord, UserRecord } from "#src/stores/records.ts";
import type { Change, Store, StoreReader, Write } from "#src/stores/store.ts";
import { serverOf } from "./shared-access.ts";
import { codeAudit, demandServer, planGrant, type ServerName } from "./share-plans.ts";
import { codesOf, putCode } from "./share-rows.ts";

const MOST_CODES = 100;
/** What `makeSecret` makes; nothing else is worth hashing. */
const CODE = /^[\w-]{43}$/;

interface CodesParts {
  readonly store: Store;
  readonly clock: Clock;
}

interface WantedCode {
  readonly scopes: readonly ScopeName[];
  readonly seconds: number;
}

interface PlannedCode extends WantedCode {
  readonly code: string;
  readonly isOver: (code: ShareCodeRecord) => boolean;
}

interface MadeCode {
  readonly record: ShareCodeRecord;
  /** For whoever asked, and kept nowhere. */
  readonly code: string;
}

export class ShareCodes {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  constructor({ store, clock }: CodesParts) {
    this.#store = store;
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
    for (const [, code] of store.entries("shareCodes")) this.#isOver(code);
  }

  /** For one server, or for all of the person's; those that are over are left out. */
  of(owner: UserRecord, name?: string): readonly ShareCodeRecord[] {
    return codesOf(this.#store, owner.id)
      .filter((code) => !this.#isOver(code))
      .filter((code) => name === undefined || serverOf(this.#store, code)?.name === name);
  }

  /** What a code stands for, while it holds and its owner's account is open. */
  find(code: string): ShareCodeRecord | undefined {
    if (!CODE.test(code)) return undefined;
    const secret = hashSecret(code);
    for (const [, record] of this.#store.entries("shareCodes")) {
      if (record.secret === secret) return this.#holds(this.#store, record) ? record : undefined;
    }
    return undefined;
  }

  /** Throws `user_not_found`, `server_not_there`, `shares_full`, `not_allowed`. */
  async make(server: ServerName, wanted: WantedCode, actor: Actor): Promise<MadeCode> {
    const code = makeSecret();
    const by = { actor, clock: this.#clock };
    const record = await this.#store.change((state) =>
      planCode(state, server, { ...wanted, code, isOver: (each) => this.#isOver(each) }, by),
    );
    this.#deadlines.keepOnly((id) => this.#store.get("shareCodes", id) !== undefined);
    this.#isOver(record);
    return { record, code };
  }

  /** Those that are over already are no error. */
  async revoke(codes: readonly ShareCodeRecord[], actor: Actor): Promise<void> {
    const by = { actor, clock: this.#clock };
    await this.#store.change((state) => {
      const writes = codes.flatMap(({ id }): Write[] => {
        const code = state.get("shareCodes", id);
        if (code === undefined) return [];
        const owner = demandUser(state, code.ownerId);
        assertActorStays(state, actor, owner);
        const audit = codeAudit("share_code.revoked", code, owner, by);
        return [{ remove: "shareCodes", key: id }, audit];
      });
      return { writes, result: undefined };
    });
  }

  /** Whoever has the code gets the share. Throws `share_code_over`, `share_with_self`, `shares_full`. */
  exchange(code: ShareCodeRecord, guest: UserRecord, actor: Actor): Promise<ShareRecord> {
    const by = { actor, clock: this.#clock };
    return this.#store.change((state) => {
      const record = state.get("shareCodes", code.id);
      const server = record && serverOf(state, record);
      if (record === undefined || server === undefined || !this.#holds(state, record)) {
        throw new HubError("share_code_over");
      }
      assertActorStays(state, actor);
      const grant = {
        to: { kind: "user", id: guest.id },
        scopes: record.scopes.filter(isScopeName),
        code: record.number,
      } as const;
      const { share, writes } = planGrant(state, server, grant, by);
      const used = {
        ...record,
        exchangeCount: record.exchangeCount + 1,
        lastExchanged: isoTime(this.#clock),
      };
      return { writes: [...writes, putCode(used)], result: share };
    });
  }

  #isOver({ id, created, expires }: ShareCodeRecord): boolean {
    return this.#deadlines.isOver(id, { begun: created, until: expires });
  }

  #holds(state: StoreReader, code: ShareCodeRecord): boolean {
    return (
      !this.#isOver(code) &&
      activeUser(state, code.ownerId) !== undefined &&
      serverOf(state, code) !== undefined
    );
  }
}

/** Codes of the same person that are over go with it. */
function planCode(
  state: StoreReader,
  server: ServerName,
  { scopes, seconds, code, isOver }: PlannedCode,
  by: By,
): Change<ShareCodeRecord> {
  const { owner, record: about, made } = demandServer(state, server);
  assertActorStays(state, by.actor, owner);
  const codes = codesOf(state, owner.id);
  const over = codes.filter(isOver);
  if (codes.length - over.length >= MOST_CODES) {
    throw new HubError("shares_full", { limit: MOST_CODES });
  }
  const meta = metaOf(state);
  const number = meta.nextShareCodeNumber ?? 1;
  const result: ShareCodeRecord = {
    id: makeId<"shareCode">(),
    number,
    ownerId: owner.id,
    serverId: about.id,
    secret: hashSecret(code),
    scopes,
    created: isoTime(by.clock),
    expires: new Date(by.clock.now() + seconds * 1000).toISOString(),
    exchangeCount: 0,
  };
  const writes: readonly Write[] = [
    ...made,
    { put: "meta", key: "meta", record: { ...meta, nextShareCodeNumber: number + 1 } },
    ...over.map(({ id }): Write => ({ remove: "shareCodes", key: id })),
    putCode(result),
    codeAudit("share_code.made", result, owner, by),
  ];
  return { writes, result };
}
