/**
 * Kept-alive connections to containers: a pool for each route, so that one container's can neither use up nor
 * poison another's, gone with the route.
 */
import { Agent } from "node:http";
import type { Route } from "./routing-table.ts";

/** A browser opens six to a host; a person may have several, and programs. More wait. */
const MOST_SOCKETS = 64;
const MOST_IDLE = MOST_SOCKETS;
/** Shorter than any notebook server's own limit, so that a request seldom meets a connection being closed. */
const IDLE_MS = 15_000;

export class UpstreamAgents {
  readonly #byRoute = new Map<Route, Agent>();

  of(route: Route): Agent {
    const known = this.#byRoute.get(route);
    if (known !== undefined) return known;
    const agent = new Agent({
      keepAlive: true,
      maxSockets: MOST_SOCKETS,
      maxFreeSockets: MOST_IDLE,
      scheduling: "lifo",
      timeout: IDLE_MS,
    });
    this.#byRoute.set(route, agent);
    return agent;
  }

  forget(route: Route): void {
    this.#byRoute.get(route)?.destroy();
    this.#byRoute.delete(route);
  }

  close(): void {
    for (const agent of this.#byRoute.values()) agent.destroy();
    this.#byRoute.clear();
  }
}
