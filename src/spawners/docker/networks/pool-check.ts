/** Whether the pool hides a part of the network that the box itself is in. */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { EngineNetworks } from "#src/spawners/docker/engine/networks.ts";
import { SharedWork } from "#src/spawners/docker/shared-work.ts";
import type { Tasks } from "#src/spawners/docker/tasks.ts";
import { parseRoutes, type Route } from "./host-routes.ts";
import { overlaps, parseRange } from "./pool.ts";

const GOOD_FOR_MS = 10 * 60_000;
/** A conflict goes away when somebody plugs the box in elsewhere: it is looked at again soon. */
const BAD_FOR_MS = 10_000;
const LOOK_TIMEOUT_MS = 60_000;

/** The first route that overlaps the pool; the engine's own bridges do not count, it refuses those itself. */
export function findConflict(
  pool: string,
  routes: readonly Route[],
  bridges: ReadonlySet<string>,
): Route | undefined {
  const range = parseRange(pool);
  if (range === undefined) return undefined;
  return routes.find((route) => !bridges.has(route.interface) && overlaps(route.range, range));
}

export class PoolCheck {
  readonly #engine: { readonly networks: Pick<EngineNetworks, "list"> };
  readonly #tasks: Pick<Tasks, "text">;
  readonly #pool: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #looking: SharedWork<Route | undefined>;
  #last: { readonly at: number; readonly conflict: Route | undefined } | undefined;

  constructor(options: {
    readonly engine: { readonly networks: Pick<EngineNetworks, "list"> };
    readonly tasks: Pick<Tasks, "text">;
    readonly pool: string;
    readonly clock: Clock;
    readonly log: Logger;
    /** Ends what is under way. */
    readonly closing: AbortSignal;
  }) {
    this.#engine = options.engine;
    this.#tasks = options.tasks;
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#looking = new SharedWork({
      closing: options.closing,
      timeoutMs: LOOK_TIMEOUT_MS,
      work: (signal) => this.#look(signal),
    });
  }

  /** Throws `pool_conflict`. What was found is good for a while, unless a look `anew` is asked for. */
  async check(signal: AbortSignal, options: { readonly anew?: boolean } = {}): Promise<void> {
    const now = this.#clock.monotonic();
    const goodFor = this.#last?.conflict === undefined ? GOOD_FOR_MS : BAD_FOR_MS;
    if (options.anew === true || this.#last === undefined || now - this.#last.at > goodFor) {
      this.#last = { at: now, conflict: await this.#looking.result(signal) };
    }
    const { conflict } = this.#last;
    if (conflict !== undefined) {
      throw new HubError("pool_conflict", { pool: this.#pool, network: conflict.network });
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#looking.idle();
  }

  async #look(signal: AbortSignal): Promise<Route | undefined> {
    const before = await this.#engine.networks.list({}, signal);
    const routes = parseRoutes(await this.#readRoutes(signal));
    // Networks come and go meanwhile, this hub's and those of another one with the same pool.
    const after = await this.#engine.networks.list({}, signal);
    const bridges = new Set([...before, ...after].map((network) => network.bridge));
    return findConflict(this.#pool, routes, bridges);
  }

  /** From a container on the host's network: the hub's own container has other routes. */
  async #readRoutes(signal: AbortSignal): Promise<string> {
    try {
      const script = "cat /proc/net/route";
      return await this.#tasks.text(
        { script, arguments: [], network: "host", user: "notebook" },
        signal,
      );
    } catch (error) {
      if (signal.aborted || !(error instanceof HubError) || error.code !== "spawner_failed")
        throw error;
      // An image without a shell must not keep notebooks from starting.
      this.#log.warn(
        { err: error },
        "the routes of the host could not be read; the pool is not checked",
      );
      return "";
    }
  }
}
