/**
 * The Docker engine in our words: it and what is below engine/ alone know dockerode. Every call has a deadline, every
 * failure is one of the table, and nothing but names and ids of ours reaches a path.
 */
import type { IncomingMessage } from "node:http";
import { addAbortSignal, type Duplex, Readable } from "node:stream";
import type Docker from "dockerode";
import { HubError } from "#src/errors.ts";
import { CALL_TIMEOUT_MS } from "./engine/calls.ts";
import {
  EngineConnection,
  type LabelFilter,
  absent,
  labelFilter,
  requireJson,
  requireReference,
  withSignal,
} from "./engine/connection.ts";
import {
  type ContainerFacts,
  type ContainerSummary,
  type EngineInfo,
  type UsageFacts,
  readArchitecture,
  readContainer,
  readContainerSummary,
  readId,
  readInfo,
  readNumber,
  readTarOwner,
  readUsage,
} from "./engine/facts.ts";
import { EngineNetworks } from "./engine/networks.ts";
import { EngineVolumes } from "./engine/volumes.ts";
import type { ContainerOptions } from "./container-spec.ts";
import { isImageReference } from "./names.ts";

export interface EventStream {
  readonly stream: Readable;
  /** The engine's clock when the stream was opened, in whole seconds since 1970. */
  readonly engineTime: number | undefined;
}

export class Engine {
  readonly #connection: EngineConnection;
  readonly networks: EngineNetworks;
  readonly volumes: EngineVolumes;

