/** Who asks, and what they may do: the one place that answers "may they?". */
import type { Actor } from "#src/services/audit/actor.ts";
import { classesTaughtBy, isOwnStudent, shareGroup } from "#src/services/accounts/memberships.ts";
import { activeUser, livingUser, trashedUser } from "#src/services/accounts/user-records.ts";
import { kindOf, scopeNames } from "#src/scopes/scope-names.ts";
import {
  covers,
  expandScopes,
  formatScope,
  intersectScopes,
  parseScope,
  type Scope,
  type ScopeFilter,
  type ScopeWorld,
} from "#src/scopes/scopes.ts";
import type {
  GroupId,
  SessionRecord,
  TokenRecord,
  UserId,
  UserRecord,
} from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import {
  OF_TRASH,
  type Permission,
  type Reach,
  reachesOf,
  type ServicePeople,
  type Sharing,
} from "./reach.ts";
import { Guests, isWithinVisit } from "./guests.ts";
import type { RequestContext } from "./request-context.ts";
import { scopesByRole, scopesByServices } from "./scopes/held-scopes.ts";
import { spokenScope } from "./scopes/pinned.ts";
import { scopesOfToken } from "./scopes/token-scopes.ts";

export type Identity =
  | { readonly kind: "user"; readonly user: UserRecord; readonly session: SessionRecord }
  | { readonly kind: "token"; readonly user: UserRecord; readonly token: TokenRecord }
  /** A program that the configuration names. */
  | { readonly kind: "service"; readonly name: string; readonly token: TokenRecord }
  /** Whoever can open the control socket: the owner of the box. */
  | { readonly kind: "console" };

export type { Permission };

export class Permissions {
  readonly #state: StoreReader;
  readonly #sharing: Sharing;
  readonly #services: ServicePeople;
  readonly #guests: Guests;
  /** Who is in which class, by id. */
  readonly world: ScopeWorld = {
    isMember: (user, group) => this.#state.get("members", `${group}!${user}`) !== undefined,
  };

  constructor(
    state: StoreReader,
    {
      sharing = "teachers",
      services = {},
    }: { readonly sharing?: Sharing | undefined; readonly services?: ServicePeople } = {},
  ) {
    this.#state = state;
    this.#sharing = sharing;
    this.#services = services;
    this.#guests = new Guests(state, (owner) => this.mayAs(owner, "shares", owner));
  }

