/**
 * Scopes as values: read, expanded, compared. Pure; who is in which class is asked of {@link ScopeWorld}.
 * A filter's value is whatever names the thing: the same functions serve names and ids.
 */
import {
  isScopeName,
  kindOf,
  type ScopeKind,
  type ScopeName,
  withIncluded,
} from "./scope-names.ts";

type FilterKind = "user" | "group" | "server" | "service";

export interface ScopeFilter {
  readonly by: FilterKind;
  /** Of a server: the person, a slash, and the server's name, which is empty for the default one. */
  readonly value: string;
}

/** Without a filter: for everyone and everything. */
export interface Scope {
  readonly name: ScopeName;
  readonly filter?: ScopeFilter;
}

export interface ScopeWorld {
  isMember(user: string, group: string): boolean;
}

const MAX_LENGTH = 300;
const SCOPE = /^([a-z][a-z:_-]*)(?:!(user|group|server|service)(?:=(.+))?)?$/;

const FILTERS: Readonly<Record<ScopeKind, readonly FilterKind[]>> = {
  box: [],
  people: ["user", "group"],
  servers: ["user", "group", "server"],
  groups: ["group"],
  services: ["service"],
};

/**
 * `undefined` for what is no scope, has a filter that does not fit it, or an empty one. The bare `!user` is the
 * owner's; without an owner it is no scope.
 */
export function parseScope(text: string, owner?: string): Scope | undefined {
  const [, name = "", by, value] = (text.length > MAX_LENGTH ? null : SCOPE.exec(text)) ?? [];
  if (!isScopeName(name)) return undefined;
  if (by === undefined) return { name };
  const filter = {
    by: by as FilterKind,
    value: value ?? (by === "user" ? owner : undefined) ?? "",
  }; // By the pattern.
  const isWhole = filter.value !== "" && (filter.by !== "server" || /^[^/]+\//.test(filter.value));
  return isWhole && fits(name, filter.by) ? { name, filter } : undefined;
}

export function formatScope({ name, filter }: Scope): string {
  return filter === undefined ? name : `${name}!${filter.by}=${filter.value}`;
}

/** With everything that they include, each once, in order. */
export function expandScopes(scopes: Iterable<Scope>): readonly Scope[] {
  const found = new Map<string, Scope>();
  for (const { name, filter } of scopes) {
    for (const included of withIncluded(name)) {
      // A server is not a person: of whom it is, only the name goes with it.
      const kept = filter === undefined ? undefined : narrowedTo(included, filter);
      const scope: Scope = { name: included, ...(kept === undefined ? {} : { filter: kept }) };
      found.set(formatScope(scope), scope);
    }
  }
  return [...found.values()].toSorted(byText);
}

/** Whether one of `held` alone gives all of `wanted`; both expanded. */
export function covers(held: readonly Scope[], wanted: Scope, world: ScopeWorld): boolean {
  return held.some(
    ({ name, filter }) => name === wanted.name && isWithin(wanted.filter, filter, world),
  );
}

/** What `wanted` has and `held` does not give. */
export function missingScopes(
  wanted: readonly Scope[],
  held: readonly Scope[],
  world: ScopeWorld,
): readonly Scope[] {
  return wanted.filter((scope) => !covers(held, scope, world));
}

/** What both give: never more than either. Two classes have nothing in common here, whoever is in both. */
export function intersectScopes(
  one: readonly Scope[],
  other: readonly Scope[],
  world: ScopeWorld,
): readonly Scope[] {
  const common = [
    ...one.filter((scope) => covers(other, scope, world)),
    ...other.filter((scope) => covers(one, scope, world)),
  ];
  return [...new Map(common.map((scope) => [formatScope(scope), scope])).values()].toSorted(byText);
}

function fits(name: ScopeName, by: FilterKind): boolean {
  return FILTERS[kindOf(name)].includes(by);
}

function narrowedTo(name: ScopeName, filter: ScopeFilter): ScopeFilter {
  if (filter.by !== "server" || fits(name, "server")) return filter;
  return { by: "user", value: ownerOfServer(filter.value) };
}

/** `undefined` stands for everything. */
function isWithin(
  inner: ScopeFilter | undefined,
  outer: ScopeFilter | undefined,
  world: ScopeWorld,
): boolean {
  if (outer === undefined) return true;
  if (inner === undefined) return false;
  if (inner.by === outer.by) return inner.value === outer.value;
  const user =
    inner.by === "user"
      ? inner.value
      : inner.by === "server"
        ? ownerOfServer(inner.value)
        : undefined;
  if (user === undefined) return false;
  if (outer.by === "user") return user === outer.value;
  return outer.by === "group" && world.isMember(user, outer.value);
}

export function ownerOfServer(value: string): string {
  return value.slice(0, value.indexOf("/"));
}

function byText(a: Scope, b: Scope): number {
  const [left, right] = [formatScope(a), formatScope(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
