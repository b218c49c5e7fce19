/** Who was erased is in no file any more: not in the database's own, nor in what lies beside it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openStore } from "#src/stores/create.ts";
import { FORGETTING_KEY } from "#src/stores/level/forgetting.ts";
import type { LevelStore, LevelStoreOptions } from "#src/stores/level/level-store.ts";
import type { UserId } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { copyAsKilled, filesBeside, makeFolder, type Folder } from "#test/support/folder.ts";
import { ManualTimer } from "#test/support/manual-timer.ts";
import { addPerson, collect, eraseWrites, namesIn, userName } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { tracesOf } from "#test/support/traces.ts";

const NAME = "xanthippe-quillfeather";
const DISPLAY_NAME = "Xanthippe Quillfeather-Zzyzx";
const EARLIER_NAME = "xanthippe-of-old";
const WORDS = [NAME, DISPLAY_NAME, EARLIER_NAME, "$scrypt$of-xanthippe"];
const child = new URL("../support/forgetting-child.ts", import.meta.url).pathname;

/** Calls `call` before each call of the database. */
function calling(call: () => void): LevelStoreOptions["through"] {
  const after =
    <Parts extends readonly unknown[], Result>(work: (...parts: Parts) => Result) =>
    (...parts: Parts): Result => {
      call();
      return work(...parts);
    };
  return (database) => ({
    rows: after(() => database.rows()),
    audit: after((limit) => database.audit(limit)),
    auditKeys: after(() => database.auditKeys()),
    write: after((batch) => database.write(batch)),
    compact: after(() => database.compact()),
    rewrite: after((keys) => database.rewrite(keys)),
    close: after(() => database.close()),
  });
}

