import assert from "node:assert/strict";
import { it } from "node:test";
import { BoundedEngine } from "#src/services/servers/bounded-engine.ts";
import { EngineWatch } from "#src/services/servers/engine-watch.ts";
import { FakeClock } from "#test/support/fake-clock.ts";
import { FakeSpawner } from "#test/support/fake-spawner.ts";
import { silentLog } from "#test/support/silent-log.ts";

it("an engine that was just listed is listed anew for whoever asks then, however soon", async () => {
  const timers = new FakeClock();
  const spawner = new FakeSpawner();
  const asked: Promise<void>[] = [];
  const watch = new EngineWatch({
    spawner,
    engine: new BoundedEngine(spawner, timers),
    timers,
    log: silentLog,
    onEvent: () => {},
    onLost: () => {},
    onFound: () => {
      if (asked.length === 0) queueMicrotask(() => asked.push(watch.lookAgain()));
    },
  });
  await watch.open();
  await Promise.all(asked);
  assert.equal(spawner.engine.calls.get("list"), 2);
  watch.close();
});
