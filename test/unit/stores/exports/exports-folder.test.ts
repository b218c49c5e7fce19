import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ExportsFolder,
  exportsToKeep,
  type ExportEntry,
} from "#src/stores/exports/exports-folder.ts";
import { makeFolder } from "#test/support/folder.ts";
import { writeFile } from "node:fs/promises";
import { fc } from "#test/support/property.ts";

const MINUTE_MS = 60_000;

function entry(changes: number, ms: number): ExportEntry {
  return { path: String(changes).padStart(6, "0"), changes, made: new Date(ms).toISOString() };
}

function numbers(kept: readonly ExportEntry[]): readonly number[] {
  return kept.map(({ changes }) => changes);
}

describe("exports", () => {
  it("are kept as the newest 24, and the newest of each hour before them, 48 in all", () => {
    const start = Date.parse("2026-11-22T08:00:00Z");
    const all = Array.from({ length: 3000 }, (_, index) =>
      entry(3000 - index, start - index * MINUTE_MS),
    );
    const kept = exportsToKeep(all);
    assert.equal(kept.length, 48);
    assert.deepEqual(
      numbers(kept.slice(0, 24)),
      Array.from({ length: 24 }, (_, index) => 3000 - index),
    );
    const hours = kept.slice(24).map(({ made }) => made.slice(0, 13));
    assert.equal(new Set(hours).size, 24);
    for (const { made } of kept.slice(24)) {
      assert.equal(made.slice(14, 16), "59", "the newest of its hour");
    }
  });

  it("go by the count of changes, whatever the clock said", () => {
    const times = fc.array(fc.integer({ min: 0, max: 4e12 }), { maxLength: 200 });
    fc.assert(
      fc.property(times, (list) => {
        const all = list.map((ms, index) => entry(list.length - index, ms));
        const kept = exportsToKeep(all);
        assert.ok(kept.length <= 48);
        assert.deepEqual(kept.slice(0, 24), all.slice(0, 24));
        assert.deepEqual(
          numbers(kept),
          numbers(kept).toSorted((a, b) => b - a),
        );
      }),
    );
  });

  it("are found again under the names that they got, in the order of changes, in any year", async () => {
    await using folder = await makeFolder();
    const exports = new ExportsFolder(folder.path);
    const times = [8.64e15, 0, 4e12, Date.parse("2026-11-22T08:00:00Z"), -6e13];
    for (const [index, ms] of times.entries()) {
      await writeFile(exports.exportPath(index + 9, new Date(ms).toISOString()), "");
      await writeFile(exports.journalPath(index + 9), "");
    }
    await writeFile(exports.exportPath(10, "2027-01-01T00:00:00.000Z"), "");
    for (const foreign of ["secrets.json", "1.journal", "x.jsonl.gz", "y.new"]) {
      await writeFile(`${folder.path}/${foreign}`, "");
    }
    const entries = await exports.entries();
    assert.deepEqual(
      entries.exports.map(({ changes }) => changes),
      [13, 12, 11, 10, 10, 9],
    );
    assert.equal(entries.exports[3]?.made, "2027-01-01T00:00:00.000Z");
    assert.deepEqual(
      entries.journals.map(({ after }) => after),
      [9, 10, 11, 12, 13],
    );
  });

  it("take their journals with them, but not those that lead from one kept export to the next", async () => {
    await using folder = await makeFolder();
    const exports = new ExportsFolder(folder.path);
    for (let changes = 1; changes <= 40; changes += 1) {
      // Every third was not written.
      if (changes % 3 !== 0) {
        await writeFile(exports.exportPath(changes, "2026-11-22T08:00:00.000Z"), "");
      }
      await writeFile(exports.journalPath(changes), "");
    }
    await writeFile(`${folder.path}/half.jsonl.gz.new`, "");
    await exports.tidy();
    const { exports: kept, journals } = await exports.entries();
    assert.equal(kept.length, 24);
    const oldest = kept.at(-1)?.changes ?? 0;
    assert.deepEqual(
      journals.map(({ after }) => after),
      Array.from({ length: 41 - oldest }, (_, index) => oldest + index),
    );
  });
});
