/**
 * Scopes are kept with ids in their filters: a name that is given to somebody else does not take a token's power
 * along. Where they are said or heard, names stand in their place.
 */
import { livingUser, userNamed } from "#src/services/accounts/user-records.ts";
import type { GroupId, UserId, UserName } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { ownerOfServer, type Scope, type ScopeFilter } from "#src/scopes/scopes.ts";

/** `undefined` when there is no such person or class. */
export function pinScope(state: StoreReader, scope: Scope): Scope | undefined {
  return withValue(scope, (filter) => idValue(state, filter));
}

/** `undefined` when they are gone. */
export function spokenScope(state: StoreReader, scope: Scope): Scope | undefined {
  return withValue(scope, (filter) => nameValue(state, filter));
}

function withValue(
  { name, filter }: Scope,
  change: (filter: ScopeFilter) => string | undefined,
): Scope | undefined {
  if (filter === undefined) return { name };
  const value = change(filter);
  return value === undefined ? undefined : { name, filter: { by: filter.by, value } };
}

function idValue(state: StoreReader, { by, value }: ScopeFilter): string | undefined {
  switch (by) {
    case "service":
      return value;
    case "group":
      return groupNamed(state, value);
    case "user":
      return userNamed(state, value as UserName)?.id; // Of what is no name there is nobody.
    case "server": {
      const owner = ownerOfServer(value);
      const id = userNamed(state, owner as UserName)?.id; // As above.
      return id === undefined ? undefined : id + value.slice(owner.length);
    }
  }
}

function nameValue(state: StoreReader, { by, value }: ScopeFilter): string | undefined {
  switch (by) {
    case "service":
      return value;
    case "group":
      return state.get("groups", value)?.name; // Of what is no id there is nothing.
    case "user":
      return livingUser(state, value as UserId)?.name; // As above.
    case "server": {
      const owner = ownerOfServer(value);
      const name = livingUser(state, owner as UserId)?.name; // As above.
      return name === undefined ? undefined : name + value.slice(owner.length);
    }
  }
}

function groupNamed(state: StoreReader, name: string): GroupId | undefined {
  for (const [, group] of state.entries("groups")) {
    if (group.name === name) return group.id;
  }
  return undefined;
}
