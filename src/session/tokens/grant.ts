/** Which scopes a new token gets: nothing that its person lacks, and nothing that whoever asks for it lacks. */
import { HubError } from "#src/errors.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import { pinScope } from "#src/session/scopes/pinned.ts";
import {
  expandScopes,
  formatScope,
  intersectScopes,
  missingScopes,
  parseScope,
  type Scope,
} from "#src/scopes/scopes.ts";
import { ownScopes, scopesOfToken } from "#src/session/scopes/token-scopes.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";

interface Parts {
  readonly permissions: Permissions;
  readonly state: StoreReader;
}

interface Request {
  readonly owner: UserRecord;
  /** Absent: whatever is usual. */
  readonly requested: readonly string[] | undefined;
  /** Absent: the person, who has just shown the password. */
  readonly caller?: Identity | undefined;
}

const MAX_SCOPES = 100;

/**
 * In the form in which they are kept. Usual is `inherit`: all that the person may, whatever that is at the time;
 * but a token that may less does not make one that may more. Throws `scope_unknown`, `scopes_not_held`.
 */
export function grantScopes(request: Request, parts: Parts): readonly string[] {
  const { owner, requested, caller } = request;
  const { permissions } = parts;
  const limit = limitOf(caller, permissions);
  if (requested === undefined) {
    if (limit === undefined) return ["inherit"];
    const common = intersectScopes(limit.scopes, permissions.heldBy(owner), permissions.world);
    return common.map(formatScope);
  }
  const texts = [...new Set(requested)];
  if (texts.length > MAX_SCOPES) throw new HubError("bad_request");
  const wanted = texts.filter((text) => text !== "inherit" && text !== "self");
  const { pinned, unknown } = pinAll(wanted, owner, parts.state);
  const own = texts.includes("self") ? ownScopes(owner.id) : [];
  const expanded = expandScopes([...pinned, ...own]);
  const held = permissions.heldBy(owner);
  const lacking = [
    ...unknown,
    ...permissions.spoken(missingScopes(expanded, held, permissions.world)),
  ];
  if (lacking.length > 0) throw refusal(lacking, `User ${owner.name}`);
  if (limit !== undefined) {
    const beyond = [
      ...(texts.includes("inherit") ? ["inherit"] : []),
      ...permissions.spoken(missingScopes(expanded, limit.scopes, permissions.world)),
    ];
    if (beyond.length > 0) throw refusal(beyond, limit.who);
  }
  return [
    ...texts.filter((text) => text === "inherit" || text === "self"),
    ...pinned.map(formatScope),
  ];
}

/** What a caller who shows a token with scopes of its own can pass on at most. */
function limitOf(
  caller: Identity | undefined,
  permissions: Permissions,
): { readonly scopes: readonly Scope[]; readonly who: string } | undefined {
  if (caller?.kind === "service") {
    return { scopes: permissions.pinnedScopesOf(caller), who: `Service ${caller.name}` };
  }
  if (caller?.kind !== "token" || scopesOfToken(caller.token).inherits) return undefined;
  return { scopes: permissions.pinnedScopesOf(caller), who: `User ${caller.user.name}` };
}

/** `unknown`: about people and classes that are not there, which nobody can hold. */
function pinAll(
  texts: readonly string[],
  owner: UserRecord,
  state: StoreReader,
): { readonly pinned: readonly Scope[]; readonly unknown: readonly string[] } {
  const pinned: Scope[] = [];
  const unknown: string[] = [];
  for (const text of texts) {
    const scope = parseScope(text, owner.name);
    if (scope === undefined) throw new HubError("scope_unknown", { scope: text.slice(0, 80) });
    const found = pinScope(state, scope);
    if (found === undefined) unknown.push(formatScope(scope));
    else pinned.push(found);
  }
  return { pinned, unknown };
}

function refusal(scopes: readonly string[], who: string): HubError {
  return new HubError("scopes_not_held", { scopes: scopes.toSorted().join(","), who });
}
