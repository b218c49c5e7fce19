/** Opens what the hub remembers, below its data folder. */
import { join } from "node:path";
import type { Clock } from "#src/clock.ts";
import type { Logger } from "#src/log.ts";
import { openLevelStore, type LevelStore } from "./level/level-store.ts";

export function openStore(
  dataDir: string,
  options: { readonly log: Logger; readonly clock?: Clock },
): Promise<LevelStore> {
  return openLevelStore(join(dataDir, "db"), options);
}
