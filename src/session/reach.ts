/** What each role may do, and to whom: the table that {@link "./identity.ts"} reads. */
import type { UserRecord } from "#src/stores/records.ts";

export type Permission =
  | "admin-ui"
  | "list:users"
  | "admin:users"
  | "delete:users"
  /** Out of the trash again. */
  | "restore:users"
  | "erase:users"
  | "rename:users"
  | "disable:users"
  | "reset:passwords"
  | "change:roles"
  /** Where they are signed in, and ending that. */
  | "sessions"
  /** Which lines of the audit: those about whom. */
  | "read:audit"
  /** Making and deleting classes. */
  | "admin:groups"
  /** Who may join a class. */
  | "sign-up:groups"
  /** The box itself: its health and settings. */
  | "admin:box"
  | "servers"
  | "start:servers"
  | "delete:servers"
  | "read:servers"
  | "read:logs"
  | "access:servers"
  | "shares"
  | "read:shares"
  | "users:shares"
  | "read:users:shares"
  | "groups:shares"
  | "read:groups:shares"
  | "read:users"
  | "read:users:name"
  | "read:users:groups"
  | "read:users:activity"
  | "users:activity"
  | "read:roles:users"
  | "admin:auth_state"
  /** API tokens of people. */
  | "tokens"
  | "read:tokens"
  | "list:groups"
  | "read:groups"
  | "read:groups:name"
  | "read:roles:groups"
  | "groups"
  | "delete:groups"
  | "read:hub"
  | "read:metrics"
  | "proxy"
  | "shutdown"
  | "list:services"
  | "read:services"
  | "read:services:name"
  | "read:roles:services";

/** Whom a role may do it to. */
export type Reach = "everyone" | "own class" | "own students" | "self";

/** Done to people in the trash, and to nobody else; everything else is done to living people alone. */
export const OF_TRASH: ReadonlySet<Permission> = new Set(["restore:users", "erase:users"]);

/** What is not in the table is not allowed. */
export const REACH: {
  readonly [Role in UserRecord["role"]]: { readonly [P in Permission]?: readonly Reach[] };
} = {
  owner: {
    "admin-ui": ["everyone"],
    "list:users": ["everyone"],
    "admin:users": ["everyone"],
    "delete:users": ["everyone"],
    "restore:users": ["everyone"],
    "erase:users": ["everyone"],
    "rename:users": ["everyone"],
    "disable:users": ["everyone"],
    "reset:passwords": ["everyone"],
    "change:roles": ["everyone"],
    sessions: ["everyone"],
    "read:audit": ["everyone"],
    "admin:groups": ["everyone"],
    "sign-up:groups": ["everyone"],
    "admin:box": ["everyone"],
    servers: ["everyone"],
    "start:servers": ["everyone"],
    "delete:servers": ["everyone"],
    "read:servers": ["everyone"],
    "read:logs": ["everyone"],
    "read:users": ["everyone"],
    "read:users:name": ["everyone"],
    "read:users:groups": ["everyone"],
    "read:users:activity": ["everyone"],
    "users:activity": ["everyone"],
    "read:roles:users": ["everyone"],
    "admin:auth_state": ["everyone"],
    tokens: ["everyone"],
    "read:tokens": ["everyone"],
    "list:groups": ["everyone"],
    "read:groups": ["everyone"],
    "read:groups:name": ["everyone"],
    "read:roles:groups": ["everyone"],
    groups: ["everyone"],
    "delete:groups": ["everyone"],
    "read:hub": ["everyone"],
    "read:metrics": ["everyone"],
    proxy: ["everyone"],
    shutdown: ["everyone"],
    "list:services": ["everyone"],
    "read:services": ["everyone"],
    "read:services:name": ["everyone"],
    "read:roles:services": ["everyone"],
    shares: ["everyone"],
    "read:shares": ["everyone"],
    "users:shares": ["everyone"],
    "read:users:shares": ["everyone"],
    "groups:shares": ["everyone"],
    "read:groups:shares": ["everyone"],
    // Another person's open notebook is an own, audited step.
    "access:servers": ["self"],
  },
  teacher: {
    "admin-ui": ["self"],
    "list:users": ["own class", "self"],
    "admin:users": ["own students"],
    "delete:users": ["own students"],
    "restore:users": ["own students"],
    "rename:users": ["own students"],
    "disable:users": ["own students"],
    "reset:passwords": ["own students"],
    sessions: ["own students", "self"],
    "read:audit": ["own students", "self"],
    "sign-up:groups": ["self"],
    servers: ["own students", "self"],
    "start:servers": ["own students", "self"],
    "delete:servers": ["own students", "self"],
    "read:servers": ["own students", "self"],
    "read:logs": ["own students"],
    "access:servers": ["self"],
    "read:users": ["own class", "self"],
    "read:users:name": ["own class", "self"],
    "read:users:groups": ["own class", "self"],
    "read:users:activity": ["own class", "self"],
    "users:activity": ["own students", "self"],
    "read:roles:users": ["own students"],
    "admin:auth_state": ["own students"],
    // Who had a token of a student could open their notebook.
    tokens: ["self"],
    "read:tokens": ["self"],
    "list:groups": ["self"],
    "read:groups": ["self"],
    "read:groups:name": ["self"],
    // Own students alone: src/services/accounts/groups.ts.
    groups: ["self"],
    shares: ["own students", "self"],
    "read:shares": ["own students", "self"],
    "users:shares": ["own students", "self"],
    "read:users:shares": ["own students", "self"],
    "groups:shares": ["self"],
    "read:groups:shares": ["self"],
  },
  student: {
    sessions: ["self"],
    servers: ["self"],
    "start:servers": ["self"],
    "delete:servers": ["self"],
    "read:servers": ["self"],
    "access:servers": ["self"],
    "read:users": ["self"],
    "read:users:name": ["self"],
    "read:users:groups": ["self"],
    "read:users:activity": ["self"],
    "users:activity": ["self"],
    tokens: ["self"],
    "read:tokens": ["self"],
    shares: ["self"],
    "read:shares": ["self"],
    "users:shares": ["self"],
    "read:users:shares": ["self"],
  },
};

/** Who may let others into their notebook: a setting of the box. */
export type Sharing = "nobody" | "teachers" | "everyone";

/** To whom a role may do it, as the box is set; nobody where it may not. */
export function reachesOf(
  role: UserRecord["role"],
  permission: Permission,
  sharing: Sharing,
): readonly Reach[] {
  return permission === "shares" && !mayShare(role, sharing) ? [] : (REACH[role][permission] ?? []);
}

export function isPermission(name: string, role: UserRecord["role"]): name is Permission {
  return name in REACH[role];
}

function mayShare(role: UserRecord["role"], sharing: Sharing): boolean {
  return sharing === "everyone" || (sharing === "teachers" && role !== "student");
}

/** Who may sign in to the services of the configuration. */
export type ServicePeople = Readonly<
  Record<
    string,
    {
      readonly redirectUri?: string | undefined;
      readonly people?: "everyone" | "teachers" | "owners" | undefined;
    }
  >
>;

export function isOfPeople(
  role: UserRecord["role"],
  people: ServicePeople[string]["people"] = "everyone",
): boolean {
  return people === "everyone" || role === "owner" || (people === "teachers" && role === "teacher");
}
