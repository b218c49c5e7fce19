/** What is under way now, by session or token and by route, so that it can be ended within a second. */
import type { SessionId, TokenId } from "#src/stores/records.ts";
import type { Route } from "./routing-table.ts";

interface Connection {
  /** Or the token in its place. */
  readonly session: SessionId | TokenId | undefined;
  readonly route: Route;
  readonly close: () => void;
  /** Whether it still may be open; absent: as long as its session or token and its route are there. */
  readonly mayStay?: (() => boolean) | undefined;
}

export class OpenConnections {
  readonly #bySession = new Map<SessionId | TokenId, Set<Connection>>();
  readonly #byRoute = new Map<Route, Set<Connection>>();
  /** Those that somebody else's leave is behind. */
  readonly #guests = new Set<Connection>();
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The answer is to be called when it has ended by itself. */
  add(connection: Connection): () => void {
    put(this.#byRoute, connection.route, connection);
    if (connection.session !== undefined) put(this.#bySession, connection.session, connection);
    if (connection.mayStay !== undefined) this.#guests.add(connection);
    this.#count += 1;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#count -= 1;
      this.#guests.delete(connection);
      drop(this.#byRoute, connection.route, connection);
      if (connection.session !== undefined) drop(this.#bySession, connection.session, connection);
    };
  }

  closeSessions(ids: ReadonlySet<SessionId | TokenId>): void {
    for (const id of ids) closeAll(this.#bySession.get(id));
  }

  closeRoute(route: Route): void {
    closeAll(this.#byRoute.get(route));
  }

  /** Rights have changed: whoever was let in by somebody may not be any more. */
  closeUninvited(): void {
    for (const connection of this.#guests) {
      if (connection.mayStay?.() === false) connection.close();
    }
  }

  closeAll(): void {
    for (const connections of this.#byRoute.values()) closeAll(connections);
  }
}

function put<Key>(index: Map<Key, Set<Connection>>, key: Key, connection: Connection): void {
  const connections = index.get(key);
  if (connections === undefined) index.set(key, new Set([connection]));
  else connections.add(connection);
}

function drop<Key>(index: Map<Key, Set<Connection>>, key: Key, connection: Connection): void {
  const connections = index.get(key);
  connections?.delete(connection);
  if (connections?.size === 0) index.delete(key);
}

function closeAll(connections: ReadonlySet<Connection> | undefined): void {
  for (const connection of connections ?? []) connection.close();
}
