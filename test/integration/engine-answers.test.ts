/** What the driver makes of answers that engines of other versions give, or that are hard to bring about. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import * as v from "valibot";
import { configSchema } from "#src/config/schema.ts";
import { type FailureCode, HubError } from "#src/errors.ts";
import { createDocker } from "#src/spawners/docker/create-docker.ts";
import { Engine } from "#src/spawners/docker/engine.ts";
import { networkSpec } from "#src/spawners/docker/networks/network-spec.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { ServerEvent, Spawner } from "#src/spawners/spawner.ts";
import { makeId } from "#src/stores/ids.ts";
import { createMadeUpEngine, type MadeUpEngine } from "#test/support/made-up-engine.ts";
import { silentLog } from "#test/support/silent-log.ts";

const instanceId = makeId<"instance">();
const userId = makeId<"user">();
const serverId = makeId<"server">();
const containerId = "c".repeat(64);
const labels = {
  "homeroom.instance": instanceId,
  "homeroom.kind": "server",
  "homeroom.user": userId,
  "homeroom.server": serverId,
  "homeroom.generation": "4",
  "homeroom.profile": "default",
  "homeroom.config": "abc",
};
const soon = () => AbortSignal.timeout(60_000);

function event(action: string, attributes: object = {}, timeNano = Math.random()): string {
  const Actor = { ID: containerId, Attributes: { ...labels, ...attributes } };
  return `${JSON.stringify({ Type: "container", Action: action, Actor, timeNano })}\n`;
}

async function failsWith(work: Promise<unknown>, code: FailureCode): Promise<HubError> {
  let failure: unknown;
  await work.catch((error: unknown) => (failure = error));
  assert.ok(failure instanceof HubError, String(failure));
  assert.equal(failure.code, code, JSON.stringify(failure.params));
  return failure;
}

describe("answers of an engine", () => {
  let engine: MadeUpEngine;
  let spawner: Spawner;
  let homes: Homes;

  beforeEach(async () => {
    engine = await createMadeUpEngine();
    const config = v.parse(configSchema, { spawner: { socketPath: engine.socketPath } }).spawner;
    ({ spawner, homes } = createDocker({ config, instanceId, log: silentLog }));
    engine.on(/^GET \/containers\/json/, 200, [
      { Id: containerId, Labels: labels, State: "running" },
    ]);
    engine.on(/^GET \/networks/, 200, []);
  });
  afterEach(async () => {
    await spawner[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  async function eventsOf(
    stream: string,
    count: number,
    signal: AbortSignal = soon(),
  ): Promise<ServerEvent[]> {
    engine.on(/^GET \/events/, 200, stream);
    const seen: ServerEvent[] = [];
    for await (const one of spawner.watch(signal)) {
      seen.push(one);
      if (seen.length === count) break;
    }
    return seen;
  }

  it("about an end soon after a want of memory make it the reason", async () => {
    const stream = event("oom") + event("die", { exitCode: "137" });
    const common = { serverId, generation: 4 };
    assert.deepEqual(await eventsOf(stream, 3), [
      { event: "engine_back" },
      { event: "out_of_memory", ...common },
      { event: "died", ...common, exitCode: 137, outOfMemory: true },
    ]);
  });

  it("about an end are asked for the reason when no want of memory was told", async () => {
    for (const OOMKilled of [true, false]) {
      engine.on(/^GET \/containers\/c+\/json/, 200, { Id: containerId, State: { OOMKilled } });
      const [, died] = await eventsOf(event("die", { exitCode: "137" }), 2);
      assert.ok(died?.event === "died");
      assert.equal(died.outOfMemory, OOMKilled);
    }
  });

  it("about an end by itself have nothing to do with memory, whatever the flag says", async () => {
    engine.on(/^GET \/containers\/c+\/json/, 200, { Id: containerId, State: { OOMKilled: true } });
    const [, died] = await eventsOf(event("die", { exitCode: "0" }), 2);
    assert.ok(died?.event === "died" && !died.outOfMemory && died.exitCode === 0);
  });

  it("about an end still tell it when the container cannot be asked about any more", async () => {
    engine.on(/^GET \/containers\/c+\/json/, 404, { message: "No such container" });
    const [, died] = await eventsOf(event("die", { exitCode: "137" }), 2);
    assert.ok(died?.event === "died" && !died.outOfMemory);
  });

  it("about an end whose reason is not told do not hold up what comes after it", async () => {
    engine.on(/^GET \/containers\/c+\/json/, 200, "\n");
    const stream = event("die", { exitCode: "137" }, 5) + event("unpause", {}, 6);
    // Sooner than any call ends by itself.
    const seen = await eventsOf(stream, 3, AbortSignal.timeout(20_000));
    assert.deepEqual(
      seen.map((one) => one.event),
      ["engine_back", "died", "resumed"],
    );
  });

  it("that come twice or damaged in a stream are told once and passed over", async () => {
    const once = event("pause", {}, 5);
    const stream = `${once}${once}{"Action":"di\n<html>\n${event("unpause", {}, 6)}`;
    assert.deepEqual(
      (await eventsOf(stream, 3)).map((one) => one.event),
      ["engine_back", "frozen", "resumed"],
    );
  });

  it("about a full disk and refusals have their names", async () => {
    const volume = `hr-${instanceId}-home-${userId}`;
    engine.on(/^GET \/volumes/, 404, { message: "no such volume" });
    engine.on(/^POST \/volumes\/create/, 500, {
      message: `mkdir ${volume}: no space left on device`,
    });
    const failure = await failsWith(homes.ensure(userId, soon()), "disk_full");
    assert.match(String(failure.params["detail"]), /no space left/);
    engine.on(/^GET \/images/, 500, { message: "something broke" });
    engine.on(/^GET \/_ping/, 200, "OK");
    const other = await failsWith(spawner.check(soon()), "spawner_failed");
    assert.deepEqual(other.params, { detail: "something broke" });
  });

  it("about a network's addresses that are taken are told apart from a name that is taken", async () => {
    const name = `hr-${instanceId}-net-${serverId}`;
    const options = networkSpec({ name, kind: "sealed", subnet: "10.213.0.0/28", labels: {} });
    const direct = new Engine({ socketPath: engine.socketPath });
    const cases = [
      [403, "Pool overlaps with other one on this address space", "overlaps"],
      [
        403,
        "cannot create network x (br-1): conflicts with network y (br-2): networks have overlapping IPv4",
        "overlaps",
      ],
      [400, "invalid pool request: Pool overlaps with other one on this address space", "overlaps"],
      [409, `network with name ${name} already exists`, "name_taken"],
    ] as const;
    for (const [status, message, wanted] of cases) {
      engine.on(/^POST \/networks\/create/, status, { message });
      assert.equal(await direct.networks.create(options, soon()), wanted);
    }
  });

  it("about what is done already, or gone already, are fine", async () => {
    const direct = new Engine({ socketPath: engine.socketPath });
    engine.on(/^POST \/containers\/c+\/pause/, 409, {
      message: `Container ${containerId} is already paused`,
    });
    engine.on(/^POST \/containers\/c+\/unpause/, 500, {
      message: `Container ${containerId} is not paused`,
    });
    await spawner.freeze(serverId, soon());
    await spawner.resume(serverId, soon());
    engine.on(/^POST \/containers\/c+\/stop/, 304);
    engine.on(/^DELETE \/containers\/c+/, 409, {
      message: `removal of container ${containerId} is already in progress`,
    });
    engine.on(/^GET \/containers\/c+\/json/, 404, { message: "No such container" });
    await spawner.stop(serverId, soon());
    engine.on(/^POST \/networks\/c+\/connect/, 403, {
      message: "endpoint with name x already exists in network y",
    });
    await direct.networks.connect(containerId, containerId, soon());
    engine.on(/^POST \/networks\/c+\/disconnect/, 500, {
      message: "container x is not connected to network y",
    });
    await direct.networks.disconnect(containerId, containerId, soon());
    engine.on(/^DELETE \/networks\/c+/, 404, { message: "network not found" });
    await direct.networks.remove(containerId, soon());
  });

  it("about a network that is still in use end with everybody put out", async () => {
    const direct = new Engine({ socketPath: engine.socketPath });
    engine.on(/^DELETE \/networks\/c+/, 403, { message: "network x has active endpoints" });
    engine.on(/^GET \/networks\/c+/, 200, { Containers: { "ep-1": { Name: "ghost" } } });
    engine.on(/^POST \/networks\/c+\/disconnect/, 200);
    await failsWith(direct.networks.remove(containerId, soon()), "spawner_failed");
    const putOut = engine.asked.filter(({ request }) => request.includes("/disconnect"));
    assert.deepEqual(
      putOut.map(({ body }) => JSON.parse(body) as unknown),
      [{ Container: "ghost", Force: true }],
    );
  });

  it("about a network that was in use and is gone when it is looked at mean that it is removed", async () => {
    const direct = new Engine({ socketPath: engine.socketPath });
    engine.on(/^DELETE \/networks\/c+/, 403, { message: "network x has active endpoints" });
    engine.on(/^GET \/networks\/c+/, 404, { message: "network x not found" });
    await direct.networks.remove(containerId, soon());
  });

  it("about use are read under cgroup v1 and v2, and are none for one that does not run", async () => {
    const cpu_stats = { cpu_usage: { total_usage: 3e9 } };
    const stats = { total_inactive_file: 40 };
    engine.on(/^GET \/containers\/c+\/stats/, 200, {
      cpu_stats,
      memory_stats: { usage: 100, limit: 500, stats },
    });
    assert.deepEqual(await spawner.usage(serverId, soon()), {
      memoryBytes: 60,
      memoryLimitBytes: 500,
      cpuSeconds: 3,
    });
    engine.on(/^GET \/containers\/c+\/stats/, 200, { cpu_stats, memory_stats: {} });
    assert.equal(await spawner.usage(serverId, soon()), undefined);
    engine.on(/^GET \/containers\/json/, 200, [
      { Id: containerId, Labels: labels, State: "exited" },
    ]);
    const before = engine.asked.length;
    assert.equal(await spawner.usage(serverId, soon()), undefined);
    assert.equal(engine.asked.length, before + 1);
  });

  it("are never asked under a name that is not made here", async () => {
    const direct = new Engine({ socketPath: engine.socketPath });
    for (const name of ["", "..", "a/../b", "hr-x", `${containerId}/../x`, "%2e%2e"]) {
      await assert.rejects(direct.containers.inspect(name, soon()), TypeError);
      await assert.rejects(direct.containers.remove(name, soon()), TypeError);
      await assert.rejects(direct.networks.remove(name, soon()), TypeError);
      await assert.rejects(direct.volumes.labelsOf(name, soon()), TypeError);
      await assert.rejects(direct.networks.connect(name, containerId, soon()), TypeError);
    }
    for (const name of ["", "..", "a/../b", "-x", "a b"]) {
      assert.equal(await direct.containers.inspectByHostname(name, soon()), undefined);
    }
    assert.deepEqual(engine.asked, []);
  });
});
