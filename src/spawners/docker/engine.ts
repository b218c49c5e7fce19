/**
 * The Docker engine in our words: the one file that knows dockerode. Every call has a deadline, every failure is
 * one of the table, and nothing but names and ids of ours reaches a path.
 */
import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { addAbortSignal, type Duplex, Readable } from "node:stream";
import type Docker from "dockerode";
import { HubError } from "#src/errors.ts";
import { CALL_TIMEOUT_MS, EngineCalls } from "./engine/calls.ts";
import {
  type ContainerFacts,
  type ContainerSummary,
  type EngineInfo,
  type NetworkFacts,
  type UsageFacts,
  readContainer,
  readContainerSummary,
  readEndpointNames,
  readId,
  readInfo,
  readLabels,
  readNetwork,
  readNumber,
  readTarOwner,
  readUsage,
} from "./engine/facts.ts";
import { loadDockerode } from "./engine/load-dockerode.ts";
import type { ContainerOptions } from "./container-spec.ts";
import type { NetworkOptions } from "./networks/network-spec.ts";
import { isImageReference, isObjectReference, type Labels } from "./names.ts";

export interface EventStream {
  readonly stream: Readable;
  /** The engine's clock when the stream was opened, in whole seconds since 1970. */
  readonly engineTime: number | undefined;
}

export type LabelFilter = Readonly<Record<string, string>>;

function labelFilter(labels: LabelFilter): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

/** JSON that was cut short comes back from docker-modem as bytes. */
function requireJson<Answer>(answer: Answer): Answer {
  if (!Buffer.isBuffer(answer)) return answer;
  throw new HubError("spawner_failed", { detail: "the engine's answer cannot be read" });
}

function requireReference(text: string): string {
  if (isObjectReference(text)) return text;
  throw new TypeError(`not a name of ours: ${JSON.stringify(text)}`);
}

export class Engine {
  readonly #docker: Docker;
  readonly #calls: EngineCalls;

  constructor(options: { readonly socketPath: string }) {
    this.#calls = new EngineCalls(options.socketPath);
    // `host` keeps DOCKER_HOST out; an agent would make each call ten times slower (docker-modem inspects it).
    const Dockerode = loadDockerode();
    this.#docker = new Dockerode({ socketPath: options.socketPath, host: "", protocol: "http" });
    forbidRedirects();
  }

