import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scopeNames } from "#src/scopes/scope-names.ts";
import { scopeLines } from "#src/views/scope-lines.ts";
import { readCatalogs } from "#src/views/translate.ts";
import { locales } from "#test/support/pseudo-locales.ts";

const onlyOf = (scope: string) => scopeLines([scope], "maria")[0]?.only;

describe("the lines that tell of scopes", () => {
  it("have a sentence for every scope that there is, and for no other", () => {
    const sentences = readCatalogs(locales)["en"]?.["scope"];
    assert.ok(typeof sentences === "object");
    const words = scopeLines(scopeNames, "maria").map((line) => line.words ?? "");
    assert.deepEqual(Object.keys(sentences).toSorted(), words.toSorted());
    assert.equal(new Set(words).size, scopeNames.length);
  });

  it("say for whom or what alone a scope counts, and speak to its reader", () => {
    assert.equal(onlyOf("servers"), undefined);
    assert.deepEqual(onlyOf("servers!user=maria"), { is: "you", name: "maria" });
    assert.deepEqual(onlyOf("servers!user"), { is: "you", name: "maria" });
    assert.deepEqual(onlyOf("servers!user=kofi"), { is: "user", name: "kofi" });
    assert.deepEqual(onlyOf("servers!group=maria"), { is: "group", name: "maria" });
    assert.deepEqual(onlyOf("servers!server=maria/"), { is: "your_server", name: "maria" });
    const named = { is: "server", name: "kofi", serverName: "lab 2" };
    assert.deepEqual(onlyOf("servers!server=kofi/lab 2"), named);
    const service = { is: "service", name: "maria" };
    assert.deepEqual(onlyOf("access:services!service=maria"), service);
  });

  it("leave what is no scope as it is", () => {
    assert.deepEqual(scopeLines(["newer:servers!user=kofi"], "maria"), [
      { scope: "newer:servers!user=kofi" },
    ]);
  });
});
