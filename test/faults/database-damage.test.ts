/**
 * Every file of the data folder, damaged in many ways: the store opens whole, or restored with nothing lost, or
 * restored with a loss that it says to the last change, or it refuses in words. Never fewer people without a word.
 *
 * The outcomes are printed as a table.
 */
import assert from "node:assert/strict";
import { cp, open, readdir, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openStore } from "#src/stores/create.ts";
import { makeId } from "#src/stores/ids.ts";
import type { UserId } from "#src/stores/records.ts";
import type { LevelStore } from "#src/stores/level/level-store.ts";
import type { Store } from "#src/stores/store.ts";
import { copyAsKilled, makeFolder, type Folder } from "#test/support/folder.ts";
import { factsOf, OpeningChild, type StoreFacts } from "#test/support/opening-child.ts";
import { auditRecord, addPerson } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const log = silentLog;
const OPENINGS = 4;
/** With their renamings fewer than the changes after which an export is made. */
const PEOPLE_EACH = 75;
const FLIPS = 10;
const NEWEST_EXPORTS = 2;

type Damage = (file: string) => Promise<void>;

async function overwrite(
  path: string,
  part: number,
  length: number,
  change: (byte: number) => number,
): Promise<void> {
  await using file = await open(path, "r+");
  const { size } = await file.stat();
  const position = Math.min(Math.max(0, size - 1), Math.floor(size * part));
  const bytes = Buffer.alloc(Math.min(length, size - position));
  await file.read(bytes, 0, bytes.length, position);
  await file.write(bytes.map(change), 0, bytes.length, position);
}

const damages: Readonly<Record<string, readonly Damage[]>> = {
  deleted: [(path) => rm(path)],
  emptied: [(path) => truncate(path, 0)],
  "cut short": [0.1, 0.5, 0.9, 0.999].map(
    (part): Damage =>
      async (path) =>
        truncate(path, Math.floor((await stat(path)).size * part)),
  ),
  "zeros in it": [0, 0.3, 0.6, 0.97].map(
    (part): Damage =>
      (path) =>
        overwrite(path, part, 4096, () => 0),
  ),
  "bits flipped": Array.from(
    { length: FLIPS },
    (_, index): Damage =>
      (path) =>
        overwrite(path, index / (FLIPS - 1), 16, (byte) => byte ^ 0x5a),
  ),
};

const outcomes = ["whole", "restored, 0 lost", "restored, loss said", "refused"] as const;
type Outcome = (typeof outcomes)[number];

/** By kind of file and damage. */
class OutcomeTable {
  readonly #counts = new Map<string, Map<Outcome, number>>();

