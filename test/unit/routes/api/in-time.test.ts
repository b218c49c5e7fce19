import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withinTime } from "#src/routes/api/in-time.ts";

const never = new Promise<never>(() => {});

describe("work within its time", () => {
  it("is told as such", async () => assert.equal(await withinTime(Promise.resolve(), 1000), true));

  it("goes on when it takes longer", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const answer = withinTime(never, 1000);
    context.mock.timers.tick(1000);
    assert.equal(await answer, false);
  });

  it("fails as it fails, and later for nobody", async (context) => {
    await assert.rejects(withinTime(Promise.reject(new Error("no")), 1000), /no/);
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const work = Promise.withResolvers<void>();
    const answer = withinTime(work.promise, 1000);
    context.mock.timers.tick(1000);
    assert.equal(await answer, false);
    work.reject(new Error("late"));
  });
});
