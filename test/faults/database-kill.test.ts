/** Whatever the hub said is done survives `kill -9`, and nothing is done by halves. */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { openStore } from "#src/stores/create.ts";
import { Database } from "#src/stores/level/database.ts";
import { filesBeside, makeFolder, type Folder } from "#test/support/folder.ts";
import { Random } from "#test/support/random.ts";
import { collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

/** More of them: `HOMEROOM_KILLS=100`. */
const KILLS = Number(process.env["HOMEROOM_KILLS"] ?? 25);
const support = join(import.meta.dirname, "../support");
const writer = join(support, "database-writer.ts");
const accountWriter = join(support, "account-writer.ts");
const openingChild = join(support, "opening-child.ts");
const reader = join(support, "read-database.py");
/** Debian's, which has the library that the reader uses. */
const python = "/usr/bin/python3";

/** Kills it so many milliseconds after it has said this, so often; at once is after the start. Gives what it said. */
async function killAfter(
  child: ChildProcessByStdio<null, Readable, null>,
  moment: { readonly said?: RegExp; readonly times?: number; readonly ms: number },
): Promise<string> {
  const { said = /^/g, times = 1, ms } = moment;
  let output = "";
  let isDue = false;
  const look = () => {
    if (isDue || (output.match(said)?.length ?? 0) < times) return;
    isDue = true;
    setTimeout(() => child.kill("SIGKILL"), ms);
  };
  look();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    look();
  });
  await once(child, "close");
  assert.equal(child.signalCode, "SIGKILL");
  return output;
}

