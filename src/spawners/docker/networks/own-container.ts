/** The container that the hub itself runs in, if it runs in one. */
import { readFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import type { ContainerFacts } from "#src/spawners/docker/engine/facts.ts";
import type { Engine } from "#src/spawners/docker/engine.ts";

function ownAddresses(): Set<string> {
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set(interfaces.map((one) => one.address));
}

/** A container's `/etc/hostname` is mounted from the engine's folder for it, whatever its host name is. */
export function containerIdIn(mountInfo: string): string | undefined {
  return /\/containers\/([0-9a-f]{64})\/hostname /.exec(mountInfo)?.[1];
}

/**
 * A container that carries this host's name is the hub's only when one of its addresses is ours too: on the host,
 * some container may happen to have the host's name.
 */
export function isThisProcess(container: ContainerFacts, addresses: ReadonlySet<string>): boolean {
  return [...container.addresses.values()].some((address) => addresses.has(address));
}

export class OwnContainer {
  readonly #engine: Engine;
  #known: { readonly id: string | undefined } | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** `undefined`: the hub runs on the host. Found once; asked again as long as the engine is away. */
  async id(signal: AbortSignal): Promise<string | undefined> {
    this.#known ??= { id: await this.#find(signal) };
    return this.#known.id;
  }

  /** Names of the networks that the hub is attached to; empty on the host. */
  async networks(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const id = await this.id(signal);
    if (id === undefined) return new Set();
    const facts = await this.#engine.containers.inspect(id, signal);
    return new Set(facts?.addresses.keys());
  }

  async #find(signal: AbortSignal): Promise<string | undefined> {
    const mountInfo = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
    for (const reference of [hostname(), containerIdIn(mountInfo)]) {
      if (reference === undefined) continue;
      const found = await this.#engine.containers.inspectByHostname(reference, signal);
      if (found !== undefined && isThisProcess(found, ownAddresses())) return found.id;
    }
    return undefined;
  }
}
