/** Dies when its second person is on the disk and nowhere else: `node killed-after-write.ts <data folder>`. */
import { openStore } from "#src/stores/create.ts";
import { addPerson } from "./records.ts";
import { silentLog } from "./silent-log.ts";

let writes = 0;
const store = await openStore(process.argv[2] ?? "", {
  log: silentLog,
  through: (database) => ({
    rows: () => database.rows(),
    audit: (limit) => database.audit(limit),
    auditKeys: () => database.auditKeys(),
    compact: () => database.compact(),
    rewrite: (keys) => database.rewrite(keys),
    close: () => database.close(),
    write: async (batch) => {
      await database.write(batch);
      writes += 1;
      if (writes === 2) {
        process.kill(process.pid, "SIGKILL");
      }
    },
  }),
});
await addPerson(store, "ana");
await addPerson(store, "juan");
