/** Is killed while it brings a database up to date: `node migrating-child.ts <data folder> <schema>`. */
import { join } from "node:path";
import { openLevelStore } from "#src/stores/level/level-store.ts";
import { migrations, type Migration } from "#src/stores/migrations/migrations.ts";
import { silentLog } from "./silent-log.ts";

const [dataDir = "", schema = ""] = process.argv.slice(2);
const killed: Migration = {
  to: Number(schema),
  about: "is killed",
  plan: () => {
    process.kill(process.pid, "SIGKILL");
    return [];
  },
};
const steps = [...migrations.filter(({ to }) => to < killed.to), killed];
await openLevelStore(join(dataDir, "db"), { log: silentLog, migrations: steps });
