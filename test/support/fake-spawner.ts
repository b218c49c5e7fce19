/** Spawners without an engine behind them. Two of them on one {@link FakeEngine} play a restart of the hub. */
import { HubError } from "#src/errors.ts";
import type {
  ServerEvent,
  ServerSpec,
  ServerState,
  ServerUsage,
  Spawner,
  SpawnerReport,
  SpawnerSupports,
  Step,
} from "#src/spawners/spawner.ts";
import type { ServerId } from "#src/stores/records.ts";
import { type FakeContainer, FakeEngine, type Point, isAlive } from "./fake-engine.ts";

export { FakeHomes } from "./fake-homes.ts";

const never = new Promise<never>(() => {});

export class FakeSpawner implements Spawner {
  readonly supports: SpawnerSupports = { freeze: true };
  readonly engine: FakeEngine;
  /** What a report says in place of the usual. */
  reported: Partial<SpawnerReport> = {};
  #isCut = false;

  constructor(engine = new FakeEngine()) {
    this.engine = engine;
  }

  /** The process of this spawner is killed: its calls never come back, and nothing they were about to do happens. */
  cut(): void {
    this.#isCut = true;
  }

  async *start(spec: ServerSpec, signal: AbortSignal): AsyncGenerator<Step, void, undefined> {
    const { engine } = this;
    const { serverId } = spec;
    engine.starts.push(serverId);
    engine.startsUnderWay += 1;
    engine.mostStartsUnderWay = Math.max(engine.mostStartsUnderWay, engine.startsUnderWay);
    try {
      await this.#reach("start", signal);
      const { profiles = ["default"] } = engine.options;
      if (!profiles.includes(spec.profile)) {
        throw new HubError("profile_missing", { profile: spec.profile });
      }
      const kept = this.#kept(spec);
      if (kept === undefined) engine.containers.delete(serverId);
      engine.networks.add(serverId);
      yield* this.#step("network", signal);
      engine.homes.add(spec.userId);
      yield* this.#step("volume", signal);
      const container = kept ?? engine.create(spec);
      yield* this.#step("container", signal);
      if (container.state === "created") {
        container.state = "running";
        container.started = new Date().toISOString();
        container.log.push(`started generation ${spec.generation}`);
      }
      container.isReachable = true;
      yield* this.#step("started", signal);
      await this.#reach("answering", signal);
      mustRun(container);
      yield { step: "answering", upstream: container.upstream };
    } catch (error) {
      if (!signal.aborted) engine.networks.delete(serverId);
      throw error;
    } finally {
      engine.startsUnderWay -= 1;
    }
  }

  async stop(serverId: ServerId, signal: AbortSignal): Promise<void> {
    const { engine } = this;
    await this.#reach("stop", signal);
    engine.die(serverId);
    await this.#reach("killed", signal);
    engine.containers.delete(serverId);
    await this.#reach("removed", signal);
    engine.networks.delete(serverId);
    await this.#reach("unplugged", signal);
  }

  async freeze(serverId: ServerId, signal: AbortSignal): Promise<void> {
    await this.#reach("freeze", signal);
    this.engine.setFrozen(serverId, true);
  }

  async resume(serverId: ServerId, signal: AbortSignal): Promise<void> {
    await this.#reach("resume", signal);
    this.engine.setFrozen(serverId, false);
  }

  async list(signal: AbortSignal): Promise<readonly ServerState[]> {
    // The answer is as old as the question.
    const states = Array.from(this.engine.containers.values(), stateOf);
    await this.#reach("list", signal);
    return states;
  }

  async inspect(serverId: ServerId, signal: AbortSignal): Promise<ServerState | undefined> {
    const container = this.engine.containers.get(serverId);
    const state = container === undefined ? undefined : stateOf(container);
    await this.#reach("inspect", signal);
    return state;
  }

