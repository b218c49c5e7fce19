/** Where each running server answers. Filled from what the servers do, never stored. */
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { ServerSpec, Upstream } from "#src/spawners/spawner.ts";
import type { ServerId, UserId } from "#src/stores/records.ts";

export interface Route {
  readonly userId: UserId;
  /** `""` is the default server. */
  readonly serverName: string;
  readonly serverId: ServerId;
  readonly generation: number;
  readonly upstream: Upstream;
  /** What the container asks of whoever reaches its port. */
  readonly secret: string;
  readonly kind: ServerSpec["kind"];
}

/** What the table needs of `Servers`. */
interface RouteSource {
  onChange(
    listener: (userId: UserId, serverName: string, status: ServerStatus) => void,
  ): () => void;
  route(
    userId: UserId,
    serverName: string,
  ):
    | (Pick<Route, "serverId" | "generation" | "upstream" | "secret"> &
        Partial<Pick<Route, "kind">>)
    | undefined;
}

export class RoutingTable {
  readonly #byUser = new Map<UserId, Map<string, Route>>();
  readonly #removed = new Set<(route: Route) => void>();

  set(route: Route): void {
    const servers = this.#byUser.get(route.userId) ?? new Map<string, Route>();
    const before = servers.get(route.serverName);
    if (before !== undefined && isSame(before, route)) return;
    servers.set(route.serverName, route);
    this.#byUser.set(route.userId, servers);
    if (before !== undefined) this.#tellRemoved(before);
  }

  remove(userId: UserId, serverName: string): void {
    const servers = this.#byUser.get(userId);
    const route = servers?.get(serverName);
    if (servers === undefined || route === undefined) return;
    servers.delete(serverName);
    if (servers.size === 0) this.#byUser.delete(userId);
    this.#tellRemoved(route);
  }

  lookup(userId: UserId, serverName: string): Route | undefined {
    return this.#byUser.get(userId)?.get(serverName);
  }

  all(): readonly Route[] {
    return Array.from(this.#byUser.values(), (servers) => [...servers.values()]).flat();
  }

  /** Called with each route that goes or is replaced; the answer ends the subscription. */
  onRemoved(listener: (route: Route) => void): () => void {
    this.#removed.add(listener);
    return () => this.#removed.delete(listener);
  }

  /** Keeps the table in step with the servers; the answer ends that. Subscribe before `Servers.open`. */
  follow(servers: RouteSource): () => void {
    return servers.onChange((userId, serverName) => {
      const found = servers.route(userId, serverName);
      if (found === undefined) this.remove(userId, serverName);
      else this.set({ kind: "jupyter", ...found, userId, serverName });
    });
  }

  #tellRemoved(route: Route): void {
    for (const listener of this.#removed) listener(route);
  }
}

function isSame(a: Route, b: Route): boolean {
  return (
    a.serverId === b.serverId &&
    a.generation === b.generation &&
    a.secret === b.secret &&
    a.kind === b.kind &&
    a.upstream.host === b.upstream.host &&
    a.upstream.port === b.upstream.port &&
    a.upstream.stripsPrefix === b.upstream.stripsPrefix
  );
}
