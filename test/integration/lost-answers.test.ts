/** What the engine has done though its answer was lost: asked again, it says that it is so already. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { makeId } from "#src/stores/ids.ts";
import { tarOf } from "#test/contract/homes.ts";
import { EngineProxy } from "#test/support/engine-proxy.ts";
import {
  createSpawnerWorld,
  soon,
  type SpawnerWorld,
  startServer,
} from "#test/support/spawner-world.ts";

describe("an engine whose answers are lost", { timeout: 600_000 }, () => {
  let proxy: EngineProxy;
  let world: SpawnerWorld;
  before(async () => {
    proxy = await EngineProxy.start();
    world = await createSpawnerWorld({ socketPath: proxy.socketPath });
  });
  afterEach(() => {
    proxy.disturb = () => undefined;
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  });

  /** The first answer to each change; the answer of this is what they were. */
  function loseEachOnce(): Set<string> {
    const lost = new Set<string>();
    proxy.disturb = (method, url) => {
      const change = `${method} ${(url.split("?")[0] ?? "").replaceAll(/[0-9a-f]{64}/g, "")}`;
      if (method === "GET" || /\/(?:attach|wait)\b/.test(url) || lost.has(change)) return undefined;
      lost.add(change);
      return { is: "lost" };
    };
    return lost;
  }

  async function leftOver(): Promise<string> {
    const label = `label=homeroom.instance=${world.run.secrets.instanceId}`;
    const made = ["--filter", label, "--format", "{{.Names}}"];
    return world.run.cli("ps", "--all", ...made);
  }

  it("starts and stops a server as any other", async () => {
    const { spawner } = world.again();
    const lost = loseEachOnce();
    const spec = world.makeSpec();
    await startServer(spawner, spec);
    await spawner.stop(spec.serverId, soon());
    assert.ok(lost.size > 6, [...lost].join("\n"));
    assert.equal(await leftOver(), "");
  });

  it("counts and fills a home as any other, and keeps none of the containers for it", async () => {
    const { homes } = world.again();
    const userId = makeId<"user">();
    const lost = loseEachOnce();
    await homes.unpack(userId, ".", tarOf({ "a.txt": "a" }), soon());
    assert.ok((await homes.usage(userId, soon())).files >= 1);
    assert.ok(lost.size > 2, [...lost].join("\n"));
    assert.equal(await leftOver(), "");
  });
});