  async *watch(signal: AbortSignal): AsyncGenerator<ServerEvent, void, undefined> {
    const { lost } = this.engine;
    const heard: (ServerEvent | "broken")[] =
      lost === undefined ? [] : [{ event: "engine_lost", failure: lost }];
    let wake: () => void = () => {};
    const stop = this.engine.watch((event) => {
      if (this.#isCut) return;
      heard.push(event);
      wake();
    });
    const onAbort = (): void => wake();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const next = heard.shift();
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else if (next === "broken") throw new Error("socket hang up");
        else yield next;
      }
    } finally {
      stop();
      signal.removeEventListener("abort", onAbort);
    }
  }

  async logs(serverId: ServerId, lines: number, signal: AbortSignal): Promise<readonly string[]> {
    await this.#reach("logs", signal);
    return this.engine.containers.get(serverId)?.log.slice(-lines) ?? [];
  }

  async usage(serverId: ServerId): Promise<ServerUsage | undefined> {
    const container = this.engine.containers.get(serverId);
    if (container === undefined || !isAlive(container)) return undefined;
    const { memoryBytes } = container.spec.limits;
    return { memoryBytes: memoryBytes / 4, memoryLimitBytes: memoryBytes, cpuSeconds: 1 };
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#reach("inspect", signal);
  }

  async report(signal: AbortSignal): Promise<SpawnerReport> {
    await this.#reach("inspect", signal);
    const { containers, networks, options } = this.engine;
    const { profiles = ["default"] } = options;
    return {
      version: "20.10.24",
      time: new Date().toISOString(),
      memoryBytes: 8 * 1024 ** 3,
      images: profiles.map((profile) => ({ profile, image: "notebook", isThere: true })),
      networks: { pool: "10.213.0.0/16", places: 4096, taken: networks.size },
      disk: { freeBytes: (100 - containers.size) * 1024 ** 3, totalBytes: 128 * 1024 ** 3 },
      ...this.reported,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
  }

  async *#step(
    step: "network" | "volume" | "container" | "started",
    signal: AbortSignal,
  ): AsyncGenerator<Step, void, undefined> {
    await this.#reach(step, signal);
    yield { step };
    // Who asked may have aborted while looking at the step.
    signal.throwIfAborted();
  }

  #kept(spec: ServerSpec): FakeContainer | undefined {
    const container = this.engine.containers.get(spec.serverId);
    const isSame = container?.spec.generation === spec.generation && container.state === "running";
    return isSame ? container : undefined;
  }

  /** As a driver does: at each point the call may be late, be aborted or fail. */
  async #reach(point: Point, signal: AbortSignal): Promise<void> {
    if (this.#isCut) await never;
    signal.throwIfAborted();
    await Promise.race([this.engine.reach(point), abortOf(signal)]);
    if (this.#isCut) await never;
    signal.throwIfAborted();
  }
}

/** Does not heed the signal of a start. */
export class StubbornSpawner extends FakeSpawner {
  override start(spec: ServerSpec): AsyncGenerator<Step, void, undefined> {
    return super.start(spec, new AbortController().signal);
  }
}

/** Breaks every promise of the seam: throws what is not from the table, tells nothing, ends its events. */
export class BadSpawner implements Spawner {
  readonly supports: SpawnerSupports = { freeze: false };

  start(): AsyncGenerator<Step, void, undefined> {
    throw new TypeError("cannot read properties of undefined");
  }

  async stop(): Promise<void> {
    throw new RangeError("out of range");
  }

  freeze(): Promise<void> {
    throw new Error("cannot freeze");
  }

  resume(): Promise<void> {
    throw new Error("cannot resume");
  }

  async list(): Promise<readonly ServerState[]> {
    return [];
  }

  async inspect(): Promise<ServerState | undefined> {
    throw "no idea";
  }

  watch(): AsyncGenerator<ServerEvent, void, undefined> {
    throw new Error("no events today");
  }

  async logs(): Promise<readonly string[]> {
    throw new Error("no log");
  }

  async usage(): Promise<ServerUsage | undefined> {
    return undefined;
  }

  async check(): Promise<void> {}

  async report(): Promise<SpawnerReport> {
    throw new Error("nothing to report");
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function mustRun({ state, exit, spec }: FakeContainer): void {
  if (state !== "exited") return;
  if (exit?.outOfMemory === true) {
    throw new HubError("out_of_memory", { limit: `${spec.limits.memoryBytes} bytes` });
  }
  throw new HubError("exited_at_once", { exit_code: exit?.code ?? -1 });
}

function stateOf(container: FakeContainer): ServerState {
  const { spec, state, upstream, isReachable, started, exit } = container;
  return {
    userId: spec.userId,
    serverId: spec.serverId,
    generation: spec.generation,
    profile: spec.profile,
    state,
    ...(isAlive(container) && isReachable ? { upstream } : {}),
    ...(started === undefined ? {} : { started }),
    ...(exit === undefined ? {} : { exit }),
  };
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
