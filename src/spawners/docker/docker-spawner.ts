/** Servers as containers on the Docker engine. */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type {
  ServerEvent,
  ServerSpec,
  ServerState,
  ServerUsage,
  Spawner,
  SpawnerReport,
  Step,
  Upstream,
} from "#src/spawners/spawner.ts";
import type { InstanceId, ServerId } from "#src/stores/records.ts";
import type { ContainerFacts, ContainerSummary } from "./engine/facts.ts";
import type { Engine } from "./engine.ts";
import { type ContainerEvent, watchContainers, type WatchTimes } from "./events.ts";
import { logLines } from "./log-lines.ts";
import type { InstanceClaim } from "./instance-claim.ts";
import { labelsOf, readServerLabels } from "./names.ts";
import type { Networks } from "./networks/networks.ts";
import type { OwnContainer } from "./networks/own-container.ts";
import type { PoolCheck } from "./networks/pool-check.ts";
import { reportOf } from "./report.ts";
import { DEFAULT_PROFILE, type Profiles, requireProfile, upstreamOf } from "./profiles.ts";
import type { ServerStarts } from "./server-start.ts";
import { isAlive, onePerServer, serverState } from "./server-states.ts";
import { settleAll } from "./settle-all.ts";
import { Sweeper } from "./sweeper.ts";
import type { Tasks } from "./tasks.ts";

/** An "out of memory" of the engine belongs to an end that follows it within this time. */
const MEMORY_TO_END_MS = 10_000;
/** The events of everybody else wait meanwhile. */
const REASON_MS = 2000;
/** A hub that ends does not wait longer for an engine that is away. */
const RELEASE_MS = 2000;
const MOST_LOG_LINES = 2000;

interface DockerSpawnerOptions {
  readonly engine: Engine;
  readonly own: OwnContainer;
  readonly claim: InstanceClaim;
  readonly networks: Networks;
  readonly poolCheck: PoolCheck;
  readonly tasks: Tasks;
  readonly starts: ServerStarts;
  readonly profiles: Profiles;
  /** What throw-away containers are made of. */
  readonly helperImage: string;
  readonly pool: string;
  readonly instanceId: InstanceId;
  readonly stopTimeoutSeconds: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly watchTimes?: WatchTimes;
  /** Aborted when the spawner is disposed of: ends what goes on in the background. */
  readonly closing: AbortController;
}

export class DockerSpawner implements Spawner {
  readonly supports = { freeze: true };
  readonly #parts: DockerSpawnerOptions;
  readonly #engine: Engine;
  readonly #over: AbortController;
  readonly #sweeper: Sweeper;

  constructor(options: DockerSpawnerOptions) {
    this.#parts = options;
    this.#engine = options.engine;
    this.#over = options.closing;
    this.#sweeper = new Sweeper(options);
  }

  async *start(spec: ServerSpec, signal: AbortSignal): AsyncGenerator<Step> {
    using _busy = await this.#sweeper.keepOff(spec.serverId);
    await this.#parts.claim.hold(signal);
    yield* this.#parts.starts.run(spec, signal);
  }

  async stop(serverId: ServerId, signal: AbortSignal): Promise<void> {
    using _busy = await this.#sweeper.keepOff(serverId);
    await this.#parts.claim.hold(signal);
    const containers = await this.#containersOf(serverId, signal);
    await settleAll(
      containers.map(async ({ id, status }) => {
        if (!isAlive(status)) return;
        await this.#engine.containers.stop(id, this.#parts.stopTimeoutSeconds, signal);
      }),
    );
    const { networks } = this.#parts;
    await settleAll([
      ...containers.map(({ id }) => this.#engine.containers.remove(id, signal)),
      networks.list(signal, serverId).then((list) => networks.remove(list, signal)),
    ]);
  }

  async freeze(serverId: ServerId, signal: AbortSignal): Promise<void> {
    const container = await this.#require(serverId, signal);
    await this.#engine.containers.pause(container.id, signal);
  }

  async resume(serverId: ServerId, signal: AbortSignal): Promise<void> {
    const container = await this.#require(serverId, signal);
    await this.#engine.containers.resume(container.id, signal);
  }

  async list(signal: AbortSignal): Promise<readonly ServerState[]> {
    await this.#parts.claim.hold(signal);
    const labels = labelsOf(this.#parts.instanceId, "server");
    const containers = await this.#engine.containers.list(labels, signal);
    const attached = await this.#parts.own.networks(signal);
    const states: ServerState[] = [];
    const queue = onePerServer(containers);
    // A few at a time: each costs the engine a call, and one more to let a hub that was replaced into the network.
    await settleAll(
      [1, 2, 3, 4].map(async () => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
          const state = await this.#stateOf(one.id, attached, signal);
          if (state !== undefined) states.push(state);
        }
      }),
    );
    this.#sweeper.sweep();
    return states;
  }

