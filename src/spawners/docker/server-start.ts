/** The steps from a spec to a server that answers. Each may be repeated after a crash. */
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { ServerSpec, Step, StepName, Upstream } from "#src/spawners/spawner.ts";
import type { InstanceId, ServerId } from "#src/stores/records.ts";
import { untilAnswering } from "./answering.ts";
import { type ContainerOptions, containerSpec, withHub } from "./container-spec.ts";
import type { ContainerSummary, NetworkFacts } from "./engine/facts.ts";
import type { Engine } from "./engine.ts";
import type { HomeOwner, HomeVolumes } from "./home-volumes.ts";
import { isOurs, LABEL, type Labels, objectName, readServerLabels } from "./names.ts";
import type { Networks, ServerNetwork } from "./networks/networks.ts";
import type { PoolCheck } from "./networks/pool-check.ts";
import { DEFAULT_PROFILE, type Profile, type Profiles, requireProfile } from "./profiles.ts";
import { isAlive } from "./server-states.ts";
import { settleAll } from "./settle-all.ts";
import type { Tasks } from "./tasks.ts";

const CLEAN_UP_MS = 30_000;
/** JupyterHub's own for this. */
const HUB_PORT = 8081;

interface ServerStartsOptions {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly volumes: HomeVolumes;
  readonly poolCheck: PoolCheck;
  readonly tasks: Tasks;
  readonly profiles: Profiles;
  readonly instanceId: InstanceId;
  readonly startTimeoutSeconds: number;
  readonly stopTimeoutSeconds: number;
  readonly labels: Labels;
  readonly log: Logger;
}

interface Found {
  readonly imageId: string;
  readonly containers: readonly ContainerSummary[];
  readonly networks: readonly NetworkFacts[];
  readonly options: ContainerOptions;
}

export class ServerStarts {
  readonly #parts: ServerStartsOptions;
  readonly #engine: Engine;
  #cores: number | undefined;

  constructor(options: ServerStartsOptions) {
    this.#parts = options;
    this.#engine = options.engine;
  }

