/** API tokens that somebody asks for by name, as changes. */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { assertActorStays } from "#src/services/accounts/life-changes.ts";
import { demandUser, hasSamePassword } from "#src/services/accounts/user-records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { hashSecret, makeId } from "#src/stores/ids.ts";
import { metaOf } from "#src/stores/meta-row.ts";
import type { TokenRecord, UserId, UserRecord } from "#src/stores/records.ts";
import type { Change, StoreReader } from "#src/stores/store.ts";

const MAX_PER_USER = 100;
const MAX_NOTE = 200;
/** Longer than anybody's; the arithmetic of dates holds. */
const MAX_LIFE_SECONDS = 100 * 365 * 86_400;

export interface NewToken {
  /** As it was when it was decided that they get one. */
  readonly owner: UserRecord;
  readonly note: string;
  /** In the form in which they are kept. */
  readonly scopes: readonly string[];
  /** Absent: until it is revoked. */
  readonly expiresInSeconds?: number;
}

interface Parts {
  readonly token: string;
  readonly actor: Actor;
  readonly clock: Clock;
}

/** Throws `user_not_found`, `account_locked`, `tokens_full`, `token_life`, `not_allowed`, `sign_in_required`. */
export function planNewToken(
  state: StoreReader,
  { owner, note, scopes, expiresInSeconds }: NewToken,
  { token, actor, clock }: Parts,
): Change<TokenRecord> {
  const user = demandUser(state, owner.id);
  assertActorStays(state, actor, user);
  if (user.disabled !== undefined) throw new HubError("account_locked");
  // A reset that was planned before this ends the tokens that it finds: one of a thief's would outlive it.
  if (actor.id === user.id && !hasSamePassword(user, owner)) throw new HubError("sign_in_required");
  if (countOf(state, user.id) >= MAX_PER_USER) {
    throw new HubError("tokens_full", { limit: String(MAX_PER_USER) });
  }
  const meta = metaOf(state);
  const number = meta.nextTokenNumber ?? 1;
  const made: TokenRecord = {
    id: makeId<"token">(),
    number,
    userId: user.id,
    secret: hashSecret(token),
    note: cleanNote(note),
    scopes,
    created: isoTime(clock),
    ...(expiresInSeconds === undefined ? {} : { expires: expiry(expiresInSeconds, clock) }),
    ...(actor.id === user.id ? {} : { madeBy: actor.id }),
  };
  const detail = { token: `a${number}`, note: made.note };
  return {
    writes: [
      { put: "meta", key: "meta", record: { ...meta, nextTokenNumber: number + 1 } },
      { put: "tokens", key: made.id, record: made },
      auditRow({ action: "token.created", actor, subject: user, detail }, clock),
    ],
    result: made,
  };
}

function countOf(state: StoreReader, userId: UserId): number {
  return Array.from(state.entries("tokens")).filter(
    // Those of clients are as many as there are sessions and clients.
    ([, token]) => token.userId === userId && token.client === undefined,
  ).length;
}

/** Throws `token_life`. */
function expiry(seconds: number, clock: Clock): string {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_LIFE_SECONDS) {
    throw new HubError("token_life");
  }
  return new Date(clock.now() + seconds * 1000).toISOString();
}

function cleanNote(note: string): string {
  return note
    .replaceAll(/[\p{Cc}\p{Cf}\p{Z}]+/gu, " ")
    .trim()
    .slice(0, MAX_NOTE)
    .toWellFormed();
}
