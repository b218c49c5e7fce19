/** What the checks read off the records. */
import { livingUsers } from "#src/services/accounts/user-records.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Store, StoreReader } from "#src/stores/store.ts";

export function livingPeople(store: StoreReader): readonly UserRecord[] {
  return [...livingUsers(store)];
}

/** The newest time that anything on record has; `undefined` when nothing has one. */
export async function newestOnRecord(
  store: StoreReader & Pick<Store, "audit">,
): Promise<number | undefined> {
  const times: (string | undefined)[] = [];
  for (const [, user] of store.entries("users")) {
    times.push(user.created, user.lastActivity, user.lastSignIn);
  }
  for (const [, session] of store.entries("sessions")) {
    times.push(session.created, session.lastSeen);
  }
  for await (const { at } of store.audit({ limit: 1 })) times.push(at);
  const known = times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
  return known.length === 0 ? undefined : Math.max(...known);
}
