import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { LastFailure, ServerId, UserRecord } from "#src/stores/records.ts";
import { settle } from "#test/support/fake-clock.ts";
import { BadSpawner, StubbornSpawner } from "#test/support/fake-spawner.ts";
import { type BoxOptions, ServersBox, follow, self } from "#test/support/servers-box.ts";

const GIB = 1024 ** 3;

async function boxWith(options: BoxOptions = {}) {
  const box = new ServersBox(options);
  const maria = await box.addUser("maria");
  const hub = await box.boot();
  return { box, maria, hub, servers: hub.servers };
}

async function boxRunning(options: BoxOptions = {}) {
  const parts = await boxWith(options);
  await parts.servers.start(parts.maria, self(parts.maria));
  await settle();
  const serverId = parts.box.record(parts.maria)?.id;
  assert.ok(serverId !== undefined);
  assert.equal(parts.servers.status(parts.maria.id).is, "running");
  return { ...parts, serverId };
}

function lastFailureOf(servers: Servers, user: UserRecord): LastFailure | undefined {
  const status = servers.status(user.id);
  assert.ok(status.is === "stopped", `it is ${status.is}`);
  return status.lastFailure;
}

describe("a start that fails", () => {
  for (const error of [
    new HubError("image_missing", { image: "homeroom-notebook" }),
    new HubError("disk_full", { detail: "no space left" }),
    new HubError("pool_exhausted", { pool: "10.213.0.0/16" }),
    new HubError("foreign_object", { kind: "container", name: "hr-x" }),
  ]) {
    it(`says ${error.code} at once, without trying again`, async () => {
      const { box, maria, hub, servers } = await boxWith();
      await using _ = hub;
      box.engine.failAt("container", error, 99);
      await servers.start(maria, self(maria));
      await settle();
      const failure = lastFailureOf(servers, maria);
      assert.deepEqual(
        { code: failure?.code, params: failure?.params },
        { code: error.code, params: error.params },
      );
      assert.equal(box.engine.starts.length, 1);
      assert.deepEqual(box.record(maria)?.lastFailure, failure);
      assert.equal(box.record(maria)?.startRequested, undefined);
      assert.equal(box.inEngine(maria), "nothing");
    });
  }

  it("is tried once more, a moment later and made new, when the engine stumbled", async () => {
    const { box, maria, hub, servers } = await boxWith();
    await using _ = hub;
    box.engine.failAt("started", new HubError("spawner_failed", { detail: "conflict" }));
    const seen = follow(servers, maria);
    await servers.start(maria, self(maria));
    await box.clock.advance(900);
    assert.equal(box.engine.starts.length, 1);
    await box.clock.advance(200);
    const status = servers.status(maria.id);
    assert.ok(status.is === "running");
    assert.equal(status.generation, 2);
    assert.equal(box.engine.containers.size, 1);
    assert.equal(servers.lastFailure(maria.id), undefined);
    assert.ok(!seen.some(({ is }) => is === "stopped"));
  });

  it("is not tried a third time", async () => {
    const { box, maria, hub, servers } = await boxWith();
    await using _ = hub;
    box.engine.failAt("started", new Error("socket hang up"), 99);
    await servers.start(maria, self(maria));
    await box.clock.advance(600_000);
    assert.equal(box.engine.starts.length, 2);
    assert.deepEqual(lastFailureOf(servers, maria)?.params, { detail: "socket hang up" });
  });

  it("really starts again when it is asked for again, and a success leaves its failure on record", async () => {
    const { box, maria, hub, servers } = await boxWith();
    await using _ = hub;
    box.engine.failAt("volume", new HubError("disk_full", { detail: "full" }));
    await servers.start(maria, self(maria));
    await settle();
    await servers.start(maria, self(maria));
    await settle();
    assert.equal(servers.status(maria.id).is, "running");
    assert.equal(servers.lastFailure(maria.id)?.code, "disk_full");
    await servers.stop(maria.id, self(maria));
    assert.deepEqual(servers.status(maria.id), { is: "stopped" });
    assert.equal(servers.lastFailure(maria.id), undefined);
  });

  it("can be called off while it waits for its second try", async () => {
    const { box, maria, hub, servers } = await boxWith();
    await using _ = hub;
    box.engine.failAt("started", new HubError("spawner_failed", { detail: "conflict" }));
    await servers.start(maria, self(maria));
    await box.clock.advance(500);
    await servers.stop(maria.id, self(maria));
    await box.clock.advance(10_000);
    assert.deepEqual(servers.status(maria.id), { is: "stopped" });
    assert.equal(box.engine.starts.length, 1);
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("says what the driver found out about a container that ended at once", async () => {
    const { box, maria, hub, servers } = await boxWith();
    await using _ = hub;
    const held = box.engine.hold("answering");
    await servers.start(maria, self(maria));
    await held.reached;
    const [serverId] = box.engine.alive();
    assert.ok(serverId !== undefined);
    box.engine.die(serverId, 127);
    await settle();
    const reason = new HubError("wrong_architecture", { image: "x", made: "arm64", own: "amd64" });
    box.engine.failAt("answering", reason);
    held.release();
    await settle();
    assert.equal(lastFailureOf(servers, maria)?.code, "wrong_architecture");
    await servers.start(maria, self(maria));
    await box.clock.advance(10_000);
    assert.equal(servers.status(maria.id).is, "running");
  });

  it("keeps the end of the log of a container that ended at once", async () => {
    const { box, maria, hub, servers } = await boxWith();
    await using _ = hub;
    const held = box.engine.hold("answering");
    await servers.start(maria, self(maria));
    await held.reached;
    const [serverId] = box.engine.alive();
    assert.ok(serverId !== undefined);
    const { log } = box.engine.containers.get(serverId) ?? assert.fail();
    log.push(...Array.from({ length: 150 }, (_line, n) => `line ${n}`));
    box.engine.die(serverId, 3);
    // The driver may know why, and here says nothing.
    await box.clock.advance(4_000);
    assert.equal(servers.status(maria.id).is, "starting");
    await box.clock.advance(1_000);
    const failure = lastFailureOf(servers, maria);
    assert.equal(failure?.code, "exited_at_once");
    assert.deepEqual(failure.params, { exit_code: 3 });
    assert.equal(failure.log.length, 100);
    assert.equal(failure.log.at(-1), "ended with 3");
    assert.equal(box.inEngine(maria), "nothing");
    held.release();
  });

  it("says so when memory ran out before it answered", async () => {
    const { box, maria, hub, servers } = await boxWith({ spawner: { memoryBytes: GIB } });
    await using _ = hub;
    const held = box.engine.hold("answering");
    await servers.start(maria, self(maria));
    await held.reached;
    box.engine.die(box.engine.alive()[0] ?? assert.fail(), 137, true);
    await settle();
    const failure = lastFailureOf(servers, maria);
    assert.deepEqual(failure?.code, "out_of_memory");
    assert.deepEqual(failure.params, { limit: "1 GB" });
    held.release();
  });
});

describe("deadlines of a start", () => {
  for (const [point, step] of [
    ["network", "network"],
    ["volume", "volume"],
    ["container", "container"],
    ["started", "started"],
  ] as const) {
    it(`a step “${step}” that does not end is named`, async () => {
      const { box, maria, hub, servers } = await boxWith();
      await using _ = hub;
      const held = box.engine.hold(point);
      await servers.start(maria, self(maria));
      await box.clock.advance(59_000);
      assert.equal(servers.status(maria.id).is, "starting");
      await box.clock.advance(2_000);
      const failure = lastFailureOf(servers, maria);
      assert.equal(failure?.code, "start_timeout");
      assert.deepEqual(failure.params, { step, seconds: 60 });
      assert.equal(box.inEngine(maria), "nothing");
      assert.equal(box.engine.starts.length, 1);
      held.release();
    });
  }

  it("a container that never answers says on which port, with its log", async () => {
    const { box, maria, hub, servers } = await boxWith();
    await using _ = hub;
    box.engine.hold("answering");
    await servers.start(maria, self(maria));
    await box.clock.advance(61_000);
    const failure = lastFailureOf(servers, maria);
    assert.equal(failure?.code, "never_answered");
    assert.deepEqual(failure.params, { seconds: 60, port: 8888 });
    assert.deepEqual(failure.log, ["started generation 1"]);
  });

  it("each step has its own time: a slow start that gets on does not fail", async () => {
    const { box, maria, hub, servers } = await boxWith({ stepMs: 50_000 });
    await using _ = hub;
    await servers.start(maria, self(maria));
    await box.clock.advance(251_000);
    assert.equal(servers.status(maria.id).is, "running");
  });

  it("a wall clock that is set to another year changes nothing", async () => {
    const { box, maria, hub, servers } = await boxWith({ stepMs: 30_000 });
    await using _ = hub;
    await servers.start(maria, self(maria));
    for (const years of [10, -20, 10]) {
      await box.clock.advance(20_000);
      box.clock.jump(years * 365 * 86_400_000);
    }
    await box.clock.advance(100_000);
    const status = servers.status(maria.id);
    assert.equal(status.is, "running");
  });

  it("a box that was suspended for an hour does not call its start late", async () => {
    const { box, maria, hub, servers } = await boxWith({ stepMs: 30_000 });
    await using _ = hub;
    await servers.start(maria, self(maria));
    await box.clock.advance(10_000);
    await box.clock.sleep(3_600_000);
    await box.clock.advance(150_000);
    assert.equal(servers.status(maria.id).is, "running");
  });

  it("a driver that does not heed its signal holds nobody up for ever", async () => {
    const box = new ServersBox({ spawner: { concurrentStarts: 1 } });
    const [first, second] = await box.addUsers(2);
    assert.ok(first !== undefined && second !== undefined);
    box.engine.hold("answering");
    await using hub = await box.boot(new StubbornSpawner(box.engine));
    await hub.servers.start(first, self(first));
    await hub.servers.start(second, self(second));
    await box.clock.advance(60_000);
    assert.equal(hub.servers.status(second.id).is, "queued");
    await box.clock.advance(15_000);
    assert.equal(lastFailureOf(hub.servers, first)?.code, "never_answered");
    assert.equal(hub.servers.status(second.id).is, "starting");
    const stopped = hub.servers.stop(second.id, self(second));
    await box.clock.advance(15_000);
    await stopped;
    assert.deepEqual(hub.servers.status(second.id), { is: "stopped" });
  });
});

describe("a stop that fails", () => {
  it("and a start asked for meanwhile: it runs on, and the record agrees", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    const held = box.engine.hold("stop");
    box.engine.failAt("stop", new HubError("spawner_failed", { detail: "busy" }));
    const stopped = assert.rejects(servers.stop(maria.id, self(maria)), { code: "spawner_failed" });
    await held.reached;
    const disk = box.holdDisk();
    const started = servers.start(maria, self(maria));
    held.release();
    await settle();
    assert.equal(servers.status(maria.id).is, "running");
    disk.release();
    await stopped;
    assert.equal((await started).is, "running");
    await settle();
    assert.equal(box.record(maria)?.generation, 1);
    assert.equal(box.record(maria)?.startRequested, undefined);
    assert.ok(box.record(maria)?.started !== undefined);
  });

  it("tells who asked, and the server runs on with its route", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    box.engine.failAt("stop", new HubError("spawner_failed", { detail: "busy" }));
    const before = servers.status(maria.id);
    await assert.rejects(servers.stop(maria.id, self(maria)), { code: "spawner_failed" });
    assert.deepEqual(servers.status(maria.id), before);
    assert.ok(servers.route(maria.id, "") !== undefined);
    assert.ok(box.record(maria)?.started !== undefined);
    await servers.stop(maria.id, self(maria));
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("has a deadline", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    const held = box.engine.hold("stop");
    const stopped = assert.rejects(servers.stop(maria.id, self(maria)), { code: "spawner_failed" });
    await box.clock.advance(39_000);
    assert.equal(servers.status(maria.id).is, "stopping");
    await box.clock.advance(2_000);
    await stopped;
    assert.equal(servers.status(maria.id).is, "running");
    held.release();
  });

  it("counts as done when the engine says that nothing runs, and the rest is swept up later", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    box.engine.failAt("killed", new HubError("spawner_failed", { detail: "removal in progress" }));
    await servers.stop(maria.id, self(maria));
    assert.deepEqual(servers.status(maria.id), { is: "stopped" });
    assert.equal(box.inEngine(maria), "container");
    await box.clock.advance(31_000);
    assert.equal(box.inEngine(maria), "nothing");
    assert.deepEqual(servers.status(maria.id), { is: "stopped" });
  });

  it("has its rest removed also when a start comes and is called off meanwhile", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    box.engine.failAt("killed", new HubError("spawner_failed", { detail: "removal in progress" }));
    await servers.stop(maria.id, self(maria));
    await Promise.all([servers.start(maria, self(maria)), servers.stop(maria.id, self(maria))]);
    assert.equal(box.inEngine(maria), "nothing");
    assert.deepEqual(servers.status(maria.id), { is: "stopped" });
  });

  it("gives up sweeping after a few tries; the next start clears it", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    box.engine.failAt("killed", new HubError("spawner_failed", { detail: "stuck" }), 99);
    await servers.stop(maria.id, self(maria));
    await box.clock.advance(3_600_000);
    assert.equal(box.engine.calls.get("stop"), 4);
    await servers.start(maria, self(maria));
    await settle();
    assert.equal(servers.status(maria.id).is, "running");
    assert.equal(box.engine.containers.size, 1);
  });
});

