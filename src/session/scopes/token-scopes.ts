/** What a token may at most: its record's scopes, read once. */
import type { GroupId, TokenRecord, UserId } from "#src/stores/records.ts";
import { kindOf, selfScopes, type ScopeName } from "#src/scopes/scope-names.ts";
import {
  covers,
  expandScopes,
  parseScope,
  type Scope,
  type ScopeWorld,
} from "#src/scopes/scopes.ts";

interface TokenScopes {
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
function readScopes(texts: readonly string[], userId: string | undefined): TokenScopes {
  return {
    inherits: userId !== undefined && texts.includes("inherit"),
    scopes: expandScopes([
      ...texts.flatMap((text) => (text === "self" ? ownScopes(userId) : (parseScope(text) ?? []))),
      ...ofOneself(IDENTIFYING, userId),
    ]),
  };
}

/** What every token of a person may, as JupyterHub's: tell whose it is, and in which classes they are. */
const IDENTIFYING: readonly ScopeName[] = ["read:users:name", "read:users:groups"];

/** JupyterHub's `self`; a service has nothing of its own. */
export function ownScopes(userId: string | undefined): readonly Scope[] {
  return ofOneself(selfScopes, userId);
}

function ofOneself(names: readonly ScopeName[], userId: string | undefined): readonly Scope[] {
  return userId === undefined
    ? []
    : names.map((name) => ({ name, filter: { by: "user", value: userId } }));
}

/**
 * What a token for a class would let its bearer do to somebody who comes into it, and does not now: with it, anybody
 * could be drawn into that class to be ruled there. What may be read of them is no power.
 */
export function powersGained(
  token: TokenRecord,
  group: GroupId,
  user: UserId,
  world: ScopeWorld,
): readonly Scope[] {
  const { inherits, scopes } = scopesOfToken(token);
  if (inherits) return [];
  return scopes
    .filter(({ filter }) => filter?.by === "group" && filter.value === group)
    .filter(({ name }) => kindOf(name) !== "groups" && !/^(?:read|list):/.test(name))
    .map(({ name }): Scope => ({ name, filter: { by: "user", value: user } }))
    .filter((power) => !covers(scopes, power, world));
}
