import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settleAll } from "#src/spawners/docker/settle-all.ts";

describe("settleAll", () => {
  it("gives all results in their order", async () => {
    assert.deepEqual(await settleAll([Promise.resolve(1), Promise.resolve("two")]), [1, "two"]);
  });

  it("throws the first failure, but not before the others have ended", async () => {
    const slow = Promise.withResolvers<void>();
    let isOver = false;
    const all = settleAll([Promise.reject(new Error("first")), slow.promise]).finally(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, false);
    slow.resolve();
    await assert.rejects(all, /first/);
  });
});
