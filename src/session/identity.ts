/** Who asks, and what they may do: the one place that answers "may they?" (design D12). */
import type { Actor } from "#src/services/audit/actor.ts";
import { isTeacherOf, shareGroup } from "#src/services/accounts/memberships.ts";
import { livingUser } from "#src/services/accounts/user-records.ts";
import type { SessionRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { RequestContext } from "./request-context.ts";

export type Identity =
  | { readonly kind: "user"; readonly user: UserRecord; readonly session: SessionRecord }
  /** Whoever can open the control socket: the owner of the box. */
  | { readonly kind: "console" };

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
  /** Classes and who may join them. */
  | "admin:groups"
  /** The box itself: its health and settings. */
  | "admin:box"
  | "servers"
  | "read:logs"
  | "access:servers";

/** Whom a role may do it to. */
type Reach = "everyone" | "own class" | "own students" | "self";

/** What is not in the table is not allowed. */
const REACH: {
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
    "admin:box": ["everyone"],
    servers: ["everyone"],
    "read:logs": ["everyone"],
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
    "admin:groups": ["self"],
    servers: ["own students", "self"],
    "read:logs": ["own students"],
    "access:servers": ["self"],
  },
  student: {
    sessions: ["self"],
    servers: ["self"],
    "access:servers": ["self"],
  },
};

export class Permissions {
  readonly #state: StoreReader;

  constructor(state: StoreReader) {
    this.#state = state;
  }

  /**
   * Without `subject`: whether they may do it to anyone at all, which says nothing about whom. Roles and classes
   * are looked up as they are now, whatever they were when the session began.
   */
  may(identity: Identity | undefined, permission: Permission, subject?: UserRecord): boolean {
    if (identity === undefined || (subject !== undefined && !this.#isLiving(subject))) {
      return false;
    }
    if (identity.kind === "console") {
      // Nobody sits at a browser there.
      return permission !== "access:servers";
    }
    const user = livingUser(this.#state, identity.user.id);
    // With a first password, only choosing an own one is open.
    if (user === undefined || identity.session.mustChangePassword) {
      return false;
    }
    const reaches = REACH[user.role][permission] ?? [];
    return subject === undefined
      ? reaches.length > 0
      : reaches.some((reach) => this.#isWithin(reach, user, subject));
  }

  #isLiving(subject: UserRecord): boolean {
    return livingUser(this.#state, subject.id) !== undefined;
  }

  #isWithin(reach: Reach, user: UserRecord, subject: UserRecord): boolean {
    switch (reach) {
      case "everyone":
        return true;
      case "own class":
        return shareGroup(this.#state, user.id, subject.id);
      case "own students":
        return (
          livingUser(this.#state, subject.id)?.role === "student" &&
          isTeacherOf(this.#state, user.id, subject.id)
        );
      case "self":
        return user.id === subject.id;
    }
  }
}

export function actorOf(identity: Identity | undefined, context: RequestContext): Actor {
  const where = {
    request: context.id,
    ...(context.address === "" ? {} : { address: context.address }),
  };
  if (identity === undefined) {
    return { id: "anonymous", name: "anonymous", ...where };
  }
  return identity.kind === "console"
    ? { id: "console", name: "console", ...where }
    : { id: identity.user.id, name: identity.user.name, ...where };
}
