/** What a person may, said as scopes: by their role and classes, and by the services that are for them. */
import { classesTaughtBy } from "#src/services/accounts/memberships.ts";
import { kindOf, scopeNames, type ScopeName } from "#src/scopes/scope-names.ts";
import type { Scope } from "#src/scopes/scopes.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import {
  isOfPeople,
  isPermission,
  REACH,
  reachesOf,
  type ServicePeople,
  type Sharing,
} from "../reach.ts";

export function scopesByRole(
  state: StoreReader,
  user: UserRecord,
  sharing: Sharing,
): readonly Scope[] {
  const names =
    user.role === "owner" ? scopeNames : scopeNames.filter((name) => name in REACH[user.role]);
  return names.flatMap((name) => scopesFor(state, user, name, sharing));
}

/** Services that they may sign in to. */
export function scopesByServices({ role }: UserRecord, services: ServicePeople): readonly Scope[] {
  return Object.entries(services)
    .filter(([, { redirectUri, people }]) => redirectUri !== undefined && isOfPeople(role, people))
    .map(([value]) => ({ name: "access:services", filter: { by: "service", value } }));
}

/** Wider than what they may where a filter cannot say it: own students are less than their class. */
function scopesFor(
  state: StoreReader,
  user: UserRecord,
  name: ScopeName,
  sharing: Sharing,
): readonly Scope[] {
  const reaches = isPermission(name, user.role) ? reachesOf(user.role, name, sharing) : [];
  if (name === "shares" && reaches.length === 0) return [];
  const isEverywhere = user.role === "owner" && name !== "access:servers";
  if (isEverywhere || kindOf(name) === "box") return [{ name }];
  const groups: readonly Scope[] = classesTaughtBy(state, user.id).map((value) => ({
    name,
    filter: { by: "group", value },
  }));
  if (kindOf(name) === "groups") return groups;
  return [
    ...(reaches.some((reach) => reach.startsWith("own")) ? groups : []),
    ...(reaches.includes("self")
      ? [{ name, filter: { by: "user", value: user.id } } as const]
      : []),
  ];
}
