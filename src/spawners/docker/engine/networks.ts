/** The engine's networks. */
import type Docker from "dockerode";
import { HubError } from "#src/errors.ts";
import type { NetworkOptions } from "#src/spawners/docker/networks/network-spec.ts";
import {
  type EngineConnection,
  type LabelFilter,
  absent,
  labelFilter,
  requireJson,
  requireReference,
  withSignal,
} from "./connection.ts";
import { type NetworkFacts, readEndpointNames, readId, readNetwork } from "./facts.ts";

export class EngineNetworks {
  readonly #connection: EngineConnection;

  constructor(connection: EngineConnection) {
    this.#connection = connection;
  }

  async create(
    options: NetworkOptions,
    signal: AbortSignal,
  ): Promise<{ readonly id: string } | "name_taken" | "overlaps"> {
    requireReference(options.Name);
    return this.#connection.calls.ask<{ readonly id: string } | "name_taken" | "overlaps">({
      what: "create the network",
      signal,
      changes: true,
      otherwise: (status, message) => {
        if (/overlap/i.test(message)) return { answer: "overlaps" };
        return status === 409 ? { answer: "name_taken" } : undefined;
      },
      ask: async (s) => ({
        id: readId(await this.#connection.docker.createNetwork({ ...options, abortSignal: s })),
      }),
    });
  }

  /** Networks with these labels; without labels all of the engine. */
  async list(labels: LabelFilter, signal: AbortSignal): Promise<NetworkFacts[]> {
    const filters = { label: labelFilter(labels) };
    const found = await this.#connection.calls.ask({
      what: "list networks",
      signal,
      ask: async (s) =>
        requireJson(await this.#connection.docker.listNetworks({ filters, abortSignal: s })),
    });
    return found.map(readNetwork);
  }

  /** Whoever is still in it is put out first. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    const network = this.#connection.docker.getNetwork(requireReference(id));
    const remove = () =>
      this.#connection.calls.ask<"removed" | "in_use">({
        what: "remove the network",
        signal,
        changes: true,
        otherwise: (status, message) => {
          if (status === 404) return { answer: "removed" };
          return message.includes("has active endpoints") ? { answer: "in_use" } : undefined;
        },
        ask: async (s) => {
          await network.remove({ abortSignal: s });
          return "removed";
        },
      });
    if ((await remove()) === "removed") return;
    const facts: unknown = await this.#connection.calls.ask<unknown>({
      what: "look at the network",
      signal,
      otherwise: absent,
      ask: () => network.inspect(),
    });
    if (facts === undefined) return;
    for (const name of readEndpointNames(facts)) await this.#putOut(network, name, signal);
    if ((await remove()) === "in_use") {
      throw new HubError("spawner_failed", { detail: `the network ${id} is still in use` });
    }
  }

  /** Attaches a container. One that is attached already is fine. */
  async connect(
    network: string,
    container: string,
    signal: AbortSignal,
    address?: string,
  ): Promise<void> {
    const target = this.#connection.docker.getNetwork(requireReference(network));
    const endpoint = { IPAMConfig: { IPv4Address: address } };
    const options = {
      Container: requireReference(container),
      ...(address === undefined ? {} : { EndpointConfig: endpoint }),
    };
    await this.#connection.calls.ask<unknown>({
      what: "attach to the network",
      signal,
      changes: true,
      otherwise: (_status, message) =>
        /already exists in network|already attached to network/.test(message)
          ? { answer: undefined }
          : undefined,
      ask: (s) => target.connect({ ...options, ...withSignal(s) }),
    });
  }

  /** Detaches a container. One that is not attached, or gone, is fine. */
  async disconnect(network: string, container: string, signal: AbortSignal): Promise<void> {
    const target = this.#connection.docker.getNetwork(requireReference(network));
    await this.#putOut(target, requireReference(container), signal);
  }

  async #putOut(network: Docker.Network, container: string, signal: AbortSignal): Promise<void> {
    const options = { Container: container, Force: true };
    await this.#connection.calls.ask<unknown>({
      what: "detach from the network",
      signal,
      changes: true,
      otherwise: (status, message) =>
        status === 404 || message.includes("is not connected") ? { answer: undefined } : undefined,
      ask: (s) => network.disconnect({ ...options, abortSignal: s }),
    });
  }
}
