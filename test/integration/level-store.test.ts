import assert from "node:assert/strict";
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HubError, type FailureCode } from "#src/errors.ts";
import { openStore } from "#src/stores/create.ts";
import { openLevelStore } from "#src/stores/level/level-store.ts";
import { schemaVersion, type Migration } from "#src/stores/migrations/migrations.ts";
import type { Store, Write } from "#src/stores/store.ts";
import { filesBeside, makeFolder, type Folder } from "#test/support/folder.ts";
import { addPerson, auditRecord, collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { collectionNames, rowTexts } from "#test/support/store-rows.ts";

const log = silentLog;

function everything(store: Store): unknown {
  const names = ["meta", "users", "names", "groups", "settings"] as const;
  return names.map((name) => [...store.entries(name)]);
}

function failsWith(code: FailureCode, words?: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof HubError, String(error));
    assert.equal(error.code, code);
    if (words !== undefined) {
      assert.match(String(error.params["detail"]), words);
    }
    return true;
  };
}

describe("the database", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(async () => {
    await folder.remove();
  });

  const path = () => join(folder.path, "db");
  const marker = () => join(folder.path, "initialised");
  const exports = () => join(folder.path, "exports");

  describe("opened again", () => {
    it("has everything that was written, removed rows excepted", async () => {
      const first = await openStore(folder.path, { log });
      for (let number = 0; number < 30; number += 1) {
        await addPerson(first, `person${number}`);
      }
      await first.change(() => ({
        writes: [
          { remove: "names", key: "person3" },
          { put: "settings", key: "x", record: { value: { a: [1, null, "é\u{1F600}"] } } },
        ],
        result: undefined,
      }));
      const before = everything(first);
      const audit = await collect(first.audit());
      await first.close();

      await using second = await openStore(folder.path, { log });
      assert.deepEqual(everything(second), before);
      assert.deepEqual(await collect(second.audit()), audit);
      assert.equal(second.changes, first.changes);
    });

    it("has the rows of every collection, whatever it is called", async () => {
      const first = await openStore(folder.path, { log });
      // Nothing but the collection's name matters here.
      const writes = collectionNames.map((put) => ({ put, key: "k", record: {} }) as Write);
      await first.change(() => ({ writes, result: undefined }));
      const before = rowTexts(first);
      await first.close();
      await using second = await openStore(folder.path, { log });
      assert.equal(second.health().restored, undefined);
      assert.deepEqual(rowTexts(second), before);
      assert.equal(before.length, collectionNames.length + 1);
    });

    it("counts the audit on, in order, although the clock was set back in between", async () => {
      const write = (store: Store, name: string, at: string) =>
        store.change(() => ({ writes: [{ audit: auditRecord(name, at) }], result: undefined }));
      const first = await openStore(folder.path, { log });
      await write(first, "one", "2026-06-01T00:00:00.000Z");
      await first.close();
      await using second = await openStore(folder.path, { log });
      await write(second, "two", "1970-01-01T00:00:00.000Z");
      await write(second, "three", "2026-06-01T00:00:00.000Z");
      const names = (await collect(second.audit())).map(({ subjectName }) => subjectName);
      assert.deepEqual(names, ["three", "two", "one"]);
    });

    it("does not make a second class", async () => {
      await (await openStore(folder.path, { log })).close();
      await using store = await openStore(folder.path, { log });
      assert.equal([...store.entries("groups")].length, 1);
    });

    it("leaves nothing beside it but the marker and the exports", async () => {
      await (await openStore(folder.path, { log })).close();
      await (await openStore(folder.path, { log })).close();
      assert.deepEqual(await filesBeside(folder.path), ["db", "exports", "initialised"]);
    });
  });

  it("is refused to a second hub, in words, and stays whole", async () => {
    await using first = await openStore(folder.path, { log });
    await addPerson(first, "maria");
    await assert.rejects(openStore(folder.path, { log }), failsWith("database_locked"));
    await addPerson(first, "juan");
    assert.deepEqual(await filesBeside(folder.path), ["db", "exports", "initialised"]);
  });

  it("of a newer Homeroom is refused, and stays as it is", async () => {
    const newer: readonly Migration[] = [{ to: 7, about: "something new", plan: () => [] }];
    const store = await openLevelStore(path(), { log, migrations: newer });
    await addPerson(store, "maria");
    await store.close();
    await assert.rejects(openStore(folder.path, { log }), (error) => {
      assert.ok(error instanceof HubError && error.code === "database_newer");
      assert.deepEqual(error.params, { path: path(), found: 7, known: schemaVersion });
      return true;
    });
    await using again = await openLevelStore(path(), { log, migrations: newer });
    assert.deepEqual(namesIn(again), ["maria"]);
  });

  describe("of an older Homeroom", () => {
    const plan: Migration["plan"] = (rows) =>
      [...rows.entries("settings")].map(([key, record]) => ({
        put: "settings",
        key,
        record: { value: [record] },
      }));
    const steps: readonly Migration[] = [
      { to: schemaVersion + 1, about: "wraps settings", plan },
      {
        to: schemaVersion + 2,
        about: "moves one",
        plan: () => [{ remove: "settings", key: "old" }],
      },
    ];

    beforeEach(async () => {
      await using store = await openStore(folder.path, { log });
      await store.change(() => ({
        writes: [
          { put: "settings", key: "a", record: { value: 1 } },
          { put: "settings", key: "old", record: { value: 2 } },
        ],
        result: undefined,
      }));
    });

    it("is brought up to date once, step by step", async () => {
      for (let round = 0; round < 2; round += 1) {
        await using store = await openLevelStore(path(), { log, migrations: steps });
        assert.deepEqual([...store.entries("settings")], [["a", { value: [{ value: 1 }] }]]);
        assert.equal(store.get("meta", "meta")?.schema, schemaVersion + 2);
      }
    });

    it("keeps what was done when a later step fails, and goes on from there", async () => {
      const broken: Migration = {
        to: schemaVersion + 2,
        about: "fails",
        plan: () => {
          throw new Error("not this time");
        },
      };
      const [first] = steps;
      assert.ok(first !== undefined);
      await assert.rejects(openLevelStore(path(), { log, migrations: [first, broken] }));
      await using store = await openLevelStore(path(), { log, migrations: steps });
      assert.deepEqual([...store.entries("settings")], [["a", { value: [{ value: 1 }] }]]);
    });
  });

  describe("that is not there any more", () => {
    beforeEach(async () => {
      await using store = await openStore(folder.path, { log });
      await addPerson(store, "maria");
    });

    it("is damage and not a new box, when there is no export either", async () => {
      await rm(path(), { recursive: true });
      await rm(exports(), { recursive: true });
      for (let round = 0; round < 2; round += 1) {
        await assert.rejects(openStore(folder.path, { log }), failsWith("database_unreadable"));
      }
    });

    it("is damage also when the marker is gone and CURRENT with it", async () => {
      await rm(marker());
      await rm(exports(), { recursive: true });
      await rm(join(path(), "CURRENT"));
      await (await openStore(folder.path, { log }).catch(() => undefined))?.close();
      await assert.rejects(openStore(folder.path, { log }), failsWith("database_unreadable"));
    });

    it("is taken as it is when only the marker is gone", async () => {
      await rm(marker());
      await using store = await openStore(folder.path, { log });
      assert.deepEqual(namesIn(store), ["maria"]);
      assert.match(await readFile(marker(), "utf8"), /^The database was set up\./);
    });

    it("is taken as it is when the marker cannot be read", async () => {
      await writeFile(marker(), Buffer.alloc(66));
      await using store = await openStore(folder.path, { log });
      assert.deepEqual(namesIn(store), ["maria"]);
    });
  });

  it("begins anew when the power went away during the very first start", async () => {
    await (await openStore(folder.path, { log })).close();
    await rm(marker());
    await rm(exports(), { recursive: true });
    const files = await readdir(path());
    const manifest = files.find((file) => file.startsWith("MANIFEST"));
    await writeFile(join(path(), manifest ?? ""), "");
    await using store = await openStore(folder.path, { log });
    assert.equal([...store.entries("groups")].length, 1);
    const beside = await readdir(folder.path);
    assert.equal(beside.filter((name) => name.startsWith("db.unfinished-")).length, 1);
  });

  it("says when the folder may not be written", { skip: process.getuid?.() === 0 }, async () => {
    await chmod(folder.path, 0o500);
    await assert.rejects(openStore(folder.path, { log }), failsWith("data_folder"));
    await chmod(folder.path, 0o700);
  });

  it("says when the data folder is a file", async () => {
    await writeFile(join(folder.path, "file"), "");
    const opening = openStore(join(folder.path, "file"), { log });
    await assert.rejects(opening, failsWith("data_folder"));
  });
});
