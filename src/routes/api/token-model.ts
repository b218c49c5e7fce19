/** What the API says of a token. */
import type { Permissions } from "#src/session/identity.ts";
import type { TokenRecord, UserRecord } from "#src/stores/records.ts";
import type { TokenModel } from "./schemas/tokens.ts";
import { microTime } from "./user-models.ts";

export function tokenModel(
  user: UserRecord,
  token: TokenRecord,
  { permissions }: { readonly permissions: Permissions },
): TokenModel {
  return {
    user: user.name,
    id: `a${token.number}`,
    kind: "api_token",
    roles: [],
    scopes: permissions.scopesOf({ kind: "token", user, token }),
    created: microTime(token.created),
    last_activity: microTime(token.lastActivity),
    expires_at: microTime(token.expires),
    // What was given to a client has its name in the place of a note.
    note: token.client === undefined ? token.note : "",
    session_id: token.session ?? null,
    oauth_client: token.client === undefined ? "JupyterHub" : token.note,
  };
}
