/** The engine's containers. */
import { addAbortSignal, type Duplex, Readable } from "node:stream";
import type Docker from "dockerode";
import { HubError } from "#src/errors.ts";
import type { ContainerOptions } from "#src/spawners/docker/container-spec.ts";
import { CALL_TIMEOUT_MS } from "./calls.ts";
import {
  absent,
  type EngineConnection,
  type LabelFilter,
  labelFilter,
  requireJson,
  requireReference,
  withSignal,
} from "./connection.ts";
import {
  type ContainerFacts,
  type ContainerSummary,
  type UsageFacts,
  readContainer,
  readContainerSummary,
  readId,
  readNumber,
  readTarOwner,
  readUsage,
} from "./facts.ts";

export class EngineContainers {
  readonly #connection: EngineConnection;

  constructor(connection: EngineConnection) {
    this.#connection = connection;
  }

  async create(
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

  /** Under a name that is chance: one that has it is what was made when the engine's answer got lost. */
  async createNameless(
    name: string,
    options: ContainerOptions,
    signal: AbortSignal,
  ): Promise<string> {
    const made = await this.create(name, options, signal);
    if (made !== "name_taken") return made.id;
    const found = await this.inspect(name, signal);
    if (found !== undefined) return found.id;
    throw new HubError("spawner_failed", { detail: "a container went while it was made" });
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#connection.change({
      what: "start the container",
      signal,
      fine: [304],
      ask: (s) => this.#container(id).start({ abortSignal: s }),
    });
  }

  /** Asks it to end, kills it after `graceSeconds`. */
  async stop(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    const timeoutMs = (graceSeconds + 20) * 1000;
    await this.#connection.change({
      what: "stop the container",
      signal,
      fine: [304, 404],
      timeoutMs,
      ask: (s) => this.#container(id).stop({ t: graceSeconds, abortSignal: s }),
    });
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
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
    while (performance.now() < end && (await this.inspect(id, signal)) !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    await this.#connection.change({
      what: "pause",
      signal,
      fine: [409],
      ask: (s) => this.#container(id).pause({ abortSignal: s }),
    });
  }

  async resume(id: string, signal: AbortSignal): Promise<void> {
    await this.#connection.calls.ask<unknown>({
      what: "resume",
      signal,
      changes: true,
      otherwise: (_status, message) =>
        message.includes("is not paused") ? { answer: undefined } : undefined,
      ask: (s) => this.#container(id).unpause({ abortSignal: s }),
    });
  }

  async inspect(id: string, signal: AbortSignal): Promise<ContainerFacts | undefined> {
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

  async list(labels: LabelFilter, signal: AbortSignal): Promise<ContainerSummary[]> {
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

  #container(id: string): Docker.Container {
    return this.#connection.docker.getContainer(requireReference(id));
  }
}
