import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countdown, pause, systemTimers } from "#src/timers.ts";
import { FakeClock } from "#test/support/fake-clock.ts";

describe("a countdown", () => {
  it("ends after its time, once", async () => {
    const clock = new FakeClock();
    let ends = 0;
    countdown(clock, 12_000, () => (ends += 1));
    await clock.advance(11_999);
    assert.equal(ends, 0);
    await clock.advance(1);
    assert.equal(ends, 1);
    await clock.advance(60_000);
    assert.equal(ends, 1);
  });

  it("can be called off at any time", async () => {
    for (const ms of [0, 4_000, 5_000, 9_000]) {
      const clock = new FakeClock();
      const cancel = countdown(clock, 12_000, () => assert.fail("it was called off"));
      await clock.advance(ms);
      cancel();
      await clock.advance(60_000);
      assert.equal(clock.timers, 0);
    }
  });

  it("does not count the time in which the process slept", async () => {
    const clock = new FakeClock();
    let hasEnded = false;
    countdown(clock, 12_000, () => (hasEnded = true));
    await clock.sleep(3_600_000);
    assert.equal(hasEnded, false);
    await clock.advance(7_000);
    assert.equal(hasEnded, true);
  });
});

describe("a pause", () => {
  it("ends with its time or its signal, and leaves nothing behind", async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const first = pause(clock, 1_000, abort.signal);
    await clock.advance(1_000);
    await first;
    const second = pause(clock, 1_000, abort.signal);
    abort.abort();
    await second;
    await pause(clock, 1_000, abort.signal);
    assert.equal(clock.timers, 0);
  });
});

it("the timers of the system wait and can be called off", async () => {
  const cancel = systemTimers.after(1, () => assert.fail("it was called off"));
  cancel();
  await new Promise<void>((resolve) => systemTimers.after(5, resolve));
});
