/** A session as it begins: one record, and the secrets for its two cookies. */
import type { Clock } from "#src/clock.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { hashSecret, makeId, makeSecret } from "#src/stores/ids.ts";
import type { SessionId, SessionRecord, UserRecord } from "#src/stores/records.ts";

const MAX_TEXT = 100;

export interface NewSession {
  /** As it was when the password was checked. */
  readonly user: UserRecord;
  readonly mustChangePassword: boolean;
  readonly device: string;
  readonly address: string;
  /** The own computer: it stays signed in, and only the greatest age ends the session. */
  readonly isKept?: boolean;
  /** A session of this browser that was on a visit: it ends with this one's beginning. */
  readonly endsVisit?: { readonly session: SessionId } & Pick<Actor, "address" | "request">;
}

/** The secrets are for the cookies, and kept nowhere. */
export interface MadeSession {
  readonly session: SessionRecord;
  readonly hubSecret: string;
  readonly siteSecret: string;
}

export function makeSession(input: NewSession, clock: Clock): MadeSession {
  const [hubSecret, siteSecret] = [makeSecret(), makeSecret()];
  const now = new Date(clock.now()).toISOString();
  const session: SessionRecord = {
    id: makeId<"session">(),
    userId: input.user.id,
    hubSecret: hashSecret(hubSecret),
    siteSecret: hashSecret(siteSecret),
    created: now,
    lastSeen: now,
    mustChangePassword: input.mustChangePassword,
    device: input.device.slice(0, MAX_TEXT),
    address: input.address.slice(0, MAX_TEXT),
    ...(input.isKept === true ? { isKept: true as const } : {}),
  };
  return { session, hubSecret, siteSecret };
}
