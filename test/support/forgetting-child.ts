/**
 * Erases somebody and is killed at a step of what follows: `node forgetting-child.ts <data folder> <user id> <step>`.
 * Steps are counted over files that are made or removed and calls of the database.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const [dataDir = "", userId = "", killAt = "0"] = process.argv.slice(2);
let steps = 0;
let counts = false;

/** Before it, or else after it, what is under way ends. */
function step(): void {
  if (!counts) return;
  steps += 1;
  if (steps === Number(killAt)) process.kill(process.pid, "SIGKILL");
}

for (const name of ["rm", "rename", "open"] as const) {
  const real = fs[name] as (...parts: unknown[]) => Promise<unknown>;
  Object.assign(fs, {
    [name]: async (...parts: unknown[]) => {
      step();
      return real(...parts);
    },
  });
}
syncBuiltinESMExports();

// Only now, so that they see these.
const { openStore } = await import("#src/stores/create.ts");
const { FORGETTING_KEY } = await import("#src/stores/level/forgetting.ts");
const { eraseWrites } = await import("./records.ts");
const { silentLog } = await import("./silent-log.ts");

const store = await openStore(dataDir, {
  log: silentLog,
  later: (_ms, callback) => {
    const timer = setTimeout(callback, 1);
    return () => clearTimeout(timer);
  },
  through: (database) => ({
    rows: () => database.rows(),
    audit: (limit) => database.audit(limit),
    auditKeys: () => database.auditKeys(),
    write: async (batch) => {
      step();
      await database.write(batch);
      step();
    },
    compact: async () => {
      step();
      await database.compact();
      step();
    },
    rewrite: async (keys) => {
      step();
      await database.rewrite(keys);
      step();
    },
    close: async () => {
      step();
      await database.close();
      step();
    },
  }),
});
await store.change((state) => {
  counts = true;
  return { writes: eraseWrites(state, userId), result: undefined };
});
while (store.get("settings", FORGETTING_KEY) !== undefined) {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
counts = false;
await store.close();
