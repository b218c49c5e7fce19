import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { Checksum } from "#src/stores/checksum.ts";
import { Exporter } from "#src/stores/exports/exporter.ts";
import { ExportsFolder } from "#src/stores/exports/exports-folder.ts";
import { Database } from "#src/stores/level/database.ts";
import { LevelBacking } from "#src/stores/level/level-backing.ts";
import { Marker } from "#src/stores/level/marker.ts";
import type { Batch } from "#src/stores/backing.ts";
import { makeFolder } from "#test/support/folder.ts";
import { auditRecord, collect } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

function batch(key: string, value: unknown, previous?: unknown): Batch {
  const row = { collection: "settings", key, text: JSON.stringify(value), previous } as const;
  const audit = { key: `2026!${key}!${row.text}`, text: JSON.stringify(auditRecord(key)) };
  return { rows: [row], audit: [audit], redact: [] };
}

describe("a write of which nobody knows whether it reached the disk", () => {
  it("is undone before the next one: whoever asked for it was told that nothing changed", async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, "db");
    const database = await Database.open(path, { create: true });
    let fails = false;
    // LevelDB says so when the disk did not confirm a record that is in its log.
    const doubtful = {
      auditKeys: () => database.auditKeys(),
      compact: () => database.compact(),
      rewrite: (keys: readonly string[]) => database.rewrite(keys),
      rows: () => database.rows(),
      audit: (limit: number) => database.audit(limit),
      close: () => database.close(),
      write: async (rows: Parameters<Database["write"]>[0]) => {
        await database.write(rows);
        if (fails) {
          throw new Error("IO error: fsync");
        }
      },
    };
    const marker = await Marker.read(join(folder.path, "initialised"), silentLog);
    const checksum = Checksum.of(new Map(), 0);
    const backing = new LevelBacking({
      path,
      log: silentLog,
      marker,
      exporter: new Exporter({
        folder: new ExportsFolder(join(folder.path, "exports")),
        log: silentLog,
        clock: systemClock,
      }),
      database: doubtful,
      reopen: () => Database.open(path, { create: false }),
      checksum,
    });
    await backing.write(batch("a", { value: 1 }));
    fails = true;
    const failing = backing.write(batch("a", { value: 2 }, { value: 1 }));
    await assert.rejects(
      failing,
      (error) => error instanceof HubError && error.code === "database_write_failed",
    );
    await backing.write(batch("b", { value: 3 }));
    const audited = (await collect(backing.audit(10))).map(({ subjectName }) => subjectName);
    assert.deepEqual(audited, ["b", "a"]);
    await backing.close();

    const again = await Database.open(path, { create: false });
    const rows = await again.rows();
    assert.deepEqual(
      [...(rows.get("settings") ?? [])],
      [
        ["a", '{"value":1}'],
        ["b", '{"value":3}'],
      ],
    );
    assert.equal(Checksum.read(rows).difference(Checksum.of(rows, 0)), undefined);
    await again.close();
  });
});

describe("opening the database anew", () => {
  it("lets who reads meanwhile wait for it", async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, "db");
    const backing = new LevelBacking({
      path,
      log: silentLog,
      marker: await Marker.read(join(folder.path, "initialised"), silentLog),
      exporter: new Exporter({
        folder: new ExportsFolder(join(folder.path, "exports")),
        log: silentLog,
        clock: systemClock,
      }),
      database: await Database.open(path, { create: true }),
      reopen: () => Database.open(path, { create: false }),
      checksum: Checksum.of(new Map(), 0),
    });
    await backing.write(batch("a", { value: 1 }));
    for (let round = 0; round < 20; round += 1) {
      const reopening = backing.reopen();
      const reads = [];
      for (let reader = 0; reader < 5; reader += 1) {
        reads.push(collect(backing.audit(10)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const read of reads) assert.equal((await read).length, 1);
      await reopening;
    }
    await backing.close();
  });
});