  count(kind: string, damage: string, outcome: Outcome): void {
    const name = `${kind} | ${damage}`;
    const counts = this.#counts.get(name) ?? new Map<Outcome, number>();
    this.#counts.set(name, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  }

  lines(): readonly string[] {
    const rows = [...this.#counts].map(
      ([name, counts]) =>
        `| ${name} | ${outcomes.map((outcome) => counts.get(outcome) ?? 0).join(" | ")} |`,
    );
    return [`| file | damage | ${outcomes.join(" | ")} |`, "| - | - | - | - | - | - |", ...rows];
  }
}

function kindOf(file: string): string {
  return file
    .replace(/MANIFEST-\d+/, "MANIFEST")
    .replace(/\d+\.(log|ldb)/, "*.$1")
    .replace(/\d+-\w+\.jsonl\.gz/, "newest exports")
    .replace(/\d+\.journal/, "journals");
}

describe("a damaged data folder", () => {
  let folder: Folder;
  let original: string;
  /** What was there after each change. */
  const history = new Map<number, StoreFacts>();
  let last = 0;
  const table = new OutcomeTable();

  before(async () => {
    folder = await makeFolder();
    original = join(folder.path, "original");
    const building = join(folder.path, "building");
    for (let opening = 0; opening < OPENINGS; opening += 1) {
      const store = await openStore(building, { log, later: () => () => undefined });
      await remember(store);
      for (let number = 0; number < PEOPLE_EACH; number += 1) {
        const name = `p${opening}-${number}`;
        const id = await addPerson(store, name);
        await remember(store);
        if (number % 4 === 0) {
          await rename(store, id, name);
          await remember(store);
        }
      }
      if (opening === OPENINGS - 1) {
        // As a kill leaves it: tables, a log and a journal.
        await copyAsKilled(building, original);
      }
      await store.close();
    }
    await rm(building, { recursive: true });
  });

  after(async () => {
    await folder.remove();
  });

  async function remember(store: LevelStore): Promise<void> {
    last = store.changes;
    history.set(last, await factsOf(store));
  }

  function rename(store: Store, id: UserId, name: string): Promise<void> {
    return store.change((state) => {
      const user = state.get("users", id);
      assert.ok(user !== undefined);
      const group = makeId<"group">();
      const member = { groupId: group, userId: id, role: "student" } as const;
      return {
        writes: [
          { put: "users", key: id, record: { ...user, displayName: `${name} anew` } },
          { put: "members", key: `${group}!${id}`, record: member },
          { audit: auditRecord(name) },
        ],
        result: undefined,
      };
    });
  }

  async function outcomeOf(data: string, what: string, child: OpeningChild): Promise<Outcome> {
    const found = await child.open(data);
    assert.ok(!("ended" in found), `${what}: ${JSON.stringify(found)}`);
    if ("refused" in found) {
      assert.equal(found.refused, "database_unreadable", what);
      assert.notEqual(found.detail, "", what);
      const again = await child.open(data);
      assert.deepEqual(again, found, `${what}: other words the second time`);
      return "refused";
    }
    const lost = found.restored?.lostChanges ?? 0;
    const truth = history.get(last - lost);
    assert.ok(truth !== undefined, `${what}: ${lost} changes lost`);
    assert.deepEqual(found.rows, truth.rows, `${what}: other rows than it says`);
    if (lost === 0) {
      assert.deepEqual(found.audit, truth.audit, `${what}: another audit`);
    } else {
      const there = new Set(found.audit);
      assert.deepEqual(
        truth.audit.filter((line) => !there.has(line)),
        [],
        `${what}: lines of the audit are missing`,
      );
    }
    if (found.restored === undefined) {
      return "whole";
    }
    assert.deepEqual(await child.open(data), found, `${what}: not the same when opened again`);
    return lost === 0 ? "restored, 0 lost" : "restored, loss said";
  }

  async function damageEach(
    files: readonly string[],
    kind: (file: string) => string,
    more: (data: string) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    await using child = new OpeningChild();
    for (const file of files) {
      for (const [damageName, each] of Object.entries(damages)) {
        for (const [index, damage] of each.entries()) {
          const data = join(folder.path, "damaged");
          await cp(original, data, { recursive: true });
          await damage(join(data, file));
          await more(data);
          const what = `${file} ${damageName} ${index}`;
          table.count(kind(file), damageName, await outcomeOf(data, what, child));
          await rm(data, { recursive: true });
        }
      }
    }
  }

  async function exportsAndJournals(): Promise<readonly string[]> {
    const names = (await readdir(join(original, "exports"))).toSorted();
    const exports = names.filter((name) => name.endsWith(".gz")).slice(-NEWEST_EXPORTS);
    const journals = names.filter((name) => name.endsWith(".journal")).slice(-NEWEST_EXPORTS);
    return [...exports, ...journals].map((name) => join("exports", name));
  }

  it("says what is lost, to the last change, when any one file of the database is damaged", async () => {
    const files = (await readdir(join(original, "db"))).map((file) => join("db", file));
    assert.ok(files.filter((file) => file.endsWith(".ldb")).length >= 2, "there are tables");
    await damageEach([...files, "initialised"], kindOf);
  });

  it("opens whole when any one export or journal is damaged", async () => {
    await damageEach(await exportsAndJournals(), kindOf);
  });

  it("says what is lost when the database is gone and an export or journal is damaged", async (test) => {
    await damageEach(
      await exportsAndJournals(),
      (file) => `${kindOf(file)}, database gone`,
      (data) => rm(join(data, "db"), { recursive: true }),
    );
    for (const line of table.lines()) {
      test.diagnostic(line);
    }
  });
});
