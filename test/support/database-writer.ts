/**
 * A program of its own that adds people until it is killed, and says each name on standard output once
 * its change was kept: `node database-writer.ts <data folder> <prefix> [at once] [ms between]`.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { HubError } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import { addPerson } from "./records.ts";
import { silentLog } from "./silent-log.ts";

const [dataDir = "", prefix = "p", atOnce = "1", pause = "0"] = process.argv.slice(2);
const store = await openStore(dataDir, { log: silentLog });
let number = 0;

let trouble = false;

/** `trouble` while exports and journal cannot be written, `well` when they can again. */
function sayTrouble(): void {
  const now = store.health().trouble !== undefined;
  if (now !== trouble) {
    writeSync(1, `${now ? "trouble" : "well"}\n`);
  }
  trouble = now;
}

async function addForEver(): Promise<never> {
  for (;;) {
    number += 1;
    const name = `${prefix}-${number}`;
    try {
      await addPerson(store, name);
      writeSync(1, `kept ${name}\n`);
      sayTrouble();
      if (pause !== "0") {
        await sleep(Number(pause));
      }
    } catch (error) {
      const code = error instanceof HubError ? error.code : String(error);
      writeSync(1, `refused ${name} ${code}\n`);
      await sleep(20);
    }
  }
}

writeSync(1, "open\n");
await Promise.all(Array.from({ length: Number(atOnce) }, addForEver));
