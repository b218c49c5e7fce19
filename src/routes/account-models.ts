/** What pages about people say of an account. */
import { membershipsOf } from "#src/services/accounts/memberships.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { GroupId, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { AccountState, RosterRow } from "#src/views/people-pages.ts";
import type { Paths } from "./paths.ts";

export interface AccountModelParts {
  readonly store: StoreReader;
  readonly permissions: Permissions;
  readonly paths: Paths;
}

/** The one word for it; what keeps somebody out comes first. */
export function accountState(user: UserRecord): AccountState {
  if (user.disabled !== undefined) return "locked";
  if (user.isNewcomer === true) return "newcomer";
  if (user.password === undefined) return "no_password";
  return user.password.isFirst ? "first_password" : "active";
}

export function rosterRow(
  user: UserRecord,
  visitor: Identity | undefined,
  parts: AccountModelParts,
): RosterRow {
  const url = personUrl(user, visitor, parts);
  return {
    name: user.name,
    displayName: user.displayName,
    role: user.role,
    classes: classNames(
      parts.store,
      membershipsOf(parts.store, user.id).map(({ groupId }) => groupId),
    ),
    state: accountState(user),
    ...(user.lastSignIn === undefined ? {} : { lastSignIn: user.lastSignIn }),
    ...(url === undefined ? {} : { url }),
  };
}

/** Where the visitor can see more of somebody. */
export function personUrl(
  user: UserRecord,
  visitor: Identity | undefined,
  { permissions, paths }: Pick<AccountModelParts, "permissions" | "paths">,
): string | undefined {
  return permissions.may(visitor, "admin:users", user) ? paths.person(user.name) : undefined;
}

/** Of those classes that there still are. */
export function classNames(store: StoreReader, groups: readonly GroupId[]): readonly string[] {
  return groups.flatMap((id) => store.get("groups", id)?.name ?? []);
}
