/** Every scope that there is, as JupyterHub names them, with what each includes; a few are ours. */

/** What a scope is about, and so which filters it may have. */
export type ScopeKind = "box" | "people" | "servers" | "groups" | "services";

interface ScopeFacts {
  readonly about: ScopeKind;
  readonly includes?: readonly string[];
}

const table = {
  "admin-ui": { about: "box" },
  "read:hub": { about: "box" },
  "read:metrics": { about: "box" },
  proxy: { about: "box" },
  shutdown: { about: "box" },
  /** Ours: health and settings of the box. */
  "admin:box": { about: "box" },
  "read:roles": {
    about: "box",
    includes: ["read:roles:users", "read:roles:services", "read:roles:groups"],
  },

  "admin:users": {
    about: "people",
    includes: [
      "admin:auth_state",
      "users",
      "read:roles:users",
      "delete:users",
      "rename:users",
      "disable:users",
      "restore:users",
    ],
  },
  "admin:auth_state": { about: "people" },
  users: { about: "people", includes: ["read:users", "list:users", "users:activity"] },
  "delete:users": { about: "people" },
  "list:users": { about: "people", includes: ["read:users:name"] },
  "read:users": {
    about: "people",
    includes: ["read:users:name", "read:users:groups", "read:users:activity"],
  },
  "read:users:name": { about: "people" },
  "read:users:groups": { about: "people" },
  "read:users:activity": { about: "people" },
  "users:activity": { about: "people", includes: ["read:users:activity"] },
  "read:roles:users": { about: "people" },
  tokens: { about: "people", includes: ["read:tokens"] },
  "read:tokens": { about: "people" },
  /** Which notebooks of others were opened to them, and giving that back. */
  "users:shares": { about: "people", includes: ["read:users:shares"] },
  "read:users:shares": { about: "people" },

  /** Ours from here on. What gives power over an account, or over its past, is in no other scope. */
  "rename:users": { about: "people" },
  "disable:users": { about: "people" },
  "restore:users": { about: "people" },
  "erase:users": { about: "people" },
  "reset:passwords": { about: "people" },
  "change:roles": { about: "people" },
  sessions: { about: "people" },
  "read:audit": { about: "people" },

  "admin:servers": { about: "servers", includes: ["admin:server_state", "servers", "read:logs"] },
  "admin:server_state": { about: "servers" },
  servers: {
    about: "servers",
    includes: ["read:servers", "start:servers", "delete:servers"],
  },
  "start:servers": { about: "servers" },
  "delete:servers": { about: "servers" },
  "read:servers": { about: "servers", includes: ["read:users:name"] },
  "access:servers": { about: "servers" },
  /**
   * Who else may open it. Unlike JupyterHub's it does not include `access:servers`: whoever sees to the shares of
   * others does not open their notebooks with that.
   */
  shares: { about: "servers", includes: ["read:shares", "users:shares"] },
  "read:shares": { about: "servers" },
  /** Ours. */
  "read:logs": { about: "servers" },

  "admin:groups": {
    about: "groups",
    includes: ["groups", "read:roles:groups", "delete:groups", "sign-up:groups"],
  },
  /** Ours: who may join a class. */
  "sign-up:groups": { about: "groups" },
  groups: { about: "groups", includes: ["read:groups", "list:groups"] },
  "list:groups": { about: "groups", includes: ["read:groups:name"] },
  "read:groups": { about: "groups", includes: ["read:groups:name"] },
  "read:groups:name": { about: "groups" },
  "delete:groups": { about: "groups" },
  "groups:shares": { about: "groups", includes: ["read:groups:shares"] },
  "read:groups:shares": { about: "groups" },
  "read:roles:groups": { about: "groups" },

  "admin:services": {
    about: "services",
    includes: ["list:services", "read:services", "read:roles:services"],
  },
  "list:services": { about: "services", includes: ["read:services:name"] },
  "read:services": { about: "services", includes: ["read:services:name"] },
  "read:services:name": { about: "services" },
  "read:roles:services": { about: "services" },
  "access:services": { about: "services" },
} as const satisfies Readonly<Record<string, ScopeFacts>>;

export type ScopeName = keyof typeof table;

const facts: Readonly<Record<ScopeName, ScopeFacts>> = table;

export function isScopeName(text: string): text is ScopeName {
  return Object.hasOwn(facts, text);
}

export const scopeNames: readonly ScopeName[] = Object.keys(facts).filter(isScopeName);

export function kindOf(name: ScopeName): ScopeKind {
  return facts[name].about;
}

const closures = new Map<ScopeName, readonly ScopeName[]>();

/** The scope itself and all that it includes, near or far. */
export function withIncluded(name: ScopeName): readonly ScopeName[] {
  const known = closures.get(name);
  if (known !== undefined) return known;
  const direct = (facts[name].includes ?? []).filter(isScopeName);
  const all = [...new Set([name, ...direct.flatMap(withIncluded)])];
  closures.set(name, all);
  return all;
}

/** What anyone may do with what is theirs: JupyterHub's `self`. */
export const selfScopes: readonly ScopeName[] = [
  "read:users",
  "users:shares",
  "read:shares",
  "users:activity",
  "servers",
  "tokens",
  "access:servers",
];
