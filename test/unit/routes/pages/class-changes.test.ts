import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { watchClass } from "#src/routes/pages/class-changes.ts";
import type { StatusListener } from "#src/services/servers/status-board.ts";
import { makeId } from "#src/stores/ids.ts";
import type { UserId } from "#src/stores/records.ts";
import type { Write } from "#src/stores/store.ts";
import { FakeClock, settle } from "#test/support/fake-clock.ts";

function makeWorld() {
  const clock = new FakeClock();
  const leaving = new AbortController();
  const ofServers = new Set<StatusListener>();
  const ofStore = new Set<(writes: readonly Write[]) => void>();
  const listening =
    <Listener>(listeners: Set<Listener>) =>
    (listener: Listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
  const servers = { onChange: listening(ofServers) };
  const store = { onChange: listening(ofStore) };
  const changes = watchClass({ servers, store, timers: clock }, leaving.signal);
  return {
    clock,
    changes,
    leaving,
    listeners: () =>
      ofServers.size + ofStore.size + getEventListeners(leaving.signal, "abort").length,
    serverOf: (userId: UserId) => {
      for (const listener of ofServers) listener(userId, "", { is: "stopped" });
    },
    write: (...writes: readonly Write[]) => {
      for (const listener of ofStore) listener(writes);
    },
  };
}

describe("the changes that a class page follows", () => {
  it("begin with everything, and are gathered for a second after each", async () => {
    const { changes, clock, serverOf, write } = makeWorld();
    const [ann, bea, cem] = [makeId<"user">(), makeId<"user">(), makeId<"user">()];
    assert.deepEqual((await changes.next()).value, { is: "all" });
    const first = changes.next();
    await settle();
    serverOf(ann);
    assert.deepEqual((await first).value, { is: "some", servers: new Set([ann]) });
    const second = changes.next();
    serverOf(bea);
    serverOf(cem);
    await clock.advance(999);
    assert.equal(clock.timers, 1);
    await clock.advance(1);
    assert.deepEqual((await second).value, { is: "some", servers: new Set([bea, cem]) });
    const third = changes.next();
    write({ remove: "names", key: "cem" });
    await clock.advance(1000);
    assert.deepEqual((await third).value, { is: "people", servers: new Set() });
  });

  it("leave nothing behind with each look, nor when the page is closed", async () => {
    const { changes, clock, leaving, listeners, serverOf } = makeWorld();
    const ann = makeId<"user">();
    await changes.next();
    const before = listeners();
    for (let look = 0; look < 50; look += 1) {
      const next = changes.next();
      serverOf(ann);
      await clock.advance(1000);
      await next;
      assert.equal(listeners(), before);
    }
    const last = changes.next();
    await settle();
    leaving.abort();
    assert.equal((await last).done, true);
    assert.equal(listeners(), 0);
    assert.equal(clock.timers, 0);
  });
});
