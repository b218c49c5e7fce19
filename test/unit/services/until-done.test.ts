import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UntilDone } from "#src/services/until-done.ts";
import { FakeClock, settle } from "#test/support/fake-clock.ts";

const SECOND = 1000;

function makeWorld() {
  const clock = new FakeClock();
  const failures: unknown[] = [];
  const untilDone = new UntilDone<string>({
    timers: clock,
    onFailure: (error, key) => failures.push([key, error]),
  });
  return { clock, failures, untilDone };
}

describe("work that goes on until it is done", () => {
  it("is tried again, ever more rarely, and each failure is told", async () => {
    const { clock, failures, untilDone } = makeWorld();
    const tries: number[] = [];
    const done = untilDone.run("maria", async () => {
      tries.push(clock.monotonic() / SECOND);
      if (tries.length < 8) throw new Error(`try ${tries.length}`);
    });
    await clock.advance(300 * SECOND);
    await done;
    assert.deepEqual(tries, [0, 2, 6, 14, 30, 62, 122, 182]);
    assert.equal(failures.length, 7);
    assert.deepEqual(failures[0], ["maria", new Error("try 1")]);
    assert.equal(clock.timers, 0);
  });

  it("is one for each key, whoever asks, and begins anew when it was done", async () => {
    const { untilDone } = makeWorld();
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    const work = (key: string) =>
      untilDone.run(key, async () => {
        begun.push(key);
        await gate.promise;
      });
    const all = [work("maria"), work("maria"), work("omar")];
    await settle();
    assert.deepEqual(begun, ["maria", "omar"]);
    gate.resolve();
    await Promise.all(all);
    await settle();
    await work("maria");
    assert.deepEqual(begun, ["maria", "omar", "maria"]);
  });

  it("ends with its owner, between two tries or in one that heeds the signal, and tells no failure of that", async () => {
    const { clock, failures, untilDone } = makeWorld();
    const waiting = untilDone.run("maria", () => Promise.reject(new Error("away")));
    const heeding = untilDone.run("omar", (closing) => {
      const { promise, reject } = Promise.withResolvers<void>();
      closing.addEventListener("abort", () => reject(new Error("closing")));
      return promise;
    });
    await settle();
    assert.equal(failures.length, 1);
    await untilDone.close();
    await Promise.all([waiting, heeding]);
    assert.equal(untilDone.isClosed, true);
    assert.equal(failures.length, 1);
    assert.equal(clock.timers, 0);
  });
});
