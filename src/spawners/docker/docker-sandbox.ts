/** The place apart as a throw-away container of the notebook image, which has Python. */
import type { Readable } from "node:stream";
import { HubError } from "#src/errors.ts";
import type { Sandbox, SandboxEnd } from "#src/spawners/sandbox.ts";
import { feed } from "./feed.ts";
import type { InstanceClaim } from "./instance-claim.ts";
import type { Tasks } from "./tasks.ts";

const MOST_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Counts against the memory of the container, of which the program needs some itself. */
const SCRATCH_BYTES = 96 * 1024 * 1024;

export class DockerSandbox implements Sandbox {
  readonly #claim: InstanceClaim;
  readonly #tasks: Tasks;

  constructor({ claim, tasks }: { readonly claim: InstanceClaim; readonly tasks: Tasks }) {
    this.#claim = claim;
    this.#tasks = tasks;
  }

  async python(program: string, input: Readable, signal: AbortSignal): Promise<SandboxEnd> {
    await this.#claim.hold(signal);
    const request = {
      // Not what a home or the present folder might have: `-I`.
      script: `exec python3 -I -c "$1"`,
      arguments: [program],
      network: "none",
      user: "notebook",
      scratchBytes: SCRATCH_BYTES,
    } as const;
    await using task = await this.#tasks.start(request, signal);
    let failure: unknown;
    const feeding = feed(input, task.input).catch((error: unknown) => {
      failure = error;
      task.input.destroy();
    });
    try {
      const output = await textOf(task.output);
      const { exitCode, errors } = await task.end();
      if (failure !== undefined) throw failure;
      return { exitCode, output, errors };
    } catch (error) {
      // What broke first is why the rest did.
      throw failure ?? error;
    } finally {
      input.destroy();
      await feeding;
    }
  }
}

async function textOf(output: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of output) {
    bytes += chunk.length;
    if (bytes > MOST_OUTPUT_BYTES) {
      throw new HubError("spawner_failed", { detail: "a program prints without end" });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