describe("a server that ends by itself", () => {
  for (const [what, code, outOfMemory, failure, params] of [
    ["crashes", 1, false, "crashed", { exit_code: 1 }],
    ["is killed", 137, false, "crashed", { exit_code: 137 }],
    ["runs out of memory", 137, true, "out_of_memory", { limit: "1 GB" }],
  ] as const) {
    it(`${what}: stopped, with exit code and log, nothing left`, async () => {
      const { box, maria, hub, servers, serverId } = await boxRunning();
      await using _ = hub;
      const held = box.engine.hold("logs");
      box.engine.die(serverId, code, outOfMemory);
      await held.reached;
      assert.equal(servers.route(maria.id, ""), undefined);
      held.release();
      await settle();
      const found = lastFailureOf(servers, maria);
      assert.equal(found?.code, failure);
      assert.deepEqual(found.params, params);
      assert.deepEqual(found.log, ["started generation 1", `ended with ${code}`]);
      assert.deepEqual(box.record(maria)?.lastFailure, found);
      assert.equal(box.record(maria)?.started, undefined);
      assert.equal(box.inEngine(maria), "nothing");
    });
  }

  it("was shut down from inside, in an orderly way: it rests, and nothing has failed", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    box.engine.die(serverId, 0);
    await settle();
    assert.deepEqual(servers.status(maria.id), { is: "stopped" });
    assert.equal(box.inEngine(maria), "nothing");
    assert.equal(box.record(maria)?.started, undefined);
  });

  it("can be started while it is being cleared away", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    const held = box.engine.hold("logs");
    box.engine.die(serverId, 1);
    await held.reached;
    await servers.start(maria, self(maria));
    held.release();
    await settle();
    const status = servers.status(maria.id);
    assert.ok(status.is === "running");
    assert.equal(status.generation, 2);
    assert.equal(servers.lastFailure(maria.id)?.code, "crashed");
    assert.equal(box.record(maria)?.started, status.started);
  });

  it("lives on when only something inside ran out of memory, and says when", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    await box.clock.advance(60_000);
    box.engine.outOfMemoryInside(serverId);
    await settle();
    const status = servers.status(maria.id);
    assert.ok(status.is === "running");
    assert.equal(status.outOfMemoryAt, "2026-11-02T08:01:00.000Z");
  });
});

