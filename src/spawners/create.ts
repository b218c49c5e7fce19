/** The spawner of the configured kind, and the homes that belong to it. */
import type { Clock } from "#src/clock.ts";
import type { SpawnerConfig } from "#src/config/schema.ts";
import type { Logger } from "#src/log.ts";
import type { InstanceId } from "#src/stores/records.ts";
import { createDocker } from "./docker/create-docker.ts";
import type { Homes } from "./homes.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Spawner } from "./spawner.ts";

interface SpawnerOptions {
  readonly config: SpawnerConfig;
  readonly instanceId: InstanceId;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Put on everything that is made, besides the driver's own labels. */
  readonly labels?: Readonly<Record<string, string>>;
}

export function createSpawner(options: SpawnerOptions): {
  spawner: Spawner;
  homes: Homes;
  sandbox: Sandbox;
} {
  switch (options.config.kind) {
    case "docker":
      return createDocker(options);
  }
}
