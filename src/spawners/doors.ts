/**
 * Servers of kind `singleuser` ask the hub who visits. Each has a door of its own for that: an address of the hub in
 * the server's private network, which nobody else reaches. Drivers say where it is to be; here it is opened before
 * the server begins, and closed when it is gone.
 */
import type { Logger } from "#src/log.ts";
import type { ServerId } from "#src/stores/records.ts";
import type { ServerEvent, ServerSpec, ServerState, Spawner, Step, Upstream } from "./spawner.ts";

export interface Door {
  readonly serverId: ServerId;
  readonly generation: number;
  readonly at: Upstream;
}

export interface Doors {
  /** One that is open already is left as it is. Throws `no_door`. */
  open(door: Door): Promise<void>;
  /** With a generation: unless it is that of another one. */
  close(serverId: ServerId, generation?: number): void;
}

/** The same spawner, whose servers find their doors open. */
export function withDoors(spawner: Spawner, doors: Doors, log: Pick<Logger, "warn">): Spawner {
  const turns = new Turns();

  async function* start(spec: ServerSpec, signal: AbortSignal): AsyncGenerator<Step> {
    const { serverId, generation } = spec;
    let isUp = false;
    try {
      for await (const step of spawner.start(spec, signal)) {
        if (step.step === "answering") isUp = true;
        else if (step.hub !== undefined) {
          turns.take(serverId);
          await doors.open({ serverId, generation, at: step.hub });
        }
        yield step;
      }
    } finally {
      if (!isUp) doors.close(serverId, generation);
    }
  }

  async function* watch(signal: AbortSignal): AsyncGenerator<ServerEvent> {
    for await (const event of spawner.watch(signal)) {
      if (event.event === "died") doors.close(event.serverId, event.generation);
      yield event;
    }
  }

  return {
    supports: spawner.supports,
    start,
    watch,
    async stop(serverId, signal) {
      await spawner.stop(serverId, signal);
      turns.take(serverId);
      doors.close(serverId);
    },
    async list(signal) {
      const asked = turns.count;
      const states = await spawner.list(signal);
      const known = states.filter((state) => !turns.isAfter(asked, state.serverId));
      await Promise.all(known.map((state) => followState(state, doors, log)));
      return states;
    },
    async inspect(serverId, signal) {
      const asked = turns.count;
      const state = await spawner.inspect(serverId, signal);
      if (turns.isAfter(asked, serverId)) return state;
      if (state === undefined) doors.close(serverId);
      else await followState(state, doors, log);
      return state;
    },
    freeze: (serverId, signal) => spawner.freeze(serverId, signal),
    resume: (serverId, signal) => spawner.resume(serverId, signal),
    logs: (serverId, lines, signal) => spawner.logs(serverId, lines, signal),
    usage: (serverId, signal) => spawner.usage(serverId, signal),
    check: (signal) => spawner.check(signal),
    report: (signal) => spawner.report(signal),
    [Symbol.asyncDispose]: () => spawner[Symbol.asyncDispose](),
  };
}

/** Counts doors that open and stops that end: what the engine was asked before that says nothing of the server. */
class Turns {
  readonly #last = new Map<ServerId, number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  take(serverId: ServerId): void {
    this.#count += 1;
    this.#last.set(serverId, this.#count);
  }

  isAfter(count: number, serverId: ServerId): boolean {
    return (this.#last.get(serverId) ?? 0) > count;
  }
}

/** A server that runs is of more use without its door than not at all. */
async function followState(
  { serverId, generation, state, hub }: ServerState,
  doors: Doors,
  log: Pick<Logger, "warn">,
): Promise<void> {
  if (state === "exited") doors.close(serverId, generation);
  if (hub === undefined || state === "exited" || state === "created") return;
  try {
    await doors.open({ serverId, generation, at: hub });
  } catch (error) {
    log.warn({ err: error, server: serverId }, "a server cannot ask the hub who visits");
  }
}
