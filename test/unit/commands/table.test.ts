import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatTable } from "#src/commands/table.ts";

describe("a table", () => {
  it("puts cells below each other, whatever letters are in them", () => {
    const rows = [
      ["NAME", "ROLE"],
      ["Zoe\u{301}", "student"],
      ["Al", "owner"],
    ];
    assert.equal(formatTable(rows), "NAME  ROLE\nZoe\u{301}   student\nAl    owner\n");
  });

  it("does not let a name steer the terminal", () => {
    assert.equal(formatTable([["a\u{1b}[2Jb\nc"]]), "a?[2Jb?c\n");
  });
});
