/**
 * The Docker engine in our words: it and what is below engine/ alone know dockerode. Every call has a deadline, every
 * failure is one of the table, and nothing but names and ids of ours reaches a path.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { HubError } from "#src/errors.ts";
import {
  EngineConnection,
  type LabelFilter,
  absent,
  labelFilter,
  withSignal,
} from "./engine/connection.ts";
import { EngineContainers } from "./engine/containers.ts";
import { type EngineInfo, readArchitecture, readId, readInfo } from "./engine/facts.ts";
import { EngineNetworks } from "./engine/networks.ts";
import { EngineVolumes } from "./engine/volumes.ts";
import { isImageReference } from "./names.ts";

export interface EventStream {
  readonly stream: Readable;
  /** The engine's clock when the stream was opened, in whole seconds since 1970. */
  readonly engineTime: number | undefined;
}

export class Engine {
  readonly #connection: EngineConnection;
  readonly containers: EngineContainers;
  readonly networks: EngineNetworks;
  readonly volumes: EngineVolumes;

  constructor(options: { readonly socketPath: string }) {
    this.#connection = new EngineConnection(options);
    this.containers = new EngineContainers(this.#connection);
    this.networks = new EngineNetworks(this.#connection);
    this.volumes = new EngineVolumes(this.#connection);
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#connection.calls.ask({
      what: "ping",
      signal,
      timeoutMs: 10_000,
      ask: () => this.#connection.docker.ping(),
    });
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    const info: unknown = await this.#connection.calls.ask({
      what: "info",
      signal,
      ask: () => this.#connection.docker.info(),
    });
    return readInfo(info);
  }

  /** The id of an image on this box; throws `image_missing`. */
  async requireImage(image: string, signal: AbortSignal): Promise<string> {
    const found = await this.#findImage(image, signal);
    if (found === undefined) throw new HubError("image_missing", { image });
    return readId(found);
  }

  /** Empty when there is no such image any more. */
  async architectureOf(image: string, signal: AbortSignal): Promise<string> {
    return readArchitecture(await this.#findImage(image, signal));
  }

  /** A stream of JSON lines: what happens to containers with these labels. The caller ends it. */
  async events(
    labels: LabelFilter,
    actions: readonly string[],
    since: number | undefined,
    signal: AbortSignal,
  ): Promise<EventStream> {
    const filters = { type: ["container"], label: labelFilter(labels), event: [...actions] };
    const options = { filters: JSON.stringify(filters), ...(since === undefined ? {} : { since }) };
    const stream = await this.#connection.calls.ask({
      what: "watch",
      signal,
      timeoutMs: 10_000,
      ask: (s) => this.#connection.docker.getEvents({ ...options, abortSignal: s }),
    });
    stream.on("error", () => {});
    // docker-modem answers streams with the response itself.
    const response = stream as IncomingMessage;
    const time = Date.parse(response.headers.date ?? "");
    return {
      stream: response,
      engineTime: Number.isNaN(time) ? undefined : Math.floor(time / 1000),
    };
  }

  async #findImage(image: string, signal: AbortSignal): Promise<unknown> {
    if (!isImageReference(image)) return undefined;
    return this.#connection.calls.ask<unknown>({
      what: "look at the image",
      signal,
      otherwise: absent,
      ask: (s) => this.#connection.docker.getImage(image).inspect(withSignal(s)),
    });
  }
}
