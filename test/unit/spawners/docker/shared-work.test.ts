import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SharedWork } from "#src/spawners/docker/shared-work.ts";

const never = new AbortController().signal;

function sharedWork<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  closing: AbortSignal = never,
): SharedWork<Result> {
  return new SharedWork({ closing, timeoutMs: 60_000, work });
}

describe("shared work", () => {
  it("is done once for all who ask while it is under way, and anew afterwards", async () => {
    let count = 0;
    const work = sharedWork(async () => {
      count += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return count;
    });
    assert.deepEqual(await Promise.all([work.result(never), work.result(never)]), [1, 1]);
    assert.equal(await work.result(never), 2);
  });

  it("goes on for the others when one goes away", async () => {
    const done = Promise.withResolvers<string>();
    let signalOfWork: AbortSignal | undefined;
    const work = sharedWork((signal) => {
      signalOfWork = signal;
      return done.promise;
    });
    const abort = new AbortController();
    const first = work.result(abort.signal);
    const second = work.result(never);
    abort.abort();
    await assert.rejects(first, { name: "AbortError" });
    assert.equal(signalOfWork?.aborted, false);
    done.resolve("done");
    assert.equal(await second, "done");
  });

  it("fails for all, and is tried again by the next", async () => {
    let count = 0;
    const work = sharedWork(async () => {
      count += 1;
      if (count === 1) throw new Error("first");
      return count;
    });
    const both = await Promise.allSettled([work.result(never), work.result(never)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.equal(await work.result(never), 2);
  });

  it("does not begin for one who has gone away", async () => {
    const work = sharedWork(() => assert.fail("it began"));
    await assert.rejects(work.result(AbortSignal.abort()), { name: "AbortError" });
  });

  it("ends with its owner, who can wait for that", async () => {
    const closing = new AbortController();
    let isOver = false;
    const work = sharedWork(async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      await new Promise((resolve) => setImmediate(resolve));
      isOver = true;
      throw signal.reason;
    }, closing.signal);
    await work.idle();
    const waiting = work.result(never);
    closing.abort();
    await work.idle();
    assert.ok(isOver);
    await assert.rejects(waiting, { name: "AbortError" });
  });
});
