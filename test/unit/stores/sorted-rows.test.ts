import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SortedRows } from "#src/stores/sorted-rows.ts";
import { fc } from "#test/support/property.ts";

const key = fc.string({ unit: fc.constantFrom("a", "b", "!", "\u{7f}", "ÿ"), maxLength: 4 });

describe("rows in the order of their keys", () => {
  it("are what a sorted map would have, whatever was set and deleted", () => {
    const step = fc.tuple(key, fc.option(fc.nat()));
    fc.assert(
      fc.property(fc.array(step), key, (steps, prefix) => {
        const rows = new SortedRows<number>();
        const model = new Map<string, number>();
        for (const [name, value] of steps) {
          if (value === null) {
            rows.delete(name);
            model.delete(name);
          } else {
            rows.set(name, value);
            model.set(name, value);
          }
        }
        const expected = [...model]
          .filter(([name]) => name.startsWith(prefix))
          .toSorted(([a], [b]) => (a < b ? -1 : 1));
        assert.deepEqual([...rows.entries(prefix)], expected);
        assert.equal(rows.size, model.size);
      }),
    );
  });
});