/** Runs the writer for a while, kills it, and gives the names that it was sure of. */
async function writeAndKill(
  dataDir: string,
  prefix: string,
  moment: Parameters<typeof killAfter>[1],
): Promise<string[]> {
  const child = spawn(process.execPath, [writer, dataDir, prefix, "4"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await killAfter(child, moment);
  return [...output.matchAll(/^kept (.+)\n/gm)].map(([, name = ""]) => name);
}

/** Changes accounts until so many changes were kept and for a while, and is killed. */
async function changeAndKill(
  dataDir: string,
  ledger: string,
  seed: number,
  { kept, ms }: { readonly kept: number; readonly ms: number },
): Promise<void> {
  const child = spawn(process.execPath, [accountWriter, dataDir, ledger, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await killAfter(child, { said: /^kept$/gm, times: kept, ms });
}

/** What a restore makes beside the database, one after the other. */
const SIGNS = ["db.lock", "db.restoring", "db.restored", "db.damaged-1"];

/** Kills it so long after a sign of a restore appeared. Gives what lies beside the database then. */
async function openAndKill(
  dataDir: string,
  { sign, ms }: { readonly sign: string; readonly ms: number },
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [openingChild], { stdio: ["pipe", "ignore", "inherit"] });
  const watcher = watch(dataDir, (_, name) => {
    if (name?.startsWith(sign) === true) {
      watcher.close();
      setTimeout(() => child.kill("SIGKILL"), ms);
    }
  });
  child.stdin.on("error", () => undefined).end(`${dataDir}\n`);
  await once(child, "close");
  watcher.close();
  return (await readdir(dataDir)).filter((name) => name.startsWith("db"));
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
      acknowledged.push(
        ...(await writeAndKill(other.path, `s${round}`, { ms: 60 + (round % 25) * 12 })),
      );
    }
    await using store = await openStore(other.path, { log: silentLog });
    const names = new Set(namesIn(store));
    assert.deepEqual(
      acknowledged.filter((name) => !names.has(name)),
      [],
    );
    assert.deepEqual(await filesBeside(other.path), ["db", "exports", "initialised"]);
  });

  it(`keeps every change that it acknowledged, ${KILLS} times over`, async (test) => {
    const acknowledged: string[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      const ms = 5 + ((round * 37) % 180);
      // Every other one has written something by then, however slow the disk is.
      const said = round % 2 === 0 ? /^open$/gm : /^kept/gm;
      acknowledged.push(...(await writeAndKill(folder.path, `r${round}`, { said, ms })));
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
    assert.ok(acknowledged.length >= Math.floor(KILLS / 2), "the writer came to write");
    test.diagnostic(`${acknowledged.length} changes acknowledged`);
    assert.deepEqual(await filesBeside(folder.path), ["db", "exports", "initialised"]);
  });

  it("is restored from its exports, also when that is killed again and again", async (test) => {
    await using other = await makeFolder();
    const original = join(other.path, "original");
    const acknowledged = await writeAndKill(original, "k", { said: /^kept/gm, times: 20, ms: 50 });
    await rm(join(original, "db", "CURRENT"));
    const random = new Random(7);
    const states = new Map<string, number>();
    for (let round = 0; round < KILLS; round += 1) {
      const data = join(other.path, "data");
      await cp(original, data, { recursive: true });
      for (let kill = 0; kill < 3; kill += 1) {
        const moment = { sign: random.pick(SIGNS), ms: random.below(12) };
        const state = (await openAndKill(data, moment)).toSorted().join(" ");
        states.set(state, (states.get(state) ?? 0) + 1);
      }
      {
        await using store = await openStore(data, { log: silentLog });
        const names = new Set(namesIn(store));
        const lost = acknowledged.filter((name) => !names.has(name));
        assert.deepEqual(lost, [], `lost in round ${round}`);
        // The last one may be on the disk, not in the journal, and acknowledged to nobody.
        assert.ok((store.health().restored?.lostChanges ?? 9) <= 1, `round ${round}`);
        assert.deepEqual((await store.verify()).problems, []);
      }
      const aside = (await readdir(data)).filter((name) => name.startsWith("db"));
      assert.deepEqual(aside.toSorted(), ["db", "db.damaged-1"], `round ${round}`);
      await rm(data, { recursive: true });
    }
    for (const [state, count] of states) {
      test.diagnostic(`${count} × ${state}`);
    }
    assert.ok(states.size > 2, "they were killed at several steps");
  });

  it("would be found out: the reader sees a row that is missing, or is not as it was acknowledged", async () => {
    await using other = await makeFolder();
    const ledger = join(other.path, "ledger");
    await changeAndKill(other.path, ledger, 1, { kept: 100, ms: 50 });
    const database = await Database.open(join(other.path, "db"), { create: false });
    const rows = await database.rows();
    const [name = ""] = rows.get("names")?.keys() ?? [];
    // All of them, for a few were about to be changed when the program was killed.
    const users = Array.from(rows.get("users") ?? [], ([key, text]) => ({
      collection: "users",
      key,
      text: text.replace('"displayName":"', '"displayName":"x'),
    }));
    assert.ok(users.length > 4);
    await database.write({
      rows: [{ collection: "names", key: name, text: undefined }, ...users],
    });
    await database.close();
    const output = execFileSync(python, [reader, join(other.path, "db"), ledger], {
      encoding: "utf8",
    });
    assert.match(output, /the sum of all rows/);
    assert.match(output, /the numbers of rows/);
    assert.match(output, /names do not fit the people/);
    assert.match(output, /is not what was acknowledged/);
  });

  it(`has every account as it was acknowledged, and none in part, for a reader of its own, ${KILLS} times over`, async (test) => {
    await using other = await makeFolder();
    const data = join(other.path, "data");
    const ledger = join(other.path, "ledger");
    const copy = join(other.path, "copy");
    const random = new Random(2026);
    let facts: { readonly people: number; readonly audit: number; readonly problems: string[] };
    for (let round = 1; round <= KILLS; round += 1) {
      await changeAndKill(data, ledger, round, { kept: 5, ms: random.below(300) });
      await cp(join(data, "db"), copy, { recursive: true });
      const output = execFileSync(python, [reader, copy, ledger], { encoding: "utf8" });
      facts = JSON.parse(output) as typeof facts;
      assert.deepEqual(facts.problems, [], `after kill ${round}`);
      await rm(copy, { recursive: true });
      if (round === KILLS) {
        test.diagnostic(`${KILLS} kills, ${facts.people} people, ${facts.audit} changes`);
        assert.ok(facts.audit > KILLS * 4, "the writer came to write");
      }
    }
    await using store = await openStore(data, { log: silentLog });
    assert.equal(store.health().restored, undefined, "no kill is damage");
    assert.deepEqual((await store.verify()).problems, []);
  });
});