describe("freezing from outside", () => {
  it("is seen, and a start wakes the server", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    const before = servers.route(maria.id, "");
    box.engine.setFrozen(serverId, true);
    await settle();
    assert.equal(servers.status(maria.id).is, "frozen");
    assert.equal(servers.route(maria.id, ""), undefined);
    const status = await servers.start(maria, self(maria));
    assert.equal(status.is, "running");
    assert.deepEqual(servers.route(maria.id, ""), before);
    assert.equal(box.engine.starts.length, 1);
  });

  it("ends with a stop, or by itself", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    box.engine.setFrozen(serverId, true);
    await settle();
    box.engine.setFrozen(serverId, false);
    await settle();
    assert.equal(servers.status(maria.id).is, "running");
    box.engine.setFrozen(serverId, true);
    await settle();
    await servers.stop(maria.id, self(maria));
    assert.equal(box.inEngine(maria), "nothing");
  });
});

describe("a server that a request could not reach", () => {
  it("is looked at at once: dead without a word, it is stopped within a second", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    const container = box.engine.containers.get(serverId) ?? assert.fail();
    container.state = "exited";
    container.exit = { code: 1, outOfMemory: false };
    servers.unreachable(maria.id, "");
    await box.clock.advance(900);
    assert.equal(lastFailureOf(servers, maria)?.code, "crashed");
  });

  it("was removed behind our back: that is what the teacher reads", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    box.engine.containers.delete(serverId);
    servers.unreachable(maria.id, "");
    await settle();
    assert.equal(lastFailureOf(servers, maria)?.code, "removed_outside");
    assert.equal(box.engine.networks.size, 0);
  });

  it("stays when it runs, and a swarm of requests asks the engine once a second", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    for (let n = 0; n < 500; n++) {
      servers.unreachable(maria.id, "");
      if (n % 50 === 0) await box.clock.advance(100);
    }
    await box.clock.advance(5_000);
    assert.equal(servers.status(maria.id).is, "running");
    assert.ok((box.engine.calls.get("inspect") ?? 0) <= 3);
  });

  it("moves with its container to another address", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    const container = box.engine.containers.get(serverId) ?? assert.fail();
    const upstream = { host: "10.213.9.9", port: 8888 };
    box.engine.containers.set(serverId, { ...container, upstream });
    servers.unreachable(maria.id, "");
    await settle();
    assert.deepEqual(servers.route(maria.id, "")?.upstream, upstream);
  });

  it("stays when the engine cannot be asked", async () => {
    const { box, maria, hub, servers } = await boxRunning();
    await using _ = hub;
    box.engine.lose({ silently: true });
    servers.unreachable(maria.id, "");
    await settle();
    assert.equal(servers.status(maria.id).is, "running");
  });

  it("changed while it was looked at: the newer word counts", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    const held = box.engine.hold("inspect");
    servers.unreachable(maria.id, "");
    await held.reached;
    box.engine.containers.delete(serverId);
    await servers.stop(maria.id, self(maria));
    await servers.start(maria, self(maria));
    await settle();
    held.release();
    await settle();
    const status = servers.status(maria.id);
    assert.ok(status.is === "running");
    assert.equal(status.generation, 2);
  });
});