  /** Finds out beforehand what the first start would have to wait for; what fails, that start will tell. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { profiles, poolCheck, volumes } = this.#parts;
    const { image } = requireProfile(profiles, DEFAULT_PROFILE);
    const imageId = await this.#engine.requireImage(image, signal);
    await settleAll([
      this.#countCores(signal),
      volumes.isFilledBy(image, imageId, signal),
      poolCheck.check(signal),
    ]);
  }

  /** Resolves when nothing of what `prepare` and starts share is under way. */
  async idle(): Promise<void> {
    await Promise.all([this.#parts.poolCheck.idle(), this.#parts.volumes.idle()]);
  }

  async *run(spec: ServerSpec, signal: AbortSignal): AsyncGenerator<Step> {
    const profile = requireProfile(this.#parts.profiles, spec.profile);
    try {
      yield* this.#steps(spec, profile, signal);
    } catch (error) {
      if (!signal.aborted) await this.#abandon(spec.serverId);
      throw error;
    }
  }

  async *#steps(spec: ServerSpec, profile: Profile, signal: AbortSignal): AsyncGenerator<Step> {
    const found = await this.#within("network", signal, (s) => this.#look(spec, profile, s));
    let id = found.containers.find((one) => isSame(one, found.options))?.id;
    if (id === undefined) {
      await this.#within("network", signal, (s) => this.#removeAll(found.containers, s));
      const network = yield* this.#makeNetworkAndVolume(spec, found, signal);
      const hub = await this.#hubOf(spec, network, signal);
      id = await this.#within("container", signal, (s) => this.#makeContainer(spec, found, s, hub));
      yield { step: "container", ...(hub === undefined ? {} : { hub }) };
      const made = id;
      await this.#within("started", signal, (s) => this.#engine.containers.start(made, s));
    } else {
      const kept = id;
      const labels = found.containers.find((one) => one.id === kept)?.labels ?? {};
      const hub = readServerLabels(labels)?.hub;
      await this.#within("network", signal, (s) => this.#wake(spec.serverId, kept, s, hub));
      yield { step: "network" };
      yield { step: "volume" };
      yield { step: "container", ...(hub === undefined ? {} : { hub }) };
    }
    yield { step: "started" };
    yield { step: "answering", upstream: await this.#untilAnswering(spec, profile, id, signal) };
  }

  /** All that must be known before anything is made. */
  async #look(spec: ServerSpec, profile: Profile, signal: AbortSignal): Promise<Found> {
    const { instanceId, networks, volumes, poolCheck, stopTimeoutSeconds, labels } = this.#parts;
    const { serverId } = spec;
    const [imageId, containers, left, cores] = await settleAll([
      this.#engine.requireImage(profile.image, signal),
      this.#containersOf(serverId, signal),
      networks.list(signal, serverId),
      this.#countCores(signal),
      poolCheck.check(signal),
    ]);
    const network = networks.nameOf("net", serverId);
    const home = volumes.of(homeOf(spec));
    const input = { instanceId, spec, profile, network, home, stopTimeoutSeconds, cores, labels };
    return { imageId, containers, networks: left, options: containerSpec(input) };
  }

  async *#makeNetworkAndVolume(
    spec: ServerSpec,
    found: Found,
    signal: AbortSignal,
  ): AsyncGenerator<Step, ServerNetwork> {
    const { networks, volumes } = this.#parts;
    const [network] = await settleAll([
      this.#within("network", signal, async (s) => {
        const made = await networks.ensurePrivate(spec, found.networks, s);
        if (spec.network === "internet") await networks.ensureOutgoing(spec, found.networks, s);
        return made;
      }),
      this.#within("volume", signal, (s) => volumes.ensure(homeOf(spec), s)),
      this.#within("volume", signal, (s) =>
        volumes.isFilledBy(found.options.Image, found.imageId, s),
      ),
    ]);
    yield { step: "network" };
    yield { step: "volume" };
    return network;
  }

  /** Where this server is to ask the hub who visits, if it does that. */
  async #hubOf(
    spec: ServerSpec,
    network: ServerNetwork,
    signal: AbortSignal,
  ): Promise<Upstream | undefined> {
    if (spec.kind !== "singleuser") return undefined;
    return { host: await this.#parts.networks.hubAddress(network, signal), port: HUB_PORT };
  }

  /** The hub enters the network meanwhile: the engine does both at once. */
  async #makeContainer(
    spec: ServerSpec,
    found: Found,
    signal: AbortSignal,
    hub: Upstream | undefined,
  ): Promise<string> {
    const { networks, volumes } = this.#parts;
    const network = networks.nameOf("net", spec.serverId);
    const options = hub === undefined ? found.options : withHub(found.options, hub);
    const [id] = await settleAll([
      this.#createContainer(spec, options, signal),
      hub === undefined
        ? networks.attachHub(network, signal)
        : networks.placeHub(network, hub.host, signal),
    ]);
    if (spec.network === "internet") {
      await this.#engine.networks.connect(networks.nameOf("out", spec.serverId), id, signal);
    }
    if (!(await volumes.isFilledBy(found.options.Image, found.imageId, signal))) {
      await volumes.settleOwner(volumes.of(homeOf(spec)), id, signal);
    }
    return id;
  }

  async #createContainer(
    spec: ServerSpec,
    options: ContainerOptions,
    signal: AbortSignal,
  ): Promise<string> {
    const name = objectName(this.#parts.instanceId, "server", spec.serverId);
    const made = await this.#engine.containers.create(name, options, signal);
    if (made !== "name_taken") return made.id;
    const other = await this.#engine.containers.inspect(name, signal);
    if (other !== undefined) {
      if (!isOurs(other.labels, this.#parts.instanceId)) {
        throw new HubError("foreign_object", { kind: "container", name });
      }
      await this.#engine.containers.remove(other.id, signal);
    }
    const again = await this.#engine.containers.create(name, options, signal);
    if (again === "name_taken") throw new HubError("foreign_object", { kind: "container", name });
    return again.id;
  }

  /** A server of the same generation that runs already: the hub only has to reach it. */
  async #wake(
    serverId: ServerId,
    id: string,
    signal: AbortSignal,
    hub: Upstream | undefined,
  ): Promise<void> {
    const { networks } = this.#parts;
    await networks.attachHub(networks.nameOf("net", serverId), signal, hub?.host);
    await this.#engine.containers.resume(id, signal);
  }

  async #untilAnswering(
    spec: ServerSpec,
    profile: Profile,
    containerId: string,
    signal: AbortSignal,
  ): Promise<Upstream> {
    const network = this.#parts.networks.nameOf("net", spec.serverId);
    return untilAnswering(this.#parts, { spec, profile, containerId, network }, signal);
  }

  /** What did not come up takes no memory and no network; its container stays for its log. */
  async #abandon(serverId: ServerId): Promise<void> {
    const signal = AbortSignal.timeout(CLEAN_UP_MS);
    try {
      for (const container of await this.#containersOf(serverId, signal)) {
        if (isAlive(container.status)) await this.#engine.containers.stop(container.id, 0, signal);
      }
      const { networks } = this.#parts;
      await networks.remove(await networks.list(signal, serverId), signal);
    } catch (error) {
      this.#parts.log.warn({ err: error, serverId }, "a failed start could not be cleaned up");
    }
  }

  async #removeAll(containers: readonly ContainerSummary[], signal: AbortSignal): Promise<void> {
    const grace = this.#parts.stopTimeoutSeconds;
    await settleAll(
      containers.map(async ({ id, status }) => {
        if (isAlive(status)) await this.#engine.containers.stop(id, grace, signal);
        await this.#engine.containers.remove(id, signal);
      }),
    );
  }

  async #containersOf(serverId: ServerId, signal: AbortSignal): Promise<ContainerSummary[]> {
    const { instanceId } = this.#parts;
    return this.#engine.containers.list(
      { [LABEL.instance]: instanceId, [LABEL.server]: serverId },
      signal,
    );
  }

  async #countCores(signal: AbortSignal): Promise<number> {
    this.#cores ??= (await this.#engine.info(signal)).cores;
    return this.#cores;
  }

  /** A step that takes too long fails as that step. */
  async #within<Result>(
    step: StepName,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const seconds = this.#parts.startTimeoutSeconds;
    const limit = AbortSignal.timeout(seconds * 1000);
    try {
      return await work(AbortSignal.any([signal, limit]));
    } catch (error) {
      if (!limit.aborted || signal.aborted) throw error;
      throw new HubError("start_timeout", { step, seconds }, { cause: error });
    }
  }
}

/** Whose files it has. */
function homeOf({ userId, serverId, home }: ServerSpec): HomeOwner {
  return home === "own" ? { userId, serverId } : { userId };
}

function isSame(container: ContainerSummary, options: ContainerOptions): boolean {
  const one = readServerLabels(container.labels);
  const other = readServerLabels(options.Labels);
  return (
    isAlive(container.status) &&
    one?.generation === other?.generation &&
    one?.configHash === other?.configHash
  );
}
