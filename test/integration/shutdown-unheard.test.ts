/** A hub that is asked to end by somebody who does not wait for the answer. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { Store } from "#src/stores/store.ts";
import { FakeSpawner } from "#test/support/fake-spawner.ts";
import { FakeEngine } from "#test/support/fake-engine.ts";
import { FakeHomes } from "#test/support/fake-homes.ts";
import { eventually } from "#test/support/raw-sockets.ts";
import { createTestHub } from "#test/support/test-hub.ts";

/** A change of a slow disk is told when the test says so. */
function slowStore(store: Store, told: () => Promise<void>): Store {
  return {
    get: (collection, key) => store.get(collection, key),
    entries: (collection, prefix) => store.entries(collection, prefix),
    change: async (plan) => {
      const result = await store.change(plan);
      await told();
      return result;
    },
    audit: (options) => store.audit(options),
    onChange: (listener) => store.onChange(listener),
    health: () => store.health(),
    verify: () => store.verify(),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

describe("a hub whose end nobody waits for", { timeout: 600_000 }, () => {
  it("ends when it is on record", async () => {
    let told = Promise.resolve();
    let asksToEnd = 0;
    const kept = createMemoryStore();
    await using box = await createTestHub({
      overrides: {
        store: slowStore(kept, () => told),
        spawner: { spawner: new FakeSpawner(new FakeEngine()), homes: new FakeHomes() },
      },
      onShutdown: () => {
        asksToEnd += 1;
      },
    });
    const owner = await box.setUp();
    await owner.get("/hub/token");
    const { host, port } = new URL(box.origin);
    const disk = Promise.withResolvers<void>();
    const isWritten = Promise.withResolvers<void>();
    kept.onChange((writes) => {
      const isIt = writes.some(
        (write) => "audit" in write && write.audit.action === "hub.shut_down",
      );
      if (isIt) isWritten.resolve();
    });
    told = disk.promise;
    const socket = connect(Number(port), "127.0.0.1");
    await once(socket, "connect");
    const head = {
      host,
      cookie: owner.cookieHeader("/hub/"),
      "x-xsrftoken": owner.cookie("_xsrf", "/hub/") ?? "",
      "content-length": "0",
    };
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST /hub/api/shutdown HTTP/1.1\r\n${lines.join("")}\r\n`);
    await isWritten.promise;
    socket.destroy();
    await once(socket, "close");
    // The hub has heard of that by the time that it answers others.
    for (let times = 0; times < 5; times += 1) await fetch(`${box.origin}/hub/login`);
    disk.resolve();
    assert.ok(await eventually(() => asksToEnd === 1, 60_000));
  });
});
