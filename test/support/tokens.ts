/** API tokens for tests that need none of the machinery that makes them. */
import type { Identity } from "#src/session/identity.ts";
import { hashSecret, makeId } from "#src/stores/ids.ts";
import type { TokenRecord, UserRecord } from "#src/stores/records.ts";

export function tokenRecord(
  user: UserRecord,
  scopes: readonly string[] = ["inherit"],
): TokenRecord {
  return {
    id: makeId<"token">(),
    number: 1,
    userId: user.id,
    secret: hashSecret("a token"),
    note: "",
    scopes,
    created: "2026-11-22T08:00:00.000Z",
  };
}

export function tokenOf(user: UserRecord, scopes?: readonly string[]): Identity {
  return { kind: "token", user, token: tokenRecord(user, scopes) };
}
