/** Tokens that OAuth clients get for whoever visits them: bound to the session that they came with. */
import { isoTime, type Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { activeUser } from "#src/services/accounts/user-records.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { hashSecret, makeId } from "#src/stores/ids.ts";
import { metaOf } from "#src/stores/meta-row.ts";
import type { SessionId, TokenRecord, UserId } from "#src/stores/records.ts";
import type { Change, StoreReader, Write } from "#src/stores/store.ts";

export interface GivenToken {
  readonly userId: UserId;
  readonly session: SessionId;
  readonly client: string;
  readonly note: string;
  /** In the form in which they are kept. */
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
  /** Who agreed, when that is to be kept. */
  readonly audit?: Actor;
}

export function planGivenToken(
  state: StoreReader,
  input: GivenToken,
  { token, clock }: { readonly token: string; readonly clock: Clock },
): Change<TokenRecord> {
  const { userId, session, client, note, scopes, expiresInSeconds, audit } = input;
  const user = activeUser(state, userId);
  const meta = metaOf(state);
  if (user === undefined || state.get("sessions", session)?.userId !== userId) {
    throw new HubError("sign_in_required");
  }
  const number = meta.nextTokenNumber ?? 1;
  const made: TokenRecord = {
    id: makeId<"token">(),
    number,
    userId,
    client,
    session,
    secret: hashSecret(token),
    note,
    scopes,
    created: isoTime(clock),
    expires: new Date(clock.now() + expiresInSeconds * 1000).toISOString(),
  };
  const detail = { token: `a${number}`, note };
  return {
    writes: [
      ...earlier(state, input),
      { put: "meta", key: "meta", record: { ...meta, nextTokenNumber: number + 1 } },
      { put: "tokens", key: made.id, record: made },
      ...(audit === undefined
        ? []
        : [auditRow({ action: "token.created", actor: audit, subject: user, detail }, clock)]),
    ],
    result: made,
  };
}

/** A browser that comes again brings a new one; two tabs may be on their way at the same time. */
function earlier(state: StoreReader, { session, client }: GivenToken): readonly Write[] {
  return Array.from(state.entries("tokens"))
    .filter(([, token]) => token.session === session && token.client === client)
    .toSorted(([, one], [, other]) => one.number - other.number)
    .slice(0, -1)
    .map(([key]) => ({ remove: "tokens", key }));
}
