/** One test run's corner of the Docker engine: its own instance, pool and label; all of it is removed at the end. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Secrets } from "#src/config/schema.ts";
import { makeId, makeSecret } from "#src/stores/ids.ts";

const execute = promisify(execFile);

export interface DockerRun extends AsyncDisposable {
  /** Of an instance that nobody else has. */
  readonly secrets: Secrets;
  /** `homeroom.test=<run>`, for what a test makes itself; also as the record that a spawner takes. */
  readonly label: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Room for 64 networks, apart from the default pool. */
  readonly pool: string;
  /** Runs Docker's own command line and gives back what it prints, without the last line's end. */
  cli(this: void, ...args: readonly string[]): Promise<string>;
  /** Ids of all containers of servers, running or not, sorted. */
  containers(): Promise<string[]>;
  /** Removes everything of this instance: what another machine's engine would not have. */
  clear(): Promise<void>;
  /** `docker rm --force`, as an impatient hand does it. */
  remove(container: string): Promise<void>;
}

export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute("docker", args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trimEnd();
}

async function linesOf(...args: readonly string[]): Promise<string[]> {
  const text = await docker(...args);
  return text === "" ? [] : text.split("\n");
}

/** Removes everything with this label, and nothing else. What the engine is removing just now takes a moment. */
async function removeLabelled(label: string): Promise<void> {
  for (let round = 1; ; round += 1) {
    try {
      await removeLabelledOnce(label);
      return;
    } catch (error) {
      if (round === 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function removeLabelledOnce(label: string): Promise<void> {
  const filter = ["--filter", `label=${label}`];
  const containers = await linesOf("ps", "--all", "--quiet", "--no-trunc", ...filter);
  if (containers.length > 0) await docker("rm", "--force", "--volumes", ...containers);
  for (const network of await linesOf("network", "ls", "--quiet", "--no-trunc", ...filter)) {
    const format = "{{range $id, $_ := .Containers}}{{$id}} {{end}}";
    const inside = await docker("network", "inspect", "--format", format, network);
    for (const id of inside.split(" ").filter((text) => text !== "")) {
      await docker("network", "disconnect", "--force", network, id);
    }
    await docker("network", "rm", network);
  }
  const volumes = await linesOf("volume", "ls", "--quiet", ...filter);
  if (volumes.length > 0) await docker("volume", "rm", ...volumes);
}

export async function createDockerRun(): Promise<DockerRun> {
  const secrets: Secrets = { instanceId: makeId(), instanceKey: makeSecret() };
  const run = makeId();
  const label = `homeroom.test=${run}`;
  const instanceLabel = `homeroom.instance=${secrets.instanceId}`;
  // 10.224.0.0 to 10.231.252.0: runs at the same time seldom meet, and the engine settles it when they do.
  const block = Math.floor(Math.random() * 512);
  const pool = `10.${224 + (block >> 6)}.${(block & 63) * 4}.0/22`;
  await docker("version");
  return {
    secrets,
    label,
    labels: { "homeroom.test": run },
    pool,
    cli: docker,
    async containers() {
      const filters = [instanceLabel, "homeroom.kind=server"].flatMap((text) => [
        "--filter",
        `label=${text}`,
      ]);
      const ids = await linesOf("ps", "--all", "--quiet", "--no-trunc", ...filters);
      return ids.sort();
    },
    async remove(container) {
      await docker("rm", "--force", container);
    },
    clear: () => removeLabelled(instanceLabel),
    async [Symbol.asyncDispose]() {
      await removeLabelled(instanceLabel);
      await removeLabelled(label);
    },
  };
}
