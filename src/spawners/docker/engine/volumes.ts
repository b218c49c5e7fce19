/** The engine's volumes. */
import type { Labels } from "#src/spawners/docker/names.ts";
import { type EngineConnection, absent, requireJson, requireReference } from "./connection.ts";
import { readLabels } from "./facts.ts";

export class EngineVolumes {
  readonly #connection: EngineConnection;

  constructor(connection: EngineConnection) {
    this.#connection = connection;
  }

  async create(name: string, labels: Labels, signal: AbortSignal): Promise<void> {
    const options = { Name: requireReference(name), Driver: "local", Labels: { ...labels } };
    await this.#connection.change({
      what: "create the volume",
      signal,
      ask: (s) => this.#connection.docker.createVolume({ ...options, abortSignal: s }),
    });
  }

  /** Its labels; `undefined` when there is no such volume. */
  async labelsOf(name: string, signal: AbortSignal): Promise<Labels | undefined> {
    const volume = this.#connection.docker.getVolume(requireReference(name));
    return this.#connection.calls.ask<Labels | undefined>({
      what: "look at the volume",
      signal,
      otherwise: absent,
      ask: async (s) => readLabels(requireJson(await volume.inspect({ abortSignal: s }))),
    });
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    const volume = this.#connection.docker.getVolume(requireReference(name));
    await this.#connection.change({
      what: "remove the volume",
      signal,
      fine: [404],
      ask: (s) => volume.remove({ abortSignal: s }),
    });
  }
}
