/** Opens what the hub remembers, below its data folder. */
import { join } from "node:path";
import { openLevelStore, type LevelStore, type LevelStoreOptions } from "./level/level-store.ts";

export function openStore(
  dataDir: string,
  options: Omit<LevelStoreOptions, "migrations">,
): Promise<LevelStore> {
  return openLevelStore(join(dataDir, "db"), options);
}