describe("a driver that breaks its promises", () => {
  it("ends in failures of the table, and the hub goes on", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot(new BadSpawner());
    await hub.servers.start(maria, self(maria));
    await box.clock.advance(10_000);
    const failure = lastFailureOf(hub.servers, maria);
    assert.equal(failure?.code, "spawner_failed");
    assert.deepEqual(failure.params, { detail: "cannot read properties of undefined" });
    await hub.servers.stop(maria.id, self(maria));
    await box.clock.advance(3_600_000);
    assert.equal(hub.servers.status(maria.id).is, "stopped");
  });

  it("has its events followed again when their stream broke, and nothing is missed", async () => {
    const { box, maria, hub, servers, serverId } = await boxRunning();
    await using _ = hub;
    box.engine.breakStreams();
    await settle();
    box.engine.die(serverId, 1);
    await settle();
    assert.equal(servers.status(maria.id).is, "running");
    await box.clock.advance(2_000);
    assert.equal(lastFailureOf(servers, maria)?.code, "crashed");
  });
});

it("nobody's server is taken for another's", async () => {
  const box = new ServersBox();
  const users = await box.addUsers(5);
  await using hub = await box.boot();
  for (const user of users) await hub.servers.start(user, self(user));
  await settle();
  const ids = new Set<ServerId | undefined>(
    users.map((user) => hub.servers.route(user.id, "")?.serverId),
  );
  assert.equal(ids.size, 5);
  const hosts = new Set(users.map((user) => hub.servers.route(user.id, "")?.upstream.host));
  assert.equal(hosts.size, 5);
});
