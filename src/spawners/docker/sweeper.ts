/** Removes what a hub that was killed left on the engine, behind the back of starts and stops. */
import type { Logger } from "#src/log.ts";
import { isId } from "#src/stores/ids.ts";
import type { InstanceId, ServerId } from "#src/stores/records.ts";
import type { Engine } from "./engine.ts";
import type { NetworkFacts } from "./engine/facts.ts";
import { LABEL, labelsOf } from "./names.ts";
import type { Networks } from "./networks/networks.ts";
import type { ServerStarts } from "./server-start.ts";
import type { Tasks } from "./tasks.ts";

interface SweeperOptions {
  readonly engine: Pick<Engine, "containers">;
  readonly networks: Networks;
  readonly tasks: Tasks;
  readonly starts: ServerStarts;
  readonly instanceId: InstanceId;
  readonly log: Logger;
  readonly closing: AbortController;
}

export class Sweeper {
  readonly #parts: SweeperOptions;
  /** Servers that a start or stop works on. */
  readonly #busy = new Map<ServerId, number>();
  /** Servers whose left-over network is being removed. */
  readonly #swept = new Map<ServerId, Promise<void>>();
  #sweeping: Promise<void> | undefined;

  constructor(options: SweeperOptions) {
    this.#parts = options;
  }

  /** Nothing of this server is removed until it is disposed of; what is being removed is waited for. */
  async keepOff(serverId: ServerId): Promise<Disposable> {
    this.#busy.set(serverId, (this.#busy.get(serverId) ?? 0) + 1);
    await this.#swept.get(serverId);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#busy.get(serverId) ?? 1) - 1;
        if (left === 0) this.#busy.delete(serverId);
        else this.#busy.set(serverId, left);
      },
    };
  }

  /** In the background: removes what is left over, and looks ahead to the first start. */
  sweep(): void {
    const { log, starts, closing } = this.#parts;
    const { signal } = closing;
    if (this.#sweeping !== undefined || signal.aborted) return;
    this.#sweeping = (async () => {
      try {
        await this.#removeLeftovers(signal);
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error }, "left-over networks could not be removed");
      }
      try {
        await starts.prepare(signal);
      } catch (error) {
        if (!signal.aborted) log.debug({ err: error }, "starts cannot work now");
      }
      this.#sweeping = undefined;
    })();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#sweeping;
  }

  async #removeLeftovers(signal: AbortSignal): Promise<void> {
    const { networks, tasks } = this.#parts;
    await tasks.sweep(signal);
    for (const network of await networks.list(signal)) {
      const serverId = network.labels[LABEL.server] ?? "";
      if (!isId<"server">(serverId) || this.#busy.has(serverId)) continue;
      const work = this.#removeIfUnused(serverId, network, signal);
      this.#swept.set(
        serverId,
        work.catch(() => {}),
      );
      try {
        await work;
      } finally {
        this.#swept.delete(serverId);
      }
    }
  }

  async #removeIfUnused(serverId: ServerId, network: NetworkFacts, signal: AbortSignal) {
    const { engine, networks, instanceId } = this.#parts;
    const labels = labelsOf(instanceId, "server", { serverId });
    const containers = await engine.containers.list(labels, signal);
    if (containers.length === 0) await networks.remove([network], signal);
  }
}
