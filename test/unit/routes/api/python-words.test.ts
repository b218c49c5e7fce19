import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pythonText, pythonType } from "#src/routes/api/python-words.ts";
import { fc } from "#test/support/property.ts";

describe("a value in Python's words", () => {
  for (const [value, text] of [
    [undefined, "None"],
    [null, "None"],
    [true, "True"],
    [1.5, "1.5"],
    ["x", "'x'"],
    ["it's", `"it's"`],
    [`"it's"`, `'"it\\'s"'`],
    ["a\nb", "'a\\nb'"],
    [[1, [false, "x"]], "[1, [False, 'x']]"],
    [{ a: { b: null } }, "{'a': {'b': None}}"],
    [{}, "{}"],
    [[[[[[1]]]]], "[[[[[...]]]]]"],
  ] as const) {
    it(`is ${text}`, () => assert.equal(pythonText(value), text));
  }

  it("is short, whatever somebody sent", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => pythonText(value).length <= 203));
    assert.ok(pythonText("x".repeat(1_000_000)).length <= 203);
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    assert.ok(pythonText(deep).length <= 203);
  });

  it("has a type", () => {
    const values = [null, "x", true, 1, 1.5, [], {}];
    assert.deepEqual(
      values.map((value) => /'(.*)'/.exec(pythonType(value))?.[1]),
      ["NoneType", "str", "bool", "int", "float", "list", "dict"],
    );
  });
});
