/** What is removed behind the back of starts is what an earlier hub left, and nothing that this one is at. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineProxy } from "#test/support/engine-proxy.ts";
import {
  createSpawnerWorld,
  soon,
  type SpawnerWorld,
  startServer,
} from "#test/support/spawner-world.ts";

const PATIENCE_MS = 60_000;

describe("sweeping an engine", { timeout: 300_000 }, () => {
  let proxy: EngineProxy;
  let world: SpawnerWorld;
  before(async () => {
    proxy = await EngineProxy.start();
    world = await createSpawnerWorld({ socketPath: proxy.socketPath });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  });

  async function until(holds: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!holds()) {
      assert.ok(performance.now() < end, proxy.asked.join("\n"));
      await sleep(20);
    }
  }

  it("leaves the container alone in which a first start looks at its image", async () => {
    const held = Promise.withResolvers<void>();
    const looksAt = (url = "") => /^\/containers\/(\w+)\/archive/.exec(url)?.[1];
    let looked: string | undefined;
    proxy.delay = (_method, url) => {
      looked ??= looksAt(url);
      return looksAt(url) === undefined ? undefined : held.promise;
    };
    const spec = world.makeSpec();
    const up = startServer(world.spawner, spec);
    await until(() => looked !== undefined);
    await world.spawner.list(soon());
    // It comes to the networks of all servers when it is done with containers.
    const ofAll = /^GET \/networks\?filters=[^&]*homeroom\.instance%3D\w+%22%5D/;
    await until(() => proxy.asked.some((asked) => ofAll.test(asked)));
    const isThere = await world.run.cli("ps", "-aq", "--no-trunc", "-f", `id=${looked}`);
    held.resolve();
    proxy.delay = undefined;
    await up;
    assert.equal(isThere, looked);
    await world.spawner.stop(spec.serverId, soon());
  });
});
