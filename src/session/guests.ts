/** Who gets into the notebook of somebody else: by a share, or as a student's teacher on a visit. */
import { isOwnStudent } from "#src/services/accounts/memberships.ts";
import { activeUser, livingUser } from "#src/services/accounts/user-records.ts";
import {
  isSharedWith,
  scopesOf,
  serverOf,
  sharesWith,
} from "#src/services/shares/shared-access.ts";
import type { Scope } from "#src/scopes/scopes.ts";
import type { SessionRecord, TokenRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";

type Visits = NonNullable<SessionRecord["visits"]>;

export class Guests {
  readonly #state: StoreReader;
  readonly #mayShare: (owner: UserRecord) => boolean;

  constructor(state: StoreReader, mayShare: (owner: UserRecord) => boolean) {
    this.#state = state;
    this.#mayShare = mayShare;
  }

  /** What was given by somebody who may not give it any more opens nothing. */
  isInvited(guest: UserRecord, scope: string, owner: UserRecord, name: string): boolean {
    return (
      guest.id !== owner.id &&
      this.#mayShare(owner) &&
      isSharedWith(this.#state, guest.id, scope, { ownerId: owner.id, name })
    );
  }

  /** All that others opened to them. */
  invitedScopes(guest: UserRecord): readonly Scope[] {
    return sharesWith(this.#state, guest.id).flatMap((share) => {
      const server = serverOf(this.#state, share);
      const owner = activeUser(this.#state, share.ownerId);
      if (server === undefined || owner === undefined || owner.id === guest.id) return [];
      if (!this.#mayShare(owner)) return [];
      const filter = { by: "server", value: `${owner.id}/${server.name}` } as const;
      return scopesOf(share).map((name) => ({ name, filter }));
    });
  }

  /** Owners into every student's, teachers into those of their own. */
  mayLookInto({ id }: UserRecord, subject: UserRecord | undefined): boolean {
    const user = activeUser(this.#state, id);
    const student = subject === undefined ? undefined : livingUser(this.#state, subject.id);
    if (user === undefined || student?.role !== "student") return false;
    return user.role === "owner" || isOwnStudent(this.#state, user.id, student);
  }

  /** By a token that ends with a session which is on that visit: a server asks by it who its visitor is. */
  isVisitedBy(
    user: UserRecord,
    token: TokenRecord,
    subject: UserRecord | undefined,
    server: string,
  ): boolean {
    const visits = this.#visitsOf(token);
    return isOf(visits, subject, server) && this.mayLookInto(user, subject);
  }

  visitedScopes(user: UserRecord, token: TokenRecord): readonly Scope[] {
    const visits = this.#visitsOf(token);
    const owner = visits && livingUser(this.#state, visits.userId);
    if (visits === undefined || !this.isVisitedBy(user, token, owner, visits.serverName)) return [];
    const value = `${visits.userId}/${visits.serverName}`;
    return [{ name: "access:servers", filter: { by: "server", value } }];
  }

  #visitsOf({ session }: TokenRecord): Visits | undefined {
    return session && this.#state.get("sessions", session)?.visits;
  }
}

/** A session on a visit opens the notebook that it is in, and nothing else. */
export function isWithinVisit(
  { visits }: SessionRecord,
  permission: string,
  subject: UserRecord | undefined,
  server: string,
): boolean {
  if (visits === undefined) return true;
  return permission === "access:servers" && isOf(visits, subject, server);
}

function isOf(
  visits: Visits | undefined,
  subject: UserRecord | undefined,
  server: string,
): boolean {
  return visits !== undefined && subject?.id === visits.userId && server === visits.serverName;
}
