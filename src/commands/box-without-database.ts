/** The checks that are left when the database, or the whole data folder, cannot be opened. */
import { systemClock } from "#src/clock.ts";
import type { Config } from "#src/config/schema.ts";
import type { Logger } from "#src/log.ts";
import { BoxChecks } from "#src/services/box/box-checks.ts";
import { boxFacts } from "#src/services/box/box-facts.ts";
import type { Check } from "#src/services/box/findings.ts";
import { createSpawner } from "#src/spawners/create.ts";
import { makeId } from "#src/stores/ids.ts";

export async function checkWithoutDatabase(config: Config, log: Logger): Promise<readonly Check[]> {
  // The secrets may be what cannot be read. An instance of its own has nothing, and leaves nothing.
  await using spawner = createSpawner({
    config: config.spawner,
    instanceId: makeId<"instance">(),
    log,
  }).spawner;
  const checks = new BoxChecks({
    spawner,
    config,
    facts: boxFacts(config.dataDir),
    clock: systemClock,
    log,
  });
  // Waited for here: the spawner ends with this function.
  return await checks.run();
}
