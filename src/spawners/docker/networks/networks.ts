/** The private networks of servers: made from the pool, joined by the hub, removed. */
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { NetworkFacts } from "#src/spawners/docker/engine/facts.ts";
import type { Engine } from "#src/spawners/docker/engine.ts";
import {
  isOurs,
  LABEL,
  type Labels,
  labelsOf,
  type ObjectKind,
  objectName,
} from "#src/spawners/docker/names.ts";
import type { InstanceId, ServerId, UserId } from "#src/stores/records.ts";
import { isOfKind, type NetworkKind, networkSpec } from "./network-spec.ts";
import type { OwnContainer } from "./own-container.ts";
import { formatAddress, parseRange, SubnetPool } from "./pool.ts";

/** Refusals of the engine after which the pool counts as used up: each look at its networks should end them. */
const MOST_REFUSALS = 16;

export interface ServerNetwork {
  readonly id: string;
  readonly name: string;
  readonly subnet: string;
}

interface NetworksOptions {
  readonly engine: Engine;
  readonly own: OwnContainer;
  readonly instanceId: InstanceId;
  readonly pool: string;
  /** Put on every network besides our own labels. */
  readonly labels: Labels;
  readonly log: Logger;
}

interface Owner {
  readonly userId: UserId;
  readonly serverId: ServerId;
}

export class Networks {
  readonly #engine: Engine;
  readonly #own: OwnContainer;
  readonly #instanceId: InstanceId;
  readonly #poolName: string;
  readonly #pool: SubnetPool;
  readonly #labels: Labels;
  readonly #log: Logger;
  #looked = false;
  #warned = false;

  constructor(options: NetworksOptions) {
    this.#engine = options.engine;
    this.#own = options.own;
    this.#instanceId = options.instanceId;
    this.#poolName = options.pool;
    this.#pool = new SubnetPool(options.pool);
    this.#labels = options.labels;
    this.#log = options.log;
  }

  nameOf(kind: "net" | "out", serverId: ServerId): string {
    return objectName(this.#instanceId, kind, serverId);
  }

  /** All networks of this instance, or of one server. */
  async list(signal: AbortSignal, serverId?: ServerId): Promise<NetworkFacts[]> {
    return this.#engine.networks.list(
      {
        [LABEL.instance]: this.#instanceId,
        ...(serverId === undefined ? {} : { [LABEL.server]: serverId }),
      },
      signal,
    );
  }

  /** The private network of a server; `leftovers` of an earlier start are used again when they fit. */
  async ensurePrivate(
    owner: Owner,
    leftovers: readonly NetworkFacts[],
    signal: AbortSignal,
  ): Promise<ServerNetwork> {
    const inContainer = (await this.#own.id(signal)) !== undefined;
    if (!inContainer && !this.#warned) {
      this.#warned = true;
      this.#log.warn(
        "the hub runs outside a container: notebooks can reach this machine. For development only",
      );
    }
    return this.#ensure("net", inContainer ? "sealed" : "host", owner, leftovers, signal);
  }

  /** Its way out. A network of its own, because one with a gateway would take over the hub's default route. */
  async ensureOutgoing(
    owner: Owner,
    leftovers: readonly NetworkFacts[],
    signal: AbortSignal,
  ): Promise<ServerNetwork> {
    return this.#ensure("out", "outgoing", owner, leftovers, signal);
  }

  /** Lets the hub into a network, when it runs in a container. */
  async attachHub(network: string, signal: AbortSignal, address?: string): Promise<void> {
    const own = await this.#own.id(signal);
    if (own !== undefined) await this.#engine.networks.connect(network, own, signal, address);
  }

  /** As {@link attachHub}, at this address: whatever it was there before. */
  async placeHub(network: string, address: string, signal: AbortSignal): Promise<void> {
    const own = await this.#own.id(signal);
    if (own === undefined) return;
    await this.#engine.networks.disconnect(network, own, signal);
    await this.#engine.networks.connect(network, own, signal, address);
  }