  async ping(signal: AbortSignal): Promise<void> {
    const timeoutMs = 10_000;
    await this.#calls.ask({
      what: "ping",
      signal,
      timeoutMs,
      ask: () => this.#docker.ping(),
    });
  }

  async cores(signal: AbortSignal): Promise<number> {
    return (await this.info(signal)).cores;
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    const info: unknown = await this.#calls.ask({
      what: "info",
      signal,
      ask: () => this.#docker.info(),
    });
    return readInfo(info);
  }

  /** The id of an image on this box; throws `image_missing`. */
  async requireImage(image: string, signal: AbortSignal): Promise<string> {
    const missing = () => new HubError("image_missing", { image });
    if (!isImageReference(image)) throw missing();
    const found = await this.#calls.ask({
      what: "look at the image",
      signal,
      otherwise: absent,
      ask: (s) => this.#docker.getImage(image).inspect(withSignal(s)),
    });
    if (found === undefined) throw missing();
    return readId(found);
  }

  // Containers

  async createContainer(
    name: string,
    options: ContainerOptions,
    signal: AbortSignal,
  ): Promise<{ readonly id: string } | "name_taken"> {
    requireReference(name);
    return this.#calls.ask<{ readonly id: string } | "name_taken">({
      what: "create the container",
      signal,
      timeoutMs: 120_000,
      changes: true,
      otherwise: (status) => (status === 409 ? { answer: "name_taken" } : undefined),
      ask: async (s) => {
        // dockerode's type asks for driver settings of a volume, which the engine does not.
        const create = { ...options, name, abortSignal: s } as Docker.ContainerCreateOptions;
        return { id: readId(await this.#docker.createContainer(create)) };
      },
    });
  }

  async startContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#change("start the container", signal, [304], (s) =>
      this.#container(id).start({ abortSignal: s }),
    );
  }

  /** Asks it to end, kills it after `graceSeconds`. */
  async stopContainer(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    const timeoutMs = (graceSeconds + 20) * 1000;
    await this.#change(
      "stop the container",
      signal,
      [304, 404],
      (s) => this.#container(id).stop({ t: graceSeconds, abortSignal: s }),
      timeoutMs,
    );
  }

  async removeContainer(id: string, signal: AbortSignal): Promise<void> {
    const busy = await this.#calls.ask<boolean>({
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
    await this.#change("pause", signal, [409], (s) =>
      this.#container(id).pause({ abortSignal: s }),
    );
  }

  async resumeContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#calls.ask<unknown>({
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
    return this.#calls.ask<ContainerFacts | undefined>({
      what: "inspect",
      signal,
      otherwise: absent,
      ask: async (s) =>
        readContainer(
          requireJson(await this.#docker.getContainer(reference).inspect(withSignal(s))),
        ),
    });
  }

  async listContainers(labels: LabelFilter, signal: AbortSignal): Promise<ContainerSummary[]> {
    const filters = { label: labelFilter(labels) };
    const found = await this.#calls.ask({
      what: "list containers",
      signal,
      ask: async (s) =>
        requireJson(await this.#docker.listContainers({ all: true, filters, abortSignal: s })),
    });
    return found.map(readContainerSummary);
  }

  /** Its exit code, once it has ended. */
  async waitForExit(id: string, signal: AbortSignal): Promise<number> {
    const answer: unknown = await this.#calls.ask({
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
    const answer: unknown = await this.#calls.ask<unknown>({
      what: "read the log",
      signal,
      otherwise: (status) => (status === 404 ? { answer: Buffer.alloc(0) } : undefined),
      ask: (s) => this.#container(id).logs({ ...options, abortSignal: s }),
    });
    return Buffer.isBuffer(answer) ? answer : Buffer.alloc(0);
  }

  async usage(id: string, signal: AbortSignal): Promise<UsageFacts | undefined> {
    const options = { stream: false as const, "one-shot": true };
    return this.#calls.ask<UsageFacts | undefined>({
      what: "measure",
      signal,
      otherwise: absent,
      ask: async (s) =>
        readUsage(await this.#container(id).stats({ ...options, ...withSignal(s) })),
    });
  }

  /** Uid of whom a path in a container belongs to; `undefined` when there is no such path. */
  async ownerOf(id: string, path: string, signal: AbortSignal): Promise<number | undefined> {
    const archive = await this.#calls.ask<unknown>({
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
    const stream = await this.#calls.ask({
      what: "attach",
      signal,
      ask: (s) => this.#container(id).attach({ ...options, abortSignal: s }),
    });
    stream.on("error", () => {});
    // docker-modem hands out the socket itself; its type says less.
    return stream as Duplex;
  }

  // Networks

  async createNetwork(
    options: NetworkOptions,
    signal: AbortSignal,
  ): Promise<{ readonly id: string } | "name_taken" | "overlaps"> {
    requireReference(options.Name);
    return this.#calls.ask<{ readonly id: string } | "name_taken" | "overlaps">({
      what: "create the network",
      signal,
      changes: true,
      otherwise: (status, message) => {
        if (/overlap/i.test(message)) return { answer: "overlaps" };
        return status === 409 ? { answer: "name_taken" } : undefined;
      },
      ask: async (s) => ({
        id: readId(await this.#docker.createNetwork({ ...options, abortSignal: s })),
      }),
    });
  }

  /** Networks with these labels; without labels all of the engine. */
  async listNetworks(labels: LabelFilter, signal: AbortSignal): Promise<NetworkFacts[]> {
    const filters = { label: labelFilter(labels) };
    const found = await this.#calls.ask({
      what: "list networks",
      signal,
      ask: async (s) => requireJson(await this.#docker.listNetworks({ filters, abortSignal: s })),
    });
    return found.map(readNetwork);
  }

  /** Whoever is still in it is put out first. */
  async removeNetwork(id: string, signal: AbortSignal): Promise<void> {
    const network = this.#docker.getNetwork(requireReference(id));
    const remove = () =>
      this.#calls.ask<"removed" | "in_use">({
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
    const facts: unknown = await this.#calls.ask<unknown>({
      what: "look at the network",
      signal,
      ask: () => network.inspect(),
    });
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
    const target = this.#docker.getNetwork(requireReference(network));
    const endpoint = { IPAMConfig: { IPv4Address: address } };
    const options = {
      Container: requireReference(container),
      ...(address === undefined ? {} : { EndpointConfig: endpoint }),
    };
    await this.#calls.ask<unknown>({
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
    const target = this.#docker.getNetwork(requireReference(network));
    await this.#putOut(target, requireReference(container), signal);
  }

  async #putOut(network: Docker.Network, container: string, signal: AbortSignal): Promise<void> {
    const options = { Container: container, Force: true };
    await this.#calls.ask<unknown>({
      what: "detach from the network",
      signal,
      changes: true,
      otherwise: (status, message) =>
        status === 404 || message.includes("is not connected") ? { answer: undefined } : undefined,
      ask: (s) => network.disconnect({ ...options, abortSignal: s }),
    });
  }

  // Volumes

  async createVolume(name: string, labels: Labels, signal: AbortSignal): Promise<void> {
    const options = { Name: requireReference(name), Driver: "local", Labels: { ...labels } };
    await this.#change("create the volume", signal, [], (s) =>
      this.#docker.createVolume({ ...options, abortSignal: s }),
    );
  }

  /** Its labels; `undefined` when there is no such volume. */
  async inspectVolume(name: string, signal: AbortSignal): Promise<Labels | undefined> {
    const volume = this.#docker.getVolume(requireReference(name));
    return this.#calls.ask<Labels | undefined>({
      what: "look at the volume",
      signal,
      otherwise: absent,
      ask: async (s) => readLabels(requireJson(await volume.inspect({ abortSignal: s }))),
    });
  }

  async removeVolume(name: string, signal: AbortSignal): Promise<void> {
    const volume = this.#docker.getVolume(requireReference(name));
    await this.#change("remove the volume", signal, [404], (s) =>
      volume.remove({ abortSignal: s }),
    );
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
    const stream = await this.#calls.ask({
      what: "watch",
      signal,
      timeoutMs: 10_000,
      ask: (s) => this.#docker.getEvents({ ...options, abortSignal: s }),
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
    return this.#docker.getContainer(requireReference(id));
  }

  async #change(
    what: string,
    signal: AbortSignal,
    fine: readonly number[],
    ask: (signal: AbortSignal) => Promise<unknown>,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<void> {
    const otherwise = (status: number) =>
      fine.includes(status) ? { answer: undefined } : undefined;
    await this.#calls.ask<unknown>({ what, signal, changes: true, otherwise, ask, timeoutMs });
  }
}

/** What is not there is an answer, too. */
function absent(status: number): { readonly answer: undefined } | undefined {
  return status === 404 ? { answer: undefined } : undefined;
}

/** dockerode takes a signal with every call; its types do not know it everywhere. */
function withSignal(abortSignal: AbortSignal): object {
  return { abortSignal };
}

/** docker-modem follows a redirect with a request that nobody listens to: its failure would end the process. */
function forbidRedirects(): void {
  const require = createRequire(import.meta.resolve("dockerode"));
  const modemHttp: unknown = require("docker-modem/lib/http");
  if (typeof modemHttp === "object" && modemHttp !== null) {
    Reflect.set(modemHttp, "maxRedirects", 0);
  }
}
