import { openStore } from "#src/stores/create.ts";
import { makeFolder } from "#test/support/folder.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { describeStore } from "./store.ts";

describeStore("the LevelDB store", async () => {
  const folder = await makeFolder();
  const store = await openStore(folder.path, { log: silentLog });
  return { store, cleanUp: () => folder.remove() };
});