  /**
   * Where the hub is to be in a private network, when servers in it ask for it: on the host that is its bridge; in a
   * container the last address, which the engine, that begins with the first, gives to nobody by itself.
   */
  async hubAddress(
    { subnet }: Pick<ServerNetwork, "subnet">,
    signal: AbortSignal,
  ): Promise<string> {
    const range = parseRange(subnet);
    if (range === undefined) throw new TypeError(`not an IPv4 network: ${subnet}`);
    const isContained = (await this.#own.id(signal)) !== undefined;
    return formatAddress(isContained ? range.last - 1 : range.first + 1);
  }

  /** Removes networks whose containers are gone or stopped; the hub leaves them first. */
  async remove(networks: readonly NetworkFacts[], signal: AbortSignal): Promise<void> {
    const own = await this.#own.id(signal);
    for (const network of networks) {
      if (own !== undefined && network.labels[LABEL.kind] === "net") {
        await this.#engine.networks.disconnect(network.id, own, signal);
      }
      await this.#engine.networks.remove(network.id, signal);
      for (const subnet of network.subnets) this.#pool.release(subnet);
    }
  }

  async #ensure(
    kind: Extract<ObjectKind, "net" | "out">,
    wanted: NetworkKind,
    owner: Owner,
    leftovers: readonly NetworkFacts[],
    signal: AbortSignal,
  ): Promise<ServerNetwork> {
    const name = objectName(this.#instanceId, kind, owner.serverId);
    const old = leftovers.filter((network) => network.labels[LABEL.kind] === kind);
    const fitting = old.find((network) => network.name === name && this.#fits(network, wanted));
    const stale = old.filter((network) => network !== fitting);
    if (stale.length > 0) await this.remove(stale, signal);
    if (fitting !== undefined) return { id: fitting.id, name, subnet: fitting.subnets[0] ?? "" };
    const labels = { ...this.#labels, ...labelsOf(this.#instanceId, kind, owner) };
    for (let refusals = 0; refusals < MOST_REFUSALS;) {
      const subnet = await this.#takeSubnet(signal);
      const made = await this.#create(networkSpec({ name, kind: wanted, subnet, labels }), signal);
      if (made === "overlaps") {
        refusals += 1;
        this.#looked = false;
      } else if (made === "name_taken") {
        await this.#removeByName(name, signal);
        refusals += 1;
      } else {
        return { id: made.id, name, subnet };
      }
    }
    throw new HubError("pool_exhausted", { pool: this.#poolName });
  }

  async #create(options: ReturnType<typeof networkSpec>, signal: AbortSignal) {
    const subnet = options.IPAM.Config[0]?.Subnet ?? "";
    try {
      const made = await this.#engine.networks.create(options, signal);
      if (made === "name_taken") this.#pool.release(subnet);
      else this.#pool.settle(subnet);
      return made;
    } catch (error) {
      // It may have been made all the same: the next look at the engine's networks tells.
      this.#pool.settle(subnet);
      throw error;
    }
  }

  async #takeSubnet(signal: AbortSignal): Promise<string> {
    if (this.#looked) {
      const free = this.#pool.take();
      if (free !== undefined) return free;
    }
    const all = await this.#engine.networks.list({}, signal);
    this.#pool.occupy(all.flatMap((network) => network.subnets));
    this.#looked = true;
    const free = this.#pool.take();
    if (free === undefined) throw new HubError("pool_exhausted", { pool: this.#poolName });
    return free;
  }

  #fits(network: NetworkFacts, wanted: NetworkKind): boolean {
    return isOfKind(network, wanted) && network.subnets.every((one) => this.#pool.contains(one));
  }

  async #removeByName(name: string, signal: AbortSignal): Promise<void> {
    const all = await this.#engine.networks.list({}, signal);
    const clashing = all.filter((network) => network.name === name);
    for (const network of clashing) {
      if (!isOurs(network.labels, this.#instanceId)) {
        throw new HubError("foreign_object", { kind: "network", name });
      }
    }
    await this.remove(clashing, signal);
  }
}
