import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Checksum } from "#src/stores/checksum.ts";
import type { Rows } from "#src/stores/rows.ts";
import { fc } from "#test/support/property.ts";

function rows(entries: Readonly<Record<string, unknown>>): Rows {
  const texts = Object.entries(entries).map(
    ([key, value]) => [key, JSON.stringify(value)] as const,
  );
  return new Map([["settings", new Map(texts)]]);
}

function change(key: string, value: unknown, previous?: unknown) {
  const text = value === undefined ? undefined : JSON.stringify(value);
  return { collection: "settings", key, text, previous };
}

describe("the checksum of all rows", () => {
  it("does not depend on the order of rows, nor on the way to them", () => {
    const all = Checksum.of(rows({ a: 1, b: { x: [2] }, c: "3" }), 3);
    const turned = Checksum.of(rows({ c: "3", b: { x: [2] }, a: 1 }), 3);
    const grown = Checksum.of(new Map(), 0)
      .after([change("b", 0), change("d", 9)])
      .after([change("c", "3"), change("b", { x: [2] }, 0)])
      .after([change("a", 1), change("d", undefined, 9), change("never", undefined)]);
    assert.equal(all.difference(turned), undefined);
    assert.equal(all.difference(grown), undefined);
    assert.equal(grown.changes, 3);
  });

  it("says how many rows are missing, and of what", () => {
    const all = Checksum.of(rows({ a: 1, b: 2 }), 1);
    const words = all.difference(Checksum.of(rows({ a: 1 }), 1));
    assert.equal(words, "1 of 2 rows of “settings” are there");
  });

  it("finds a row that is not what was written, also when two rows are exchanged", () => {
    const all = Checksum.of(rows({ a: 1, b: 2 }), 1);
    for (const other of [rows({ a: 1, b: 3 }), rows({ a: 2, b: 1 }), rows({ a: 1, c: 2 })]) {
      assert.equal(all.difference(Checksum.of(other, 1)), "a row is not what was written");
    }
  });

  it("is the same when it was written and read again", () => {
    const all = Checksum.of(rows({ a: 1, b: 2 }), 12);
    const read = Checksum.read(new Map([["meta", new Map([["checksum", all.row().text ?? ""]])]]));
    assert.equal(all.difference(read), undefined);
    assert.equal(read.changes, 12);
  });

  it("says when it is missing or not what it should be", () => {
    assert.throws(() => Checksum.read(new Map()), /missing/);
    for (const text of ["", "{}", '{"changes":-1,"rows":{},"sum":"00"}', "\0\0"]) {
      const damaged: Rows = new Map([["meta", new Map([["checksum", text]])]]);
      assert.throws(() => Checksum.read(damaged), /damaged/, text);
    }
  });

  it("may rely on records being written with the same text each time they are", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        assert.equal(JSON.stringify(JSON.parse(text)), text);
      }),
    );
  });
});
