/** An engine in memory: what a driver would make of Docker, with every mishap on command. */
import { type FailureData, HubError } from "#src/errors.ts";
import type { Timers } from "#src/timers.ts";
import type { ServerEvent, ServerSpec, ServerState, Upstream } from "#src/spawners/spawner.ts";
import type { ServerId, UserId } from "#src/stores/records.ts";

/** Where calls can be held, lost or made to fail: each stands for what has just been done. */
export const startPoints = [
  "start",
  "network",
  "volume",
  "container",
  "started",
  "answering",
] as const;
export const stopPoints = ["stop", "killed", "removed", "unplugged"] as const;
export type Point =
  | (typeof startPoints)[number]
  | (typeof stopPoints)[number]
  | "list"
  | "inspect"
  | "logs"
  | "freeze"
  | "resume";

export interface FakeContainer {
  readonly spec: ServerSpec;
  state: ServerState["state"];
  readonly upstream: Upstream;
  /** A hub that was made anew is in none of the networks until it starts a server again. */
  isReachable: boolean;
  started?: string;
  exit?: { readonly code: number; readonly outOfMemory: boolean };
  readonly log: string[];
}

export interface Hold {
  /** Kept when the first call has come here. */
  readonly reached: Promise<void>;
  release(): void;
}

export interface FakeEngineOptions {
  readonly timers?: Timers;
  /** How long each step of a start or stop, and each question about one server, takes. */
  readonly stepMs?: number;
  readonly profiles?: readonly string[];
  /** Where a server answers; for tests with a real port behind it. */
  readonly upstreamOf?: (spec: ServerSpec) => Upstream;
}

export class FakeEngine {
  readonly containers = new Map<ServerId, FakeContainer>();
  readonly networks = new Set<ServerId>();
  readonly homes = new Set<UserId>();
  /** Servers whose start was called, in order. */
  readonly starts: ServerId[] = [];
  /** Calls by what was asked. */
  readonly calls = new Map<Point, number>();
  readonly options: FakeEngineOptions;
  lost: FailureData | undefined;
  startsUnderWay = 0;
  mostStartsUnderWay = 0;
  readonly #watchers = new Set<(event: ServerEvent | "broken") => void>();
  readonly #holds = new Map<Point, { reach: () => void; readonly released: Promise<void> }>();
  readonly #failures: { readonly point: Point; readonly error: Error; times: number }[] = [];
  #hosts = 0;

  constructor(options: FakeEngineOptions = {}) {
    this.options = options;
  }

  /** Calls that reach `point` wait there until they are released. */
  hold(point: Point): Hold {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#holds.set(point, { reach: reached.resolve, released: released.promise });
    return {
      reached: reached.promise,
      release: () => {
        this.#holds.delete(point);
        released.resolve();
      },
    };
  }

  /** The next `times` calls that reach `point` fail there. */
  failAt(point: Point, error: Error, times = 1): void {
    this.#failures.push({ point, error, times });
  }

  /** Called by a spawner at each point. */
  async reach(point: Point): Promise<void> {
    this.calls.set(point, (this.calls.get(point) ?? 0) + 1);
    const { timers, stepMs = 0 } = this.options;
    if (timers !== undefined && stepMs > 0 && takesTime(point)) {
      await new Promise<void>((resolve) => timers.after(stepMs, resolve));
    }
    const hold = this.#holds.get(point);
    hold?.reach();
    await hold?.released;
    if (this.lost !== undefined) throw HubError.from(this.lost);
    const failure = this.#failures.find((each) => each.point === point && each.times > 0);
    if (failure === undefined) return;
    failure.times -= 1;
    throw failure.error;
  }

  create(spec: ServerSpec): FakeContainer {
    this.#hosts += 1;
    const container: FakeContainer = {
      spec,
      state: "created",
      upstream: this.options.upstreamOf?.(spec) ?? { host: `10.213.0.${this.#hosts}`, port: 8888 },
      isReachable: true,
      log: [],
    };
    this.containers.set(spec.serverId, container);
    return container;
  }

  /** The process of a server ends by itself, or by `docker kill`. */
  die(serverId: ServerId, code = 137, outOfMemory = false): void {
    const container = this.containers.get(serverId);
    if (container === undefined || !isAlive(container)) return;
    container.state = "exited";
    container.exit = { code, outOfMemory };
    container.log.push(`ended with ${code}`);
    const { generation } = container.spec;
    this.tell({ event: "died", serverId, generation, exitCode: code, outOfMemory });
  }

  /** Something inside a server is ended for want of memory. */
  outOfMemoryInside(serverId: ServerId): void {
    const container = this.containers.get(serverId);
    if (container === undefined) return;
    this.tell({ event: "out_of_memory", serverId, generation: container.spec.generation });
  }

  setFrozen(serverId: ServerId, isFrozen: boolean): void {
    const container = this.containers.get(serverId);
    const next = isFrozen ? "frozen" : "running";
    if (container === undefined || !isAlive(container) || container.state === next) return;
    container.state = next;
    const { generation } = container.spec;
    this.tell({ event: isFrozen ? "frozen" : "resumed", serverId, generation });
  }

  /** `docker rm -f`. */
  removeOutside(serverId: ServerId): void {
    this.die(serverId);
    this.containers.delete(serverId);
  }

  /** The engine goes away. `takesDown`: without live-restore, its containers with it. */
  lose(options: { readonly takesDown?: boolean; readonly silently?: boolean } = {}): void {
    const failure: FailureData = {
      code: "docker_unreachable",
      params: { detail: "there is no socket" },
    };
    this.lost = failure;
    if (options.takesDown === true) {
      for (const container of this.containers.values()) {
        if (!isAlive(container)) continue;
        container.state = "exited";
        container.exit = { code: 137, outOfMemory: false };
      }
    }
    if (options.silently !== true) this.tell({ event: "engine_lost", failure });
  }

  /** It is there again; events of the time between are lost. */
  back(): void {
    this.lost = undefined;
    this.tell({ event: "engine_back" });
  }

  /** Streams of events break, as a connection does; events until the next subscription are lost. */
  breakStreams(): void {
    for (const watcher of this.#watchers) watcher("broken");
    this.#watchers.clear();
  }

  watch(listener: (event: ServerEvent | "broken") => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  tell(event: ServerEvent): void {
    if (this.lost !== undefined && event.event !== "engine_lost") return;
    for (const watcher of this.#watchers) watcher(event);
  }

  /** Servers that run, frozen ones included. */
  alive(): readonly ServerId[] {
    return Array.from(this.containers)
      .filter(([, container]) => isAlive(container))
      .map(([serverId]) => serverId);
  }
}

export function isAlive(container: FakeContainer): boolean {
  return container.state === "running" || container.state === "frozen";
}

function takesTime(point: Point): boolean {
  return point !== "start" && point !== "stop" && point !== "list";
}