  /**
   * Without `subject`: whether they may do it to anyone at all, which says nothing about whom. Roles and classes
   * are looked up as they are now, whatever they were when the session began. A token may what its person may
   * now, within its scopes; a service what its scopes say. `server` is the notebook meant: the default one.
   */
  may(
    identity: Identity | undefined,
    permission: Permission,
    subject?: UserRecord,
    server = "",
  ): boolean {
    if (identity === undefined || (subject !== undefined && !this.#fits(permission, subject))) {
      return false;
    }
    switch (identity.kind) {
      case "console":
        // Nobody sits at a browser there.
        return permission !== "access:servers";
      case "user":
        // With a first password, only choosing an own one is open.
        return (
          !identity.session.mustChangePassword &&
          isWithinVisit(identity.session, permission, subject, server) &&
          (this.mayAs(identity.user, permission, subject, server) ||
            (identity.session.visits !== undefined &&
              this.#guests.mayLookInto(identity.user, subject)))
        );
      case "token":
        return (
          (this.mayAs(identity.user, permission, subject, server) ||
            (permission === "access:servers" &&
              this.#guests.isVisitedBy(identity.user, identity.token, subject, server))) &&
          this.#isInScope(
            identity.token,
            permission,
            subject && filterOf(permission, subject, server),
          )
        );
      case "service":
        return this.#isInScope(
          identity.token,
          permission,
          subject && filterOf(permission, subject, server),
        );
    }
  }

  /**
   * Whether a browser session may go into that notebook, on a visit that opens nothing else: whoever may open it, and
   * the teachers of a student, whose own rights are put aside for it.
   */
  mayVisit(identity: Identity | undefined, owner: UserRecord, server: string): boolean {
    if (identity?.kind !== "user" || identity.session.mustChangePassword) return false;
    if (this.may(identity, "access:servers", owner, server)) return true;
    return identity.session.visits === undefined && this.#guests.mayLookInto(identity.user, owner);
  }

  /**
   * Whether they may do it to people who do not exist yet: whoever may only do it to some cannot make others and
   * go on with those.
   */
  mayAnew(identity: Identity | undefined, permission: Permission): boolean {
    if (identity === undefined || !this.may(identity, permission)) return false;
    if (identity.kind !== "token" && identity.kind !== "service") return true;
    const { inherits, scopes } = scopesOfToken(identity.token);
    return inherits || covers(scopes, { name: permission }, this.world);
  }

  /** Whether they may do it to a class: an owner to all of them, a teacher to those that they teach. */
  mayInGroup(identity: Identity | undefined, permission: Permission, groupId: GroupId): boolean {
    if (identity === undefined || !this.may(identity, permission)) {
      return false;
    }
    if (identity.kind === "console") {
      return true;
    }
    const isInScope =
      identity.kind === "user" ||
      this.#isInScope(identity.token, permission, { by: "group", value: groupId });
    return isInScope && (identity.kind === "service" || this.#isOver(identity.user.id, groupId));
  }

  /** All that they may, expanded and sorted, as JupyterHub lists it: with names in the filters. */
  scopesOf(identity: Identity | undefined): readonly string[] {
    return this.spoken(this.pinnedScopesOf(identity));
  }

  /** As {@link scopesOf}, with ids in the filters. */
  pinnedScopesOf(identity: Identity | undefined): readonly Scope[] {
    switch (identity?.kind) {
      case undefined:
        return [];
      case "console":
        return scopeNames.filter((name) => name !== "access:servers").map((name) => ({ name }));
      case "user":
        return identity.session.mustChangePassword ? [] : this.heldBy(identity.user);
      case "service":
        return scopesOfToken(identity.token).scopes;
      case "token": {
        const { inherits, scopes } = scopesOfToken(identity.token);
        const { user, token } = identity;
        const held = [...this.heldBy(user), ...this.#guests.visitedScopes(user, token)];
        return inherits ? held : intersectScopes(scopes, held, this.world);
      }
    }
  }

  /** What a person may now, as scopes; none when they are locked or gone. */
  heldBy({ id }: UserRecord): readonly Scope[] {
    const user = activeUser(this.#state, id);
    if (user === undefined) return [];
    return expandScopes([
      ...scopesByRole(this.#state, user, this.#sharing),
      ...this.#guests.invitedScopes(user),
      ...scopesByServices(user, this.#services),
    ]);
  }

  /** The scopes of a token's record, as whoever asked for them named them. */
  spokenTexts(texts: readonly string[]): readonly string[] {
    return texts.flatMap((text) => {
      const scope = parseScope(text);
      return scope === undefined ? [text] : this.spoken([scope]);
    });
  }

  /** Of what is gone nothing is said. */
  spoken(scopes: readonly Scope[]): readonly string[] {
    return scopes
      .flatMap((scope) => spokenScope(this.#state, scope) ?? [])
      .map(formatScope)
      .toSorted();
  }

  /** Whether a person may, however they came. `server` is the notebook meant, where it is about one. */
  mayAs({ id }: UserRecord, permission: Permission, subject?: UserRecord, server = ""): boolean {
    const user = activeUser(this.#state, id);
    if (user === undefined) {
      return false;
    }
    const reaches = reachesOf(user.role, permission, this.#sharing);
    if (subject === undefined) return reaches.length > 0;
    return (
      reaches.some((reach) => this.#isWithin(reach, user, subject)) ||
      (kindOf(permission) === "servers" &&
        this.#guests.isInvited(user, permission, subject, server))
    );
  }

  #isInScope(token: TokenRecord, permission: Permission, filter: ScopeFilter | undefined): boolean {
    const { inherits, scopes } = scopesOfToken(token);
    if (inherits) return true;
    return filter === undefined
      ? scopes.some(({ name }) => name === permission)
      : covers(scopes, { name: permission, filter }, this.world);
  }

  #isOver(userId: UserId, groupId: GroupId): boolean {
    return (
      livingUser(this.#state, userId)?.role === "owner" ||
      classesTaughtBy(this.#state, userId).includes(groupId)
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

  #isOwnStudent(teacher: UserRecord, { id }: UserRecord): boolean {
    const now = this.#state.get("users", id);
    return now !== undefined && isOwnStudent(this.#state, teacher.id, now);
  }
}

function filterOf(permission: Permission, subject: UserRecord, server: string): ScopeFilter {
  return kindOf(permission) === "servers"
    ? { by: "server", value: `${subject.id}/${server}` }
    : { by: "user", value: subject.id };
}

export function actorOf(identity: Identity | undefined, context: RequestContext): Actor {
  const where = {
    request: context.id,
    ...(context.address === "" ? {} : { address: context.address }),
  };
  if (identity === undefined) {
    return { id: "anonymous", name: "anonymous", ...where };
  }
  switch (identity.kind) {
    case "console":
      return { id: "console", name: "console", ...where };
    case "service":
      return { id: "service", name: identity.name, ...where };
    case "user":
    case "token":
      return {
        id: identity.user.id,
        name: identity.user.name,
        role: identity.user.role,
        ...where,
      };
  }
}