  constructor(options: { readonly socketPath: string }) {
    this.#connection = new EngineConnection(options);
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
    const missing = () => new HubError("image_missing", { image });
    if (!isImageReference(image)) throw missing();
    const found = await this.#connection.calls.ask({
      what: "look at the image",
      signal,
      otherwise: absent,
      ask: (s) => this.#connection.docker.getImage(image).inspect(withSignal(s)),
    });
    if (found === undefined) throw missing();
    return readId(found);
  }

  /** Empty when there is no such image any more. */
  async architectureOf(image: string, signal: AbortSignal): Promise<string> {
    if (!isImageReference(image)) return "";
    const found = await this.#connection.calls.ask({
      what: "look at the image",
      signal,
      otherwise: absent,
      ask: (s) => this.#connection.docker.getImage(image).inspect(withSignal(s)),
    });
    return readArchitecture(found);
  }

  async createContainer(
    name: string,
    options: ContainerOptions,
    signal: AbortSignal,
  ): Promise<{ readonly id: string } | "name_taken"> {
    requireReference(name);
    return this.#connection.calls.ask<{ readonly id: string } | "name_taken">({
      what: "create the container",
      signal,
      timeoutMs: 120_000,
      changes: true,
      otherwise: (status) => (status === 409 ? { answer: "name_taken" } : undefined),
      ask: async (s) => {
        // dockerode's type asks for driver settings of a volume, which the engine does not.
        const create = { ...options, name, abortSignal: s } as Docker.ContainerCreateOptions;
        return { id: readId(await this.#connection.docker.createContainer(create)) };
      },
    });
  }

  async startContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#connection.change({
      what: "start the container",
      signal,
      fine: [304],
      ask: (s) => this.#container(id).start({ abortSignal: s }),
    });
  }

  /** Asks it to end, kills it after `graceSeconds`. */
  async stopContainer(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    const timeoutMs = (graceSeconds + 20) * 1000;
    await this.#connection.change({
      what: "stop the container",
      signal,
      fine: [304, 404],
      timeoutMs,
      ask: (s) => this.#container(id).stop({ t: graceSeconds, abortSignal: s }),
    });
  }

  async removeContainer(id: string, signal: AbortSignal): Promise<void> {
    const busy = await this.#connection.calls.ask<boolean>({
      what: "remove the container",
      signal,
      changes: true,
      otherwise: (status, message) => {
        if (status === 404) return { answer: false };
        return status === 409 && message.includes("already in progress")
          ? { answer: true }
          : undefined;
      },
      // `v` takes the nameless volumes that an image may ask for; a home has a name and stays.
      ask: async (s) => {
        await this.#container(id).remove({ force: true, v: true, abortSignal: s });
        return false;
      },
    });
    if (!busy) return;
    const end = performance.now() + CALL_TIMEOUT_MS;
    while (performance.now() < end && (await this.inspectContainer(id, signal)) !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async pauseContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#connection.change({
      what: "pause",
      signal,
      fine: [409],
      ask: (s) => this.#container(id).pause({ abortSignal: s }),
    });
  }

  async resumeContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#connection.calls.ask<unknown>({
      what: "resume",
      signal,
      changes: true,
      otherwise: (_status, message) =>
        message.includes("is not paused") ? { answer: undefined } : undefined,
      ask: (s) => this.#container(id).unpause({ abortSignal: s }),
    });
  }

  async inspectContainer(id: string, signal: AbortSignal): Promise<ContainerFacts | undefined> {
    return this.#inspect(requireReference(id), signal);
  }

  /** The container with this host name as its name or short id, ours or not. */
  async inspectByHostname(
    hostname: string,
    signal: AbortSignal,
  ): Promise<ContainerFacts | undefined> {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(hostname)) return undefined;
    return this.#inspect(hostname, signal);
  }

  async #inspect(reference: string, signal: AbortSignal): Promise<ContainerFacts | undefined> {
    return this.#connection.calls.ask<ContainerFacts | undefined>({
      what: "inspect",
      signal,
      otherwise: absent,
      ask: async (s) =>
        readContainer(
          requireJson(await this.#connection.docker.getContainer(reference).inspect(withSignal(s))),
        ),
    });
  }

  async listContainers(labels: LabelFilter, signal: AbortSignal): Promise<ContainerSummary[]> {
    const filters = { label: labelFilter(labels) };
    const found = await this.#connection.calls.ask({
      what: "list containers",
      signal,
      ask: async (s) =>
        requireJson(
          await this.#connection.docker.listContainers({ all: true, filters, abortSignal: s }),
        ),
    });
    return found.map(readContainerSummary);
  }

  /** Its exit code, once it has ended. */
  async waitForExit(id: string, signal: AbortSignal): Promise<number> {
    const answer: unknown = await this.#connection.calls.ask({
      what: "wait",
      signal,
      timeoutMs: 2 ** 31 - 1,
      ask: (s) => this.#container(id).wait({ abortSignal: s }),
    });
    return readNumber(answer, "StatusCode");
  }

  /** The last lines of both streams, still in the engine's frames. */
  async readLog(id: string, lines: number, signal: AbortSignal): Promise<Buffer> {
    const options = { stdout: true, stderr: true, tail: lines, follow: false as const };
    const answer: unknown = await this.#connection.calls.ask<unknown>({
      what: "read the log",
      signal,
      otherwise: (status) => (status === 404 ? { answer: Buffer.alloc(0) } : undefined),
      ask: (s) => this.#container(id).logs({ ...options, abortSignal: s }),
    });
    return Buffer.isBuffer(answer) ? answer : Buffer.alloc(0);
  }

  async usage(id: string, signal: AbortSignal): Promise<UsageFacts | undefined> {
    const options = { stream: false as const, "one-shot": true };
    return this.#connection.calls.ask<UsageFacts | undefined>({
      what: "measure",
      signal,
      otherwise: absent,
      ask: async (s) =>
        readUsage(await this.#container(id).stats({ ...options, ...withSignal(s) })),
    });
  }

  /** Uid of whom a path in a container belongs to; `undefined` when there is no such path. */
  async ownerOf(id: string, path: string, signal: AbortSignal): Promise<number | undefined> {
    const archive = await this.#connection.calls.ask<unknown>({
      what: "look at the home",
      signal,
      otherwise: absent,
      ask: (s) => this.#container(id).getArchive({ path, abortSignal: s }),
    });
    if (!(archive instanceof Readable)) return undefined;
    addAbortSignal(AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]), archive);
    let header = Buffer.alloc(0);
    for await (const chunk of archive) {
      header = Buffer.concat([header, Buffer.from(chunk)]);
      if (header.length >= 512) break;
    }
    return readTarOwner(header);
  }

  /** Standard input and, in the engine's frames, standard output and error. Attach before the start. */
  async attach(id: string, signal: AbortSignal): Promise<Duplex> {
    const options = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true };
    const stream = await this.#connection.calls.ask({
      what: "attach",
      signal,
      ask: (s) => this.#container(id).attach({ ...options, abortSignal: s }),
    });
    stream.on("error", () => {});
    // docker-modem hands out the socket itself; its type says less.
    return stream as Duplex;
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

  #container(id: string): Docker.Container {
    return this.#connection.docker.getContainer(requireReference(id));
  }
}
