/** What a token may at most: its record's scopes, read once. */
import type { TokenRecord } from "#src/stores/records.ts";
import { selfScopes } from "#src/scopes/scope-names.ts";
import { expandScopes, parseScope, type Scope } from "#src/scopes/scopes.ts";

export interface TokenScopes {
  /** All that its person may. */
  readonly inherits: boolean;
  /** Expanded; people and classes stand by id. */
  readonly scopes: readonly Scope[];
}

const known = new WeakMap<TokenRecord, TokenScopes>();

export function scopesOfToken(token: TokenRecord): TokenScopes {
  const before = known.get(token);
  if (before !== undefined) return before;
  const read = readScopes(token.scopes, token.userId);
  known.set(token, read);
  return read;
}

/** What is no scope gives nothing. */
export function readScopes(texts: readonly string[], userId: string | undefined): TokenScopes {
  return {
    inherits: userId !== undefined && texts.includes("inherit"),
    scopes: expandScopes(
      texts.flatMap((text) => (text === "self" ? ownScopes(userId) : (parseScope(text) ?? []))),
    ),
  };
}

/** JupyterHub's `self`; a service has nothing of its own. */
export function ownScopes(userId: string | undefined): readonly Scope[] {
  return userId === undefined
    ? []
    : selfScopes.map((name) => ({ name, filter: { by: "user", value: userId } }));
}
