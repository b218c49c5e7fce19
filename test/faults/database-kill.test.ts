/** Whatever the hub said is done survives `kill -9`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { openStore } from "#src/stores/create.ts";
import { makeFolder, type Folder } from "#test/support/folder.ts";
import { collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const KILLS = 24;
const writer = new URL("../support/database-writer.ts", import.meta.url).pathname;

/** Runs the writer for a while, kills it, and gives the names that it was sure of. */
async function writeAndKill(
  dataDir: string,
  prefix: string,
  ms: number,
  after: "start" | "opening" = "opening",
): Promise<string[]> {
  const child = spawn(process.execPath, [writer, dataDir, prefix, "4"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const killLater = () => setTimeout(() => child.kill("SIGKILL"), ms);
  if (after === "start") {
    killLater();
  }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "" && after === "opening") {
      killLater();
    }
    output += text;
  });
  await once(child, "close");
  assert.equal(child.signalCode, "SIGKILL");
  return [...output.matchAll(/^kept (.+)\n/gm)].map(([, name = ""]) => name);
}

describe("a killed hub", () => {
  let folder: Folder;

  before(async () => {
    folder = await makeFolder();
  });

  after(() => folder.remove());

  it("may be killed at any moment of its start", async () => {
    await using other = await makeFolder();
    const acknowledged: string[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      acknowledged.push(...(await writeAndKill(other.path, `s${round}`, 90 + round * 5, "start")));
    }
    await using store = await openStore(other.path, { log: silentLog });
    const names = new Set(namesIn(store));
    assert.deepEqual(
      acknowledged.filter((name) => !names.has(name)),
      [],
    );
    assert.deepEqual((await readdir(other.path)).toSorted(), ["db", "initialised"]);
  });

  it(`keeps every change that it acknowledged, ${KILLS} times over`, async (test) => {
    const acknowledged: string[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      const ms = 5 + ((round * 37) % 180);
      acknowledged.push(...(await writeAndKill(folder.path, `r${round}`, ms)));
      await using store = await openStore(folder.path, { log: silentLog });
      const names = new Set(namesIn(store));
      assert.deepEqual(
        acknowledged.filter((name) => !names.has(name)),
        [],
        `lost in round ${round}`,
      );
      // Nothing torn: a person has a record, a name and an audit line, or none of them.
      const users = [...store.entries("users")].map(([, user]) => user.name);
      assert.deepEqual(users.toSorted(), [...names].toSorted());
      const audited = await collect(store.audit());
      assert.equal(audited.length, users.length);
      assert.deepEqual(new Set(audited.map(({ subjectName }) => subjectName)), names);
    }
    assert.ok(acknowledged.length > KILLS, "the writer came to write");
    test.diagnostic(`${acknowledged.length} changes acknowledged`);
    assert.deepEqual((await readdir(folder.path)).toSorted(), ["db", "initialised"]);
  });
});
