/** Databases that an older Homeroom wrote, closed and killed: they keep every row when this one opens them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { failureText, HubError } from "#src/errors.ts";
import { Passwords } from "#src/services/sign-in/passwords.ts";
import { openStore } from "#src/stores/create.ts";
import { openLevelStore } from "#src/stores/level/level-store.ts";
import { migrations, schemaVersion, type Migration } from "#src/stores/migrations/migrations.ts";
import type { CollectionName, GroupRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { makeFolder, type Folder } from "#test/support/folder.ts";
import { addPerson, collect, namesIn } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

const log = silentLog;
const fixtures = join(import.meta.dirname, "../fixtures");
const child = join(import.meta.dirname, "../support/migrating-child.ts");

/** As another program than Homeroom read them. */
interface Truth {
  readonly rows: Readonly<Partial<Record<CollectionName, Readonly<Record<string, object>>>>>;
  readonly audit: readonly object[];
}

/** As the older Homeroom knew them. */
const PASSWORDS = {
  ada: "correct horse battery",
  grace: "nanoseconds are short",
  noor: "noor likes tea",
};

/** All but meta. */
const collections = [
  "users",
  "names",
  "groups",
  "members",
  "servers",
  "sessions",
  "tokens",
  "settings",
] as const satisfies readonly CollectionName[];

for (const [name, schema] of [
  ["database-schema-1-closed", 1],
  ["database-schema-1-killed", 1],
  ["database-schema-2-killed", 2],
  ["database-schema-3-killed", 3],
] as const) {
  const until = (last: number) => migrations.filter(({ to }) => to <= last);

  describe(`the ${name.replaceAll("-", " ")}`, () => {
    let folder: Folder;
    let truth: Truth;
    const path = () => join(folder.path, "db");

    beforeEach(async () => {
      folder = await makeFolder();
      await cp(join(fixtures, name, "data"), folder.path, { recursive: true });
      truth = JSON.parse(await readFile(join(fixtures, name, "truth.json"), "utf8")) as Truth;
    });

    afterEach(() => folder.remove());

    async function assertWhole(store: Store, ends: readonly string[] = []): Promise<void> {
      const expected = structuredClone(truth.rows) as Record<string, Record<string, object>>;
      for (const group of schema === 1 ? Object.values(expected["groups"] ?? {}) : []) {
        Object.assign(group, { signUp: { mode: "off" } } satisfies Partial<GroupRecord>);
      }
      for (const collection of collections) {
        if (!ends.includes(collection)) {
          const found = Object.fromEntries<object>(store.entries(collection));
          assert.deepEqual(found, expected[collection] ?? {}, collection);
        }
      }
      const audit = (await collect(store.audit())).toReversed();
      assert.deepEqual(audit.slice(0, truth.audit.length), truth.audit);
      assert.equal(store.get("meta", "meta")?.schema, schemaVersion);
    }

    it("keeps every row and every line, and may be opened again", async () => {
      for (let round = 0; round < 2; round += 1) {
        await using store = await openStore(folder.path, { log });
        await assertWhole(store);
        assert.equal(store.health().restored, undefined);
        assert.deepEqual((await store.verify()).problems, []);
      }
    });

    it("lets people sign in with the passwords they had", async () => {
      await using store = await openStore(folder.path, { log });
      const passwords = new Passwords({ width: 1 });
      for (const [user, password] of Object.entries(PASSWORDS)) {
        const userId = store.get("names", user)?.userId ?? "";
        const stored = store.get("users", userId)?.password?.hash;
        assert.equal(await passwords.verify(stored, password), true, user);
        assert.equal(await passwords.verify(stored, `${password}?`), false, user);
      }
    });

    for (const { to } of migrations.filter(({ to }) => to > schema)) {
      it(`is whole after a kill in the middle of migration ${to}`, async () => {
        for (let round = 0; round < 2; round += 1) {
          const { signal } = spawnSync(process.execPath, [child, folder.path, String(to)]);
          assert.equal(signal, "SIGKILL");
        }
        await using store = await openStore(folder.path, { log });
        await assertWhole(store);
        assert.equal(store.health().restored, undefined);
      });
    }

    it("is restored from an export of its time, and brought up to date then", async () => {
      const older = await openLevelStore(path(), { log, migrations: until(schema) });
      assert.equal(older.get("meta", "meta")?.schema, schema);
      await addPerson(older, "in-an-export");
      await older.close();
      await rm(path(), { recursive: true });
      await using store = await openStore(folder.path, { log });
      assert.ok(namesIn(store).includes("in-an-export"));
      assert.equal(store.health().restored?.lostChanges, 0);
      assert.equal(store.get("meta", "meta")?.schema, schemaVersion);
      await store.change((state) => ({
        writes: [
          { remove: "settings", key: "restored" },
          { remove: "settings", key: "auditGaps" },
          { remove: "names", key: "in-an-export" },
          {
            remove: "users",
            key: state.get("names", "in-an-export")?.userId ?? "",
          },
        ],
        result: undefined,
      }));
      await assertWhole(store, ["sessions", "tokens"]);
    });

    // That is older than exports.
    if (schema === 1) return;
    it("is restored from what that Homeroom exported", async () => {
      await rm(path(), { recursive: true });
      await using store = await openStore(folder.path, { log });
      assert.equal(store.health().restored?.lostChanges, 0);
      await store.change(() => ({
        writes: [
          { remove: "settings", key: "restored" },
          { remove: "settings", key: "auditGaps" },
        ],
        result: undefined,
      }));
      await assertWhole(store, ["sessions", "tokens"]);
    });
  });
}

describe("an export of a newer Homeroom", () => {
  it("is not taken for an older one's: the newer Homeroom is asked for, and nothing is changed", async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, "db");
    const newer: readonly Migration[] = [{ to: 7, about: "something new", plan: () => [] }];
    const store = await openLevelStore(path, { log, migrations: newer });
    await addPerson(store, "maria");
    await store.close();
    await rm(join(path, "CURRENT"));
    const before = await readdir(folder.path);
    await assert.rejects(openStore(folder.path, { log }), (error) => {
      assert.ok(error instanceof HubError && error.code === "database_newer");
      assert.match(failureText(error, "teacher"), /Update Homeroom/);
      return true;
    });
    assert.deepEqual(await readdir(folder.path), before);
  });
});
