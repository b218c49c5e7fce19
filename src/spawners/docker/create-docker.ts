/** Puts the parts of the Docker driver together. */
import { type Clock, systemClock } from "#src/clock.ts";
import type { SpawnerConfig } from "#src/config/schema.ts";
import type { Logger } from "#src/log.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { Sandbox } from "#src/spawners/sandbox.ts";
import type { Spawner } from "#src/spawners/spawner.ts";
import type { InstanceId } from "#src/stores/records.ts";
import { DockerHomes } from "./docker-homes.ts";
import { DockerSandbox } from "./docker-sandbox.ts";
import { DockerSpawner } from "./docker-spawner.ts";
import { Engine } from "./engine.ts";
import type { WatchTimes } from "./events.ts";
import { HomeVolumes } from "./home-volumes.ts";
import { InstanceClaim } from "./instance-claim.ts";
import type { Labels } from "./names.ts";
import { Networks } from "./networks/networks.ts";
import { OwnContainer } from "./networks/own-container.ts";
import { PoolCheck } from "./networks/pool-check.ts";
import { helperImage, resolveProfiles } from "./profiles.ts";
import { ServerStarts } from "./server-start.ts";
import { Tasks } from "./tasks.ts";

export interface DockerOptions {
  readonly config: SpawnerConfig;
  readonly instanceId: InstanceId;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Put on every object besides our own labels, so that tests find theirs. */
  readonly labels?: Labels;
  readonly watchTimes?: WatchTimes;
}

export function createDocker(options: DockerOptions): {
  spawner: Spawner;
  homes: Homes;
  sandbox: Sandbox;
} {
  const { config, instanceId, log, clock = systemClock, labels = {}, watchTimes } = options;
  const { pool, startTimeoutSeconds, stopTimeoutSeconds } = config;
  const profiles = resolveProfiles(config);
  const engine = new Engine({ socketPath: config.socketPath });
  const own = new OwnContainer(engine);
  const image = helperImage(config, profiles);
  const closing = new AbortController();
  const common = { engine, instanceId, labels, log };
  const claim = new InstanceClaim({ ...common, own });
  const tasks = new Tasks({ ...common, image });
  const volumes = new HomeVolumes({ ...common, tasks, closing: closing.signal });
  const networks = new Networks({ ...common, own, pool });
  const poolCheck = new PoolCheck({ engine, tasks, pool, clock, log, closing: closing.signal });
  const starts = new ServerStarts({
    ...common,
    networks,
    volumes,
    poolCheck,
    tasks,
    profiles,
    startTimeoutSeconds,
    stopTimeoutSeconds,
  });
  const spawner = new DockerSpawner({
    ...common,
    own,
    claim,
    networks,
    poolCheck,
    tasks,
    starts,
    profiles,
    helperImage: image,
    pool,
    stopTimeoutSeconds,
    clock,
    closing,
    ...(watchTimes === undefined ? {} : { watchTimes }),
  });
  return {
    spawner,
    homes: new DockerHomes({ claim, volumes, tasks }),
    sandbox: new DockerSandbox({ claim, tasks }),
  };
}
