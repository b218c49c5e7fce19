/** What the machine itself is asked for. */
import { stat, statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { join } from "node:path";
import type { Disk, Memory } from "./engine-checks.ts";

export interface BoxFacts {
  /** Of the data folder. */
  disk(): Promise<Disk>;
  memory(): Memory;
  readonly secretsPath: string;
  /** `undefined`: there is no such file. */
  secretsMode(): Promise<number | undefined>;
}

export function boxFacts(dataDir: string): BoxFacts {
  const secretsPath = join(dataDir, "secrets.json");
  return {
    async disk() {
      const { bavail, blocks, bsize } = await statfs(dataDir);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
    // In a container, too, these are the machine's.
    memory: () => ({ totalBytes: totalmem(), availableBytes: freemem() }),
    secretsPath,
    async secretsMode() {
      const found = await stat(secretsPath).catch(() => undefined);
      return found === undefined ? undefined : found.mode & 0o777;
    },
  };
}