describe("a store that erases somebody", { timeout: 1_800_000 }, () => {
  let folder: Folder;
  let timer: ManualTimer;
  let warnings: string[];
  let erased: UserId;

  beforeEach(async () => {
    folder = await makeFolder();
    timer = new ManualTimer();
    warnings = [];
  });
  afterEach(() => folder.remove());

  const open = (through: LevelStoreOptions["through"] = (database) => database) => {
    const log = Object.assign(Object.create(silentLog) as typeof silentLog, {
      warn: (_: unknown, text: string) => void warnings.push(text),
    });
    return openStore(folder.path, { log, later: timer.later, through });
  };
  const exports = async () =>
    (await readdir(join(folder.path, "exports"))).filter((name) => name.endsWith(".gz"));

  async function exportNow(): Promise<void> {
    const earlier = new Set(await exports());
    await timer.until(async () => {
      timer.fire();
      return (await exports()).some((name) => !earlier.has(name));
    });
  }

  /** With others, a name before that one, a refused try, several exports and journals, and tables of LevelDB's. */
  async function live(store: Store): Promise<void> {
    for (let number = 0; number < 20; number += 1) await addPerson(store, `before${number}`);
    erased = await addPerson(store, EARLIER_NAME);
    await exportNow();
    await store.change((state) => {
      const user = state.get("users", erased);
      assert.ok(user !== undefined);
      const record = {
        ...user,
        name: userName(NAME),
        displayName: DISPLAY_NAME,
        password: { hash: "$scrypt$of-xanthippe", isTemporary: false },
      };
      const at = "2026-01-02T00:00:00.000Z";
      const line = { at, action: "user.renamed", subject: erased, subjectName: NAME } as const;
      const actor = { actor: "console", actorName: "console" } as const;
      return {
        writes: [
          { put: "users", key: erased, record: record as never },
          { remove: "names", key: EARLIER_NAME },
          { put: "names", key: NAME, record: { userId: erased } },
          { audit: { ...line, ...actor, action: "user.added", subjectName: EARLIER_NAME } },
          { audit: { ...line, ...actor, detail: { before: EARLIER_NAME } } },
          { audit: { at, action: "login.failed", ...actor, subjectName: NAME } as never },
        ],
        result: undefined,
      };
    });
    for (let number = 0; number < 20; number += 1) await addPerson(store, `later${number}`);
    await exportNow();
    await addPerson(store, "last");
  }

  const erase = (store: Store) =>
    store.change((state) => ({ writes: eraseWrites(state, erased), result: undefined }));

  const isForgotten = (store: Store) => store.get("settings", FORGETTING_KEY) === undefined;

  /** It was tried, and is to be tried again. */
  async function untilPutOff(): Promise<void> {
    timer.fire();
    await timer.until(
      () =>
        warnings.includes("what is left of erased people is removed later") &&
        timer.waiting.includes(60_000),
    );
  }

  async function untilForgotten(store: Store): Promise<void> {
    await timer.until(() => {
      timer.fire();
      return isForgotten(store);
    });
  }

  const traces = () => tracesOf(WORDS, folder.path);

  async function assertForgotten(store: LevelStore): Promise<void> {
    assert.deepEqual(await traces(), []);
    assert.deepEqual(await filesBeside(folder.path), ["db", "exports", "initialised"]);
    assert.deepEqual((await store.verify()).problems, []);
    const lines = (await collect(store.audit())).filter(({ subject }) => subject === erased);
    assert.deepEqual(
      lines.map(({ action, subjectName, detail }) => [action, subjectName, detail]),
      [
        ["user.renamed", "", {}],
        ["user.added", "", undefined],
      ],
    );
    assert.equal(namesIn(store).length, 41);
  }

  it("has them in no file afterwards, also none that was put aside, and goes on", async () => {
    await using store = await open();
    await live(store);
    for (const aside of ["db.damaged-1", "db.damaged-2", "db.unfinished-17"]) {
      await mkdir(join(folder.path, aside));
      await writeFile(join(folder.path, aside, "000003.log"), NAME);
    }
    assert.ok((await traces()).length > 8, (await traces()).join("\n"));
    const before = await readdir(join(folder.path, "db"));
    await erase(store);
    await untilForgotten(store);
    // Keys may stand in LevelDB's manifest and in its own log, too: both are others now.
    const after = await readdir(join(folder.path, "db"));
    const kept = after.filter((name) => before.includes(name) || name === "LOG.old");
    assert.deepEqual(kept.toSorted(), ["CURRENT", "LOCK", "LOG"]);
    await assertForgotten(store);
    assert.ok((await exports()).length <= 2, (await exports()).join(" "));
    await addPerson(store, "next");
    assert.deepEqual((await store.verify()).problems, []);
  });

  it("forgets those whom LevelDB has in deep tables, too, while changes go on", async () => {
    {
      await using store = await open();
      await live(store);
    }
    // Each start brings the log into a table, and fills another level.
    for (let start = 0; start < 3; start += 1) {
      await using store = await open();
      const value = "x".repeat(300_000);
      for (let number = 0; number < 12; number += 1) {
        const record = { value: `${value}${number}` };
        await store.change(() => ({
          writes: [{ put: "settings", key: `big${number}`, record }],
          result: undefined,
        }));
      }
    }
    await using store = await open();
    await erase(store);
    let changes = 0;
    while (!isForgotten(store)) {
      timer.fire();
      await store.change(() => ({
        writes: [{ put: "settings", key: "busy", record: { value: (changes += 1) } }],
        result: undefined,
      }));
    }
    assert.ok(changes > 0);
    await assertForgotten(store);
  });

  it("keeps what it could be restored from while the database is not whole", async () => {
    {
      await using store = await open();
      await live(store);
    }
    await using store = await open();
    await erase(store);
    const before = await exports();
    const tables = (await readdir(join(folder.path, "db"))).filter((name) => name.endsWith(".ldb"));
    const table = join(folder.path, "db", tables[0] ?? "");
    const bytes = await readFile(table);
    await writeFile(table, bytes.with(20, (bytes[20] ?? 0) ^ 1));
    await untilPutOff();
    assert.equal(isForgotten(store), false);
    const kept = await exports();
    assert.deepEqual(
      before.filter((name) => !kept.includes(name)),
      [],
    );
    await writeFile(table, bytes);
    await untilForgotten(store);
    await assertForgotten(store);
  });

  it("can be restored afterwards from what is left, without them", async () => {
    await using after = await makeFolder();
    {
      await using store = await open();
      await live(store);
      await erase(store);
      await untilForgotten(store);
      await addPerson(store, "next");
      await copyAsKilled(folder.path, after.path);
    }
    await rm(join(after.path, "db"), { recursive: true });
    await using store = await openStore(after.path, { log: silentLog, later: timer.later });
    assert.equal(store.health().restored?.lostChanges, 0);
    assert.equal(namesIn(store).length, 42);
    assert.ok(namesIn(store).includes("next"));
    assert.deepEqual(await tracesOf(WORDS, after.path), []);
    assert.equal(isForgotten(store), true);
  });

  it("lets who reads the audit read on, and waits until they have read it or gone away", async () => {
    await using store = await open();
    await live(store);
    const expected = (await collect(store.audit())).length;
    await erase(store);
    const [reader, goesAway] = [store.audit(), store.audit()].map((lines) =>
      lines[Symbol.asyncIterator](),
    );
    for (const each of [reader, goesAway]) await each?.next();
    await untilPutOff();
    assert.equal(isForgotten(store), false);
    await goesAway?.return?.();
    let lines = 1;
    while ((await reader?.next())?.done === false) lines += 1;
    assert.equal(lines, expected);
    await untilForgotten(store);
    await assertForgotten(store);
  });

  it("ends at once when the hub does, and goes on at the next start", async () => {
    {
      await using store = await open();
      await live(store);
      await erase(store);
    }
    assert.notDeepEqual(await traces(), []);
    await using store = await open();
    assert.equal(isForgotten(store), false);
    await untilForgotten(store);
    await assertForgotten(store);
  });

  it("may be ended at any call of the database", async () => {
    {
      await using store = await open();
      await live(store);
      await erase(store);
    }
    const original = `${folder.path}-original`;
    await cp(folder.path, original, { recursive: true });
    try {
      let [step, unfinished, closing] = [0, 0, true];
      for (; closing; step += 1) {
        await rm(folder.path, { recursive: true });
        await cp(original, folder.path, { recursive: true });
        closing = false;
        let [calls, ended] = [-Infinity, Promise.resolve()];
        const call = () => {
          calls += 1;
          if (calls !== step) return;
          closing = true;
          ended = store.close();
        };
        const store = await open(calling(call));
        calls = -1;
        timer.fire();
        await timer.until(() => closing || isForgotten(store));
        await ended;
        await store.close();
        await using again = await open();
        assert.equal(again.health().restored, undefined, `step ${step}`);
        unfinished += isForgotten(again) ? 0 : 1;
        await untilForgotten(again);
        await assertForgotten(again);
      }
      assert.ok(step > 5 && unfinished > step / 2, `${unfinished} of ${step}`);
    } finally {
      await rm(original, { recursive: true });
    }
  });

  it("keeps what it could be restored from while no export can be made, and tries again", async () => {
    await using store = await open();
    await live(store);
    await erase(store);
    const before = await exports();
    const aside = join(folder.path, "elsewhere");
    // No export can be made.
    await cp(join(folder.path, "exports"), aside, { recursive: true });
    await rm(join(folder.path, "exports"), { recursive: true });
    await writeFile(join(folder.path, "exports"), "in the way");
    await untilPutOff();
    assert.equal(isForgotten(store), false);
    await rm(join(folder.path, "exports"));
    await cp(aside, join(folder.path, "exports"), { recursive: true });
    await rm(aside, { recursive: true });
    assert.ok(before.length > 1);
    await untilForgotten(store);
    await assertForgotten(store);
  });

  it("goes on at the next start, wherever it was killed", async () => {
    {
      await using store = await open();
      await live(store);
    }
    const original = `${folder.path}-original`;
    await cp(folder.path, original, { recursive: true });
    try {
      let [unfinished, step] = [0, 1];
      for (; ; step += 1) {
        await rm(folder.path, { recursive: true });
        await cp(original, folder.path, { recursive: true });
        const { signal } = spawnSync(process.execPath, [child, folder.path, erased, String(step)]);
        // There are no more steps.
        if (signal === null) break;
        assert.equal(signal, "SIGKILL", `step ${step}`);
        await using store = await open();
        assert.equal(store.health().restored, undefined, `step ${step}`);
        if (store.get("users", erased) !== undefined) {
          // Killed before the erasing itself was on the disk.
          await erase(store);
        }
        unfinished += isForgotten(store) ? 0 : 1;
        await untilForgotten(store);
        await assertForgotten(store);
      }
      assert.ok(step > 15 && unfinished > step / 2, `${unfinished} of ${step}`);
    } finally {
      await rm(original, { recursive: true });
    }
  });
});
