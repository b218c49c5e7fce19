/** Who asks, and what they may do: the one place that answers "may they?" (design D12). */
import type { Actor } from "#src/services/audit/actor.ts";
import {
  isTeacherOf,
  membershipsOf,
  shareGroup,
  wasTeacherOf,
} from "#src/services/accounts/memberships.ts";
import { activeUser, livingUser, trashedUser } from "#src/services/accounts/user-records.ts";
import type { GroupId, SessionRecord, UserRecord } from "#src/stores/records.ts";
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

/** Done to people in the trash, and to nobody else; everything else is done to living people alone. */
const OF_TRASH: ReadonlySet<Permission> = new Set(["restore:users", "erase:users"]);

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
    if (identity === undefined || (subject !== undefined && !this.#fits(permission, subject))) {
      return false;
    }
    if (identity.kind === "console") {
      // Nobody sits at a browser there.
      return permission !== "access:servers";
    }
    const user = activeUser(this.#state, identity.user.id);
    // With a first password, only choosing an own one is open.
    if (user === undefined || identity.session.mustChangePassword) {
      return false;
    }
    const reaches = REACH[user.role][permission] ?? [];
    return subject === undefined
      ? reaches.length > 0
      : reaches.some((reach) => this.#isWithin(reach, user, subject));
  }

  /** Whether they may do it to a class: an owner to all of them, a teacher to those that they teach. */
  mayInGroup(identity: Identity | undefined, permission: Permission, groupId: GroupId): boolean {
    if (identity === undefined || !this.may(identity, permission)) {
      return false;
    }
    if (identity.kind === "console") {
      return true;
    }
    const { id } = identity.user;
    return (
      livingUser(this.#state, id)?.role === "owner" ||
      membershipsOf(this.#state, id).some(
        (membership) => membership.groupId === groupId && membership.role === "teacher",
      )
    );
  }

  #fits(permission: Permission, subject: UserRecord): boolean {
    const find = OF_TRASH.has(permission) ? trashedUser : livingUser;
    return find(this.#state, subject.id) !== undefined;
  }

  #isWithin(reach: Reach, user: UserRecord, subject: UserRecord): boolean {
    switch (reach) {
      case "everyone":
        return true;
      case "own class":
        return shareGroup(this.#state, user.id, subject.id);
      case "own students":
        return this.#isOwnStudent(user, subject);
      case "self":
        return user.id === subject.id;
    }
  }

  /** Of somebody in the trash: one who was, when they were put there. */
  #isOwnStudent(teacher: UserRecord, subject: UserRecord): boolean {
    const now = this.#state.get("users", subject.id);
    if (now?.role !== "student") return false;
    return now.deleted === undefined
      ? isTeacherOf(this.#state, teacher.id, now.id)
      : wasTeacherOf(this.#state, teacher.id, now);
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
