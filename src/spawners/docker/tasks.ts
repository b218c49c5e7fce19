/** Throw-away containers: one shell script each, with or without a home, gone when it has ended. */
import { addAbortSignal, type Duplex, type Writable } from "node:stream";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { makeId } from "#src/stores/ids.ts";
import type { InstanceId } from "#src/stores/records.ts";
import { type TaskInput, taskSpec } from "./container-spec.ts";
import type { Engine } from "./engine.ts";
import { FrameReader } from "./engine/frames.ts";
import { LABEL, type Labels, objectName } from "./names.ts";

const MOST_ERROR_BYTES = 4000;

type TaskRequest = Omit<TaskInput, "instanceId" | "image" | "labels">;

interface TaskEnd {
  readonly exitCode: number;
  /** The beginning of what it wrote to standard error. */
  readonly errors: string;
}

/** A script under way. Disposing of it removes the container, ended or not. */
export interface Task extends AsyncDisposable {
  readonly input: Writable;
  readonly output: AsyncIterable<Buffer>;
  /** To be asked when `output` has been read to its end. */
  end(): Promise<TaskEnd>;
}

/** Throws when a script failed; scripts say why on standard error. */
export function requireSuccess({ exitCode, errors }: TaskEnd): void {
  if (exitCode === 0) return;
  const detail = (errors.trim().split("\n").at(-1) ?? "").slice(0, 300);
  if (/no space left on device|disk quota exceeded/i.test(errors)) {
    throw new HubError("disk_full", { detail });
  }
  throw new HubError("spawner_failed", { detail: detail || `exit code ${exitCode}` });
}

/** What a script prints that takes no input. */
export async function textOf(task: Task): Promise<string> {
  task.input.end();
  const chunks: Buffer[] = [];
  for await (const chunk of task.output) chunks.push(chunk);
  requireSuccess(await task.end());
  return Buffer.concat(chunks).toString("utf8");
}

export class Tasks {
  readonly #engine: Engine;
  readonly #instanceId: InstanceId;
  readonly #image: string;
  /** On every throw-away container of this process: what {@link sweep} finds without them, nobody needs. */
  readonly labels: Labels;
  readonly #log: Logger;
  /** Tells the containers of this process from what an earlier one left. */
  readonly #run: string = makeId();

  constructor(options: {
    readonly engine: Engine;
    readonly instanceId: InstanceId;
    readonly image: string;
    readonly labels: Labels;
    readonly log: Logger;
  }) {
    this.#engine = options.engine;
    this.#instanceId = options.instanceId;
    this.#image = options.image;
    this.labels = { ...options.labels, [LABEL.run]: this.#run };
    this.#log = options.log;
  }

  /** Runs a script that takes no input, and gives back what it prints. */
  async text(request: TaskRequest, signal: AbortSignal): Promise<string> {
    await using task = await this.start(request, signal);
    return await textOf(task);
  }

  async start(request: TaskRequest, signal: AbortSignal): Promise<Task> {
    const name = objectName(this.#instanceId, "task", makeId());
    const own = { instanceId: this.#instanceId, image: this.#image, labels: this.labels };
    const options = taskSpec({ ...request, ...own });
    const id = await this.#engine.containers.createNameless(name, options, signal);
    let stream: Duplex | undefined;
    try {
      stream = addAbortSignal(signal, await this.#engine.containers.attach(id, signal));
      await this.#engine.containers.start(id, signal);
      return this.#task(id, stream, signal);
    } catch (error) {
      stream?.destroy();
      await this.#discard(id);
      throw error;
    }
  }

  /** Removes what an earlier process left. */
  async sweep(signal: AbortSignal): Promise<void> {
    const labels = { [LABEL.instance]: this.#instanceId, [LABEL.kind]: "task" };
    for (const container of await this.#engine.containers.list(labels, signal)) {
      if (container.labels[LABEL.run] !== this.#run) {
        await this.#engine.containers.remove(container.id, signal);
      }
    }
  }

  #task(id: string, stream: Duplex, signal: AbortSignal): Task {
    const errors: Buffer[] = [];
    return {
      input: stream,
      output: standardOutput(stream, errors),
      end: async () => ({
        exitCode: await this.#engine.containers.waitForExit(id, signal),
        errors: Buffer.concat(errors).toString("utf8"),
      }),
      [Symbol.asyncDispose]: async () => {
        stream.destroy();
        await this.#discard(id);
      },
    };
  }

  async #discard(id: string): Promise<void> {
    try {
      await this.#engine.containers.remove(id, AbortSignal.timeout(30_000));
    } catch (error) {
      this.#log.warn({ err: error }, "a throw-away container could not be removed");
    }
  }
}

async function* standardOutput(stream: Duplex, errors: Buffer[]): AsyncGenerator<Buffer> {
  const frames = new FrameReader();
  let errorBytes = 0;
  for await (const chunk of stream) {
    for (const { stream: from, data } of frames.push(Buffer.from(chunk))) {
      if (from === "stdout") {
        yield data;
      } else if (errorBytes < MOST_ERROR_BYTES) {
        errorBytes += data.length;
        errors.push(data);
      }
    }
  }
}