  async inspect(serverId: ServerId, signal: AbortSignal): Promise<ServerState | undefined> {
    const container = await this.#find(serverId, signal);
    if (container === undefined) return undefined;
    return this.#stateOf(container.id, await this.#parts.own.networks(signal), signal);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const until = AbortSignal.any([signal, this.#over.signal]);
    const { instanceId, watchTimes } = this.#parts;
    const lastOutOfMemory = new Map<string, number>();
    for await (const notice of watchContainers(this.#engine, instanceId, until, watchTimes)) {
      if (notice.action === "engine_back") {
        yield { event: "engine_back" };
      } else if (notice.action === "engine_lost") {
        yield { event: "engine_lost", failure: notice.failure };
      } else {
        if (notice.action === "oom") {
          lastOutOfMemory.set(notice.containerId, this.#parts.clock.monotonic());
        }
        const event = await this.#serverEvent(notice, lastOutOfMemory, until);
        if (event !== undefined) yield event;
        if (notice.action === "die") lastOutOfMemory.delete(notice.containerId);
      }
    }
  }

  async logs(serverId: ServerId, lines: number, signal: AbortSignal): Promise<readonly string[]> {
    const container = await this.#find(serverId, signal);
    if (container === undefined) return [];
    const count = Math.min(lines, MOST_LOG_LINES);
    return logLines(await this.#engine.containers.readLog(container.id, count, signal), count);
  }

  async usage(serverId: ServerId, signal: AbortSignal): Promise<ServerUsage | undefined> {
    const container = await this.#find(serverId, signal);
    if (container === undefined || !isAlive(container.status)) return undefined;
    return this.#engine.containers.usage(container.id, signal);
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#engine.ping(signal);
    const { image } = requireProfile(this.#parts.profiles, DEFAULT_PROFILE);
    await this.#engine.requireImage(image, signal);
    await this.#engine.requireImage(this.#parts.helperImage, signal);
    await this.#parts.poolCheck.check(signal, { anew: true });
  }

  report(signal: AbortSignal): Promise<SpawnerReport> {
    return reportOf(this.#parts, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#sweeper.idle();
    await this.#parts.starts.idle();
    await this.#parts.claim.release(AbortSignal.timeout(RELEASE_MS));
  }

  async #stateOf(
    id: string,
    attached: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ServerState | undefined> {
    const facts = await this.#engine.containers.inspect(id, signal);
    if (facts === undefined) return undefined;
    return serverState(facts, await this.#reach(facts, attached, signal));
  }

  /** Where a container answers; the hub enters its network when it is not in it (a hub that was made anew). */
  async #reach(
    facts: ContainerFacts,
    attached: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<Upstream | undefined> {
    const labels = readServerLabels(facts.labels);
    if (labels === undefined || !isAlive(facts.status)) return undefined;
    const { networks, profiles, log } = this.#parts;
    const network = networks.nameOf("net", labels.serverId);
    const host = facts.addresses.get(network);
    if (host === undefined || host === "") return undefined;
    try {
      if (!attached.has(network)) await networks.attachHub(network, signal, labels.hub?.host);
    } catch (error) {
      signal.throwIfAborted();
      log.warn(
        { err: error, serverId: labels.serverId },
        "the hub cannot enter a server's network",
      );
      return undefined;
    }
    return upstreamOf(profiles.get(labels.profile), host);
  }

  async #serverEvent(
    notice: ContainerEvent,
    lastOutOfMemory: ReadonlyMap<string, number>,
    signal: AbortSignal,
  ): Promise<ServerEvent | undefined> {
    const { serverId, generation } = notice.server;
    switch (notice.action) {
      case "oom":
        return { event: "out_of_memory", serverId, generation };
      case "pause":
        return { event: "frozen", serverId, generation };
      case "unpause":
        return { event: "resumed", serverId, generation };
      case "die": {
        const { exitCode } = notice;
        const outOfMemory =
          exitCode === 137 && (await this.#endedByMemory(notice, lastOutOfMemory, signal));
        return { event: "died", serverId, generation, exitCode, outOfMemory };
      }
    }
  }

  async #endedByMemory(
    notice: ContainerEvent,
    lastOutOfMemory: ReadonlyMap<string, number>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const at = lastOutOfMemory.get(notice.containerId);
    if (at !== undefined) return this.#parts.clock.monotonic() - at < MEMORY_TO_END_MS;
    try {
      const soon = AbortSignal.any([signal, AbortSignal.timeout(REASON_MS)]);
      const facts = await this.#engine.containers.inspect(notice.containerId, soon);
      return facts?.outOfMemory ?? false;
    } catch {
      // It does not answer, or has just gone, and then that comes as a notice of its own.
      return false;
    }
  }

  #containersOf(serverId: ServerId, signal: AbortSignal): Promise<ContainerSummary[]> {
    const labels = labelsOf(this.#parts.instanceId, "server", { serverId });
    return this.#engine.containers.list(labels, signal);
  }

  async #find(serverId: ServerId, signal: AbortSignal): Promise<ContainerSummary | undefined> {
    return onePerServer(await this.#containersOf(serverId, signal))[0];
  }

  async #require(serverId: ServerId, signal: AbortSignal): Promise<ContainerSummary> {
    const container = await this.#find(serverId, signal);
    if (container !== undefined) return container;
    throw new HubError("spawner_failed", { detail: "there is no such container" });
  }
}
