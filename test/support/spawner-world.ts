/** The Docker driver on the real engine, in a test run's own corner of it. */
import * as v from "valibot";
import { configSchema, type SpawnerConfig } from "#src/config/schema.ts";
import { createDocker, type DockerOptions } from "#src/spawners/docker/create-docker.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { ServerSpec, Spawner, Upstream } from "#src/spawners/spawner.ts";
import { makeId, makeSecret } from "#src/stores/ids.ts";
import { createDockerRun, type DockerRun } from "./docker.ts";
import { silentLog } from "./silent-log.ts";
import { buildStubNotebook } from "./stub-notebook.ts";

export interface SpawnerWorld extends AsyncDisposable {
  readonly run: DockerRun;
  readonly image: string;
  readonly spawner: Spawner;
  readonly homes: Homes;
  /** New ids at each call; what the stub needs to answer below `/user/maria/`. */
  makeSpec(changes?: Partial<ServerSpec>): ServerSpec;
  start(spec: ServerSpec): Promise<Upstream>;
  /** A second driver of the same instance: the hub after a restart, or with other settings. */
  again(
    config?: Partial<SpawnerConfig>,
    more?: Partial<DockerOptions>,
  ): { readonly spawner: Spawner; readonly homes: Homes };
  /** Whether the engine itself can tell what this running server uses: on a host with foreign cgroups it cannot. */
  measures(spec: ServerSpec): Promise<boolean>;
  containerOf(spec: ServerSpec): string;
  networkOf(spec: ServerSpec): string;
  volumeOf(spec: ServerSpec): string;
}

export const soon = (): AbortSignal => AbortSignal.timeout(180_000);

export function makeServerSpec(changes: Partial<ServerSpec> = {}): ServerSpec {
  const secret = makeSecret();
  const baseUrl = "/user/maria/";
  return {
    userId: makeId<"user">(),
    serverId: makeId<"server">(),
    generation: 1,
    profile: "default",
    kind: "jupyter",
    baseUrl,
    secret,
    limits: { memoryBytes: 256 * 1024 ** 2, cpus: 1, pids: 128 },
    network: "none",
    ...changes,
    environment: {
      JUPYTER_TOKEN: secret,
      JUPYTERHUB_SERVICE_PREFIX: baseUrl,
      JUPYTERHUB_USER: "maria",
      ...changes.environment,
    },
  };
}

/** Starts and gives back where it answers. */
export async function startServer(spawner: Spawner, spec: ServerSpec): Promise<Upstream> {
  for await (const step of spawner.start(spec, soon())) {
    if (step.step === "answering") return step.upstream;
  }
  throw new Error("the last step said nothing of where it answers");
}

export async function createSpawnerWorld(
  config: Partial<SpawnerConfig> = {},
  more: Partial<DockerOptions> = {},
): Promise<SpawnerWorld> {
  const image = await buildStubNotebook();
  const run = await createDockerRun();
  const opened: Spawner[] = [];
  function open(changes: Partial<SpawnerConfig>, options: Partial<DockerOptions>) {
    const wanted = { image, pool: run.pool, stopTimeoutSeconds: 5, ...config, ...changes };
    const made = createDocker({
      config: v.parse(configSchema, { spawner: wanted }).spawner,
      instanceId: run.secrets.instanceId,
      log: silentLog,
      labels: run.labels,
      ...more,
      ...options,
    });
    opened.push(made.spawner);
    return made;
  }
  const { spawner, homes } = open({}, {});
  const name = (kind: string, id: string) => `hr-${run.secrets.instanceId}-${kind}-${id}`;
  return {
    run,
    image,
    spawner,
    homes,
    makeSpec: makeServerSpec,
    start: (spec) => startServer(spawner, spec),
    again: (changes = {}, options = {}) => open(changes, options),
    async measures(spec) {
      const args = ["stats", "--no-stream", "--format", "{{.MemUsage}}"];
      return (await run.cli(...args, name("server", spec.serverId))) !== "0B / 0B";
    },
    containerOf: (spec) => name("server", spec.serverId),
    networkOf: (spec) => name("net", spec.serverId),
    volumeOf: (spec) => name("home", spec.userId),
    async [Symbol.asyncDispose]() {
      for (const one of opened) await one[Symbol.asyncDispose]();
      await run[Symbol.asyncDispose]();
    },
  };
}
