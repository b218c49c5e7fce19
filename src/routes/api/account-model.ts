/** What the API says of accounts, for commands: JSON with the names of JupyterHub where it has some. */
import { membershipsOf } from "#src/services/accounts/memberships.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { AccountDetails, AccountModel, TrashedModel } from "./schemas/accounts.ts";

export function accountModel(user: UserRecord): AccountModel {
  return {
    name: user.name,
    display_name: user.displayName,
    role: user.role,
    state: stateOf(user),
    newcomer: user.isNewcomer === true,
    created: user.created,
    last_activity: user.lastActivity ?? null,
    last_sign_in: user.lastSignIn ?? null,
    has_password: user.password !== undefined,
    must_change_password: user.password?.isFirst ?? false,
  };
}

/** One person, with what has to be counted or looked up. */
export function accountDetails(
  user: UserRecord,
  {
    store,
    sessions,
    servers,
  }: { readonly store: StoreReader; readonly sessions: Sessions; readonly servers: Servers },
): AccountDetails {
  return {
    id: user.id,
    ...accountModel(user),
    locked: user.disabled ?? null,
    classes: membershipsOf(store, user.id).map(({ groupId, role }) => ({
      id: groupId,
      name: store.get("groups", groupId)?.name ?? "",
      role,
    })),
    sessions: sessions.ofUser(user.id).length,
    /** What the notebooks do; true only of a hub that follows Docker. */
    server: servers.status(user.id).is,
    named_servers: servers
      .of(user.id)
      .filter(({ name }) => name !== "")
      .map(({ name, status }) => ({ name, state: status.is })),
  };
}

export function trashedModel(user: UserRecord): TrashedModel {
  return {
    id: user.id,
    name: user.name,
    display_name: user.displayName,
    role: user.role,
    deleted: user.deleted ?? null,
    erasing: user.erasing !== undefined,
  };
}

function stateOf(user: UserRecord): AccountModel["state"] {
  if (user.erasing !== undefined) return "erasing";
  if (user.deleted !== undefined) return "trash";
  return user.disabled === undefined ? "active" : "locked";
}
