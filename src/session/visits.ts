/**
 * Visits: a browser session in somebody else's notebook. All notebooks and the hub are one origin, so a page of
 * theirs runs with the visitor's session; while it is there, that session opens this one notebook and nothing
 * else. Only the password leads back, by a session of its own.
 */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { assertActorStays } from "#src/services/accounts/life-changes.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import { findServer, putServer } from "#src/services/servers/server-rows.ts";
import type { SessionId, SessionRecord, UserId, UserRecord } from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";

interface VisitsParts {
  readonly store: Store;
  readonly clock: Clock;
}

export interface Visitor {
  readonly user: UserRecord;
  readonly session: SessionRecord;
}

interface Visited {
  readonly owner: UserRecord;
  readonly name: string;
  /** The owner opened it to the visitor. */
  readonly isInvited: boolean;
}

export class Visits {
  readonly #parts: VisitsParts;

  constructor(parts: VisitsParts) {
    this.#parts = parts;
  }

  /**
   * Whatever else was open with the session ends. Of a teacher who was not invited it is kept with the server, for its
   * owner to see. Throws `sign_in_required` when the session has ended itself, and `not_allowed` when its person may
   * not go on.
   */
  async begin(session: SessionRecord, server: Visited, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts;
    await store.change((state) => {
      const record = state.get("sessions", session.id);
      if (record === undefined || record.visits !== undefined) {
        throw new HubError("sign_in_required");
      }
      assertActorStays(state, actor);
      const visits = { userId: server.owner.id, serverName: server.name };
      const about = { action: "visit.begun", actor, subject: server.owner } as const;
      return {
        writes: [
          { put: "sessions", key: session.id, record: { ...record, visits } },
          ...(server.isInvited ? [] : noteVisit(state, server, session.userId, clock)),
          auditRow(about, clock),
        ],
        result: undefined,
      };
    });
  }

  /** Who is in a notebook of this person, the last come first. */
  in(owner: UserId): readonly SessionRecord[] {
    return Array.from(this.#parts.store.entries("sessions"), ([, session]) => session)
      .filter(({ visits }) => visits?.userId === owner)
      .toSorted((a, b) => (a.lastSeen < b.lastSeen ? 1 : -1));
  }
}

function noteVisit(
  state: StoreReader,
  { owner, name }: Visited,
  by: UserId,
  clock: Clock,
): Write[] {
  const server = findServer(state, owner.id, name);
  return server === undefined
    ? []
    : [putServer({ ...server, visited: { by, at: isoTime(clock) } })];
}

/** For the session that gives way to another one of the same browser. */
export function endVisit(
  state: StoreReader,
  id: SessionId,
  actor: Pick<Actor, "address" | "request">,
  clock: Clock,
): Write[] {
  const session = state.get("sessions", id);
  if (session?.visits === undefined) return [];
  const visitor = state.get("users", session.userId);
  const subject = state.get("users", session.visits.userId);
  const by = { ...actor, id: session.userId, name: visitor?.name ?? "" };
  return [
    { remove: "sessions", key: id },
    auditRow(
      { action: "visit.ended", actor: by, ...(subject === undefined ? {} : { subject }) },
      clock,
    ),
  ];
}

export function isSameVisit(one: SessionRecord["visits"], other: SessionRecord["visits"]): boolean {
  return one?.userId === other?.userId && one?.serverName === other?.serverName;
}
