/** Exports and the journal beside an open database. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Checksum } from "#src/stores/checksum.ts";
import { openStore } from "#src/stores/create.ts";
import { readExport } from "#src/stores/exports/export-file.ts";
import { ExportsFolder } from "#src/stores/exports/exports-folder.ts";
import { readJournal } from "#src/stores/exports/journal-file.ts";
import { Database } from "#src/stores/level/database.ts";
import { checkAll, checkDatabase } from "#src/stores/level/verify.ts";
import type { Store } from "#src/stores/store.ts";
import { copyAsKilled, makeFolder, type Folder } from "#test/support/folder.ts";
import { ManualTimer } from "#test/support/manual-timer.ts";
import { MovableClock } from "#test/support/people.ts";
import { addPerson, auditRecord, collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

describe("beside an open database", () => {
  let folder: Folder;
  let clock: MovableClock;
  let timer: ManualTimer;
  let warnings: string[];

  beforeEach(async () => {
    folder = await makeFolder();
    clock = new MovableClock();
    timer = new ManualTimer();
    warnings = [];
  });

  afterEach(() => folder.remove());

  const open = () => {
    const log = Object.assign(Object.create(silentLog) as typeof silentLog, {
      warn: (_: unknown, text: string) => void warnings.push(text),
    });
    return openStore(folder.path, { log, clock, later: timer.later });
  };
  const exports = () => new ExportsFolder(join(folder.path, "exports"));

  async function counts(): Promise<readonly number[]> {
    return (await exports().entries()).exports.map(({ changes }) => changes);
  }

  function change(store: Store, value: number): Promise<void> {
    const record = { value };
    return store.change(() => ({
      writes: [{ put: "settings", key: "x", record }],
      result: undefined,
    }));
  }

  describe("exports", () => {
    it("have every row and line, for the hub alone", async () => {
      const store = await open();
      await addPerson(store, "maria");
      await change(store, 7);
      const { changes } = store;
      await store.close();
      const [newest] = (await exports().entries()).exports;
      assert.equal(newest?.changes, changes);
      assert.equal((await stat(newest.path)).mode & 0o777, 0o600);
      assert.equal((await stat(exports().path)).mode & 0o777, 0o700);
      const { rows, audit, made } = await readExport(newest.path);
      assert.equal(made, "2026-11-22T08:00:00.000Z");
      await using again = await open();
      assert.equal(again.health().lastExport, "2026-11-22T08:00:00.000Z");
      for (const name of ["meta", "users", "names", "groups", "settings"] as const) {
        const kept = Array.from(rows.get(name) ?? [], ([key, text]) => [key, JSON.parse(text)]);
        assert.deepEqual(kept, [...again.entries(name)]);
      }
      const lines = audit.map(({ text }) => JSON.parse(text) as unknown);
      assert.deepEqual(lines.toReversed(), await collect(again.audit()));
    });

    it("are made 60 s after the first change that is in none, and not before", async () => {
      await using store = await open();
      assert.deepEqual(await counts(), [1]);
      assert.deepEqual(timer.waiting, []);
      await change(store, 1);
      await change(store, 2);
      assert.deepEqual(timer.waiting, [60_000]);
      assert.deepEqual(await counts(), [1]);
      timer.fire();
      await timer.until(async () => (await counts()).length === 2);
      assert.deepEqual(await counts(), [3, 1]);
      assert.deepEqual(timer.waiting, []);
    });

    it("are made after 100 changes, while changes go on", async () => {
      await using store = await open();
      let number = 0;
      const changeOn = async () => {
        await change(store, (number += 1));
        // The next one follows at once when there were enough changes while one was made.
        timer.fire(0);
      };
      for (let count = 0; count < 250; count += 1) await changeOn();
      await timer.until(async () => {
        await changeOn();
        return (await counts()).length >= 3;
      });
      for (const { path } of (await exports().entries()).exports) {
        const { rows, checksum } = await readExport(path);
        // Of one moment: the change that its count says.
        const text = rows.get("settings")?.get("x");
        const value = text === undefined ? 0 : (JSON.parse(text) as { value: number }).value;
        assert.equal(value, checksum.changes - 1);
      }
    });

    it("are made at a clean end when something is in none, and not twice for the same", async () => {
      for (let round = 0; round < 3; round += 1) {
        await (await open()).close();
      }
      assert.deepEqual(await counts(), [1]);
      const store = await open();
      await change(store, 1);
      await store.close();
      assert.deepEqual(await counts(), [2, 1]);
    });

    it("go by the count of changes when the clock is set back a year", async () => {
      const store = await open();
      await addPerson(store, "ana");
      await store.close();
      clock.jump(-YEAR_MS);
      const later = await open();
      await addPerson(later, "juan");
      await later.close();
      await rm(join(folder.path, "db"), { recursive: true });
      clock.jump(3 * YEAR_MS);
      await using restored = await open();
      assert.deepEqual(namesIn(restored), ["ana", "juan"]);
      assert.equal(restored.health().restored?.lostChanges, 0);
    });
  });

  describe("the journal", () => {
    it("is begun anew with each export, and has a line for each change, as it is", async () => {
      await using store = await open();
      await change(store, 1);
      await store.change(() => ({
        writes: [{ remove: "settings", key: "x" }, { audit: auditRecord("maria") }],
        result: undefined,
      }));
      timer.fire();
      await timer.until(async () => (await counts()).length === 2);
      await change(store, 2);
      const { journals } = await exports().entries();
      assert.deepEqual(
        journals.map(({ after }) => after),
        [1, 3],
      );
      const [first, second] = await Promise.all(journals.map(({ path }) => readJournal(path)));
      assert.deepEqual(
        first?.lines.map(({ from }) => from),
        [1, 2],
      );
      const [, removal] = first.lines;
      assert.deepEqual(removal?.rows[0], { collection: "settings", key: "x", text: undefined });
      assert.equal(removal.audit.length, 1);
      assert.deepEqual(
        second?.lines.map(({ from }) => from),
        [3],
      );
      assert.equal(first.damaged, 0);
    });

    it("finds a line that was altered", async () => {
      const store = await open();
      await addPerson(store, "maria");
      const [journal] = (await exports().entries()).journals;
      assert.ok(journal !== undefined);
      const text = await readFile(journal.path, "utf8");
      await store.close();
      await writeFile(journal.path, text.replace("maria", "marta"));
      assert.deepEqual(await readJournal(journal.path), { lines: [], damaged: 1 });
      await writeFile(journal.path, text.slice(0, -1));
      assert.deepEqual(await readJournal(journal.path), { lines: [], damaged: 0 });
    });
  });

  it("nothing is in the way of a change when it cannot be written: it is told, and tried again", async () => {
    const store = await open();
    await addPerson(store, "ana");
    timer.fire();
    await timer.until(async () => (await counts()).length === 2);
    const aside = join(folder.path, "elsewhere");
    await rename(exports().path, aside);
    await writeFile(exports().path, "in the way");
    await addPerson(store, "juan");
    await addPerson(store, "maria");
    const { trouble } = store.health();
    assert.equal(trouble?.code, "exports_not_written");
    assert.deepEqual(timer.waiting, [10_000]);
    for (let round = 0; round < 2; round += 1) {
      timer.fire();
      await timer.until(() => timer.waiting.length > 0);
      assert.deepEqual(timer.waiting, [10_000]);
    }
    const said = warnings.filter((text) => !text.startsWith("older exports"));
    assert.deepEqual(said, ["the journal was not written"], "said once");

    await rm(exports().path);
    await rename(aside, exports().path);
    timer.fire();
    await timer.until(() => store.health().trouble === undefined);
    await addPerson(store, "kim");
    await copyAsKilled(folder.path, `${folder.path}-killed`);
    await store.close();
    await rm(folder.path, { recursive: true });
    await rename(`${folder.path}-killed`, folder.path);
    await rm(join(folder.path, "db"), { recursive: true });
    await using restored = await open();
    assert.deepEqual(namesIn(restored), ["ana", "juan", "kim", "maria"]);
    assert.equal(restored.health().restored?.lostChanges, 0);
  });

  it("a journal that misses a change is not taken for a whole one", async () => {
    const store = await open();
    await addPerson(store, "ana");
    timer.fire();
    await timer.until(async () => (await counts()).length === 2);
    const journal = exports().journalPath(store.changes);
    // What cannot be written even by root.
    await mkdir(journal);
    await addPerson(store, "juan");
    await rm(journal, { recursive: true });
    await addPerson(store, "maria");
    await copyAsKilled(folder.path, `${folder.path}-killed`);
    await store.close();
    await rm(folder.path, { recursive: true });
    await rename(`${folder.path}-killed`, folder.path);
    await rm(join(folder.path, "db"), { recursive: true });
    await using restored = await open();
    assert.deepEqual(namesIn(restored), ["ana"]);
    assert.equal(restored.health().restored?.lostChanges, 2);
  });

  it("a killed hub's change that is on the disk, but not in memory or journal, is there and whole", async () => {
    const child = join(import.meta.dirname, "../support/killed-after-write.ts");
    const { signal } = spawnSync(process.execPath, [child, folder.path]);
    assert.equal(signal, "SIGKILL");
    await using store = await open();
    assert.deepEqual(namesIn(store), ["ana", "juan"]);
    assert.equal((await collect(store.audit())).length, 2);
    assert.equal(store.health().restored, undefined);
    assert.deepEqual((await store.verify()).problems, []);
  });

  describe("the audit", () => {
    it("is restored when a line of it is missing", async () => {
      const store = await open();
      for (const name of ["ana", "juan", "maria"]) {
        await addPerson(store, name);
      }
      const before = await collect(store.audit());
      await store.close();
      const database = await Database.open(join(folder.path, "db"), { create: false });
      const keys = (await collect(database.auditKeys())).flat();
      await database.write({ rows: [], removeAudit: keys.slice(1, 2) });
      await database.close();
      await using again = await open();
      const { restored } = again.health();
      assert.equal(restored?.lostChanges, 0);
      assert.equal(restored.reason, "a line of the audit is missing");
      assert.deepEqual((await collect(again.audit())).slice(1), before);
    });
  });

  describe("checking while it is open", () => {
    it("counts what is there", async () => {
      await using store = await open();
      await addPerson(store, "maria");
      timer.fire();
      await timer.until(async () => (await counts()).length === 2);
      assert.deepEqual(await store.verify(), {
        rows: 4,
        auditRows: 1,
        exports: { good: 2, bad: 0 },
        problems: [],
      });
    });

    it("finds damaged exports and journals", async () => {
      await using store = await open();
      await addPerson(store, "maria");
      timer.fire();
      await timer.until(async () => (await counts()).length === 2);
      await addPerson(store, "juan");
      const { exports: made, journals } = await exports().entries();
      await writeFile(made[0]?.path ?? "", "");
      await writeFile(journals.at(-1)?.path ?? "", "damaged\n");
      const { exports: counted, problems } = await store.verify();
      assert.deepEqual(counted, { good: 1, bad: 1 });
      assert.equal(problems.length, 2);
      assert.match(problems.join("\n"), /the export 0.*\n.*the journal 0/);
    });

    it("finds a damaged table", async () => {
      {
        await using store = await open();
        await addPerson(store, "maria");
      }
      await using store = await open();
      const [table = ""] = (await readdir(join(folder.path, "db"))).filter((name) =>
        name.endsWith(".ldb"),
      );
      const path = join(folder.path, "db", table);
      const bytes = await readFile(path);
      await writeFile(
        path,
        bytes.map((byte, index) => (index === 20 ? byte ^ 1 : byte)),
      );
      assert.match((await store.verify()).problems.join(), /ldb is damaged/);
      await writeFile(path, bytes);
      assert.deepEqual((await store.verify()).problems, []);
    });

    it("takes nothing for damaged that is tidied away meanwhile", async () => {
      const store = await open();
      await addPerson(store, "maria");
      await store.close();
      await using database = await reading();
      class Tidied extends ExportsFolder {
        override async entries() {
          const { exports: made, journals } = await super.entries();
          return {
            exports: [...made, { path: join(this.path, "gone"), changes: 1, made: "" }],
            journals: [...journals, { path: join(this.path, "gone"), after: 1 }],
          };
        }
      }
      const rows = await database.rows();
      assert.deepEqual(
        await checkAll({
          path: join(folder.path, "db"),
          folder: new Tidied(exports().path),
          checksum: Checksum.read(rows),
          rows: Promise.resolve(rows),
          audit: database.auditKeys(),
        }),
        { rows: 4, auditRows: 1, exports: { good: 2, bad: 0 }, problems: [] },
      );
    });

    it("reads the audit to its end also when the rows cannot be read: nobody keeps a hold on it", async () => {
      const store = await open();
      await addPerson(store, "maria");
      await store.close();
      await using database = await reading();
      let hasEnded = false;
      const audit = (async function* () {
        try {
          yield* database.auditKeys();
        } finally {
          hasEnded = true;
        }
      })();
      const problems: string[] = [];
      const rows = Promise.reject(new Error("no rows"));
      const checksum = Checksum.of(new Map(), 0);
      await checkDatabase({ path: join(folder.path, "db"), checksum, rows, audit }, problems);
      assert.deepEqual(problems, ["the database: no rows"]);
      await timer.until(() => hasEnded);
    });

    async function reading() {
      const database = await Database.open(join(folder.path, "db"), { create: false });
      return Object.assign(database, { [Symbol.asyncDispose]: () => database.close() });
    }

    it("goes on while changes are made", async () => {
      await using store = await open();
      const stop = new AbortController();
      const changing = (async () => {
        for (let number = 0; !stop.signal.aborted; number += 1) {
          await addPerson(store, `p${number}`);
        }
      })();
      for (let round = 0; round < 5; round += 1) {
        assert.deepEqual((await store.verify()).problems, []);
      }
      stop.abort();
      await changing;
    });
  });
});
