import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { containerSecret } from "#src/services/servers/container-secret.ts";
import { makeId } from "#src/stores/ids.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { settle } from "#test/support/fake-clock.ts";
import { startPoints, stopPoints } from "#test/support/fake-engine.ts";
import { ServersBox, follow, self } from "#test/support/servers-box.ts";

/** One box with one person whose server runs under a first hub. */
async function runningBox() {
  const box = new ServersBox();
  const maria = await box.addUser("maria");
  const first = await box.boot();
  await first.servers.start(maria, self(maria));
  await settle();
  const serverId = box.record(maria)?.id;
  assert.ok(serverId !== undefined);
  return { box, maria, first, serverId };
}

/** A failed test must not leave a hub of the past holding a step. */
async function bootAfter(box: ServersBox, hold: { release(): void }) {
  hold.release();
  await settle();
  const hub = await box.boot();
  await settle();
  return hub;
}

function assertRuns(box: ServersBox, user: UserRecord): void {
  assert.equal(box.inEngine(user), "container");
  assert.equal(box.engine.containers.size, 1);
  assert.equal(box.engine.networks.size, 1);
  assert.equal(box.record(user)?.startRequested, undefined);
  assert.ok(box.record(user)?.started !== undefined);
}

describe("a hub killed while it starts a server", () => {
  for (const point of startPoints) {
    it(`at “${point}”: the next one finishes the start`, async () => {
      const box = new ServersBox();
      const maria = await box.addUser("maria");
      const first = await box.boot();
      const held = box.engine.hold(point);
      await first.servers.start(maria, self(maria));
      await held.reached;
      first.kill();
      await using next = await bootAfter(box, held);
      const status = next.servers.status(maria.id);
      assert.ok(status.is === "running");
      assert.equal(status.generation, 1);
      assertRuns(box, maria);
    });
  }

  it("before anything was asked of the engine: the next one starts it", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    const first = await box.boot();
    const asked = first.servers.start(maria, self(maria));
    await Promise.race([asked, Promise.resolve()]);
    while (box.record(maria) === undefined) await Promise.resolve();
    first.kill();
    await using next = await box.boot();
    await settle();
    assert.equal(next.servers.status(maria.id).is, "running");
    assertRuns(box, maria);
  });

  it("many times over: the start still ends well", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    for (const point of startPoints) {
      const held = box.engine.hold(point);
      const hub = await box.boot();
      await hub.servers.start(maria, self(maria));
      await held.reached;
      hub.kill();
      held.release();
      await settle();
    }
    await using next = await box.boot();
    await settle();
    assert.equal(next.servers.status(maria.id).is, "running");
    assertRuns(box, maria);
  });

  it("and the person gives up waiting: the next one can still call it off", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    const first = await box.boot();
    const held = box.engine.hold("answering");
    await first.servers.start(maria, self(maria));
    await held.reached;
    first.kill();
    await using next = await box.boot();
    await next.servers.stop(maria.id, self(maria));
    assert.deepEqual(next.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.inEngine(maria), "nothing");
    held.release();
  });

  it("with a line behind it: the next one keeps the order", async () => {
    const box = new ServersBox({ stepMs: 1_000, spawner: { concurrentStarts: 1 } });
    const users = await box.addUsers(5);
    const first = await box.boot();
    for (const user of users) {
      await first.servers.start(user, self(user));
      await box.clock.advance(10);
    }
    first.kill();
    box.engine.starts.length = 0;
    await using next = await box.boot();
    await box.clock.advance(60_000);
    assert.deepEqual(
      box.engine.starts,
      users.map((user) => box.record(user)?.id),
    );
    assert.equal(next.servers.running().length, 5);
  });
});

describe("a hub killed while it stops a server", () => {
  for (const point of stopPoints) {
    it(`at “${point}”: the next one finishes the stop, and nothing has failed`, async () => {
      const { box, maria, first } = await runningBox();
      const held = box.engine.hold(point);
      void first.servers.stop(maria.id, self(maria));
      await held.reached;
      first.kill();
      await using next = await bootAfter(box, held);
      assert.deepEqual(next.servers.status(maria.id), { is: "stopped" });
      assert.equal(box.engine.containers.size, 0);
      assert.equal(box.record(maria)?.lastFailure, undefined);
    });
  }

  it("and starts it again right away", async () => {
    const { box, maria, first } = await runningBox();
    const held = box.engine.hold("killed");
    void first.servers.stop(maria.id, self(maria));
    await held.reached;
    await first.servers.start(maria, self(maria));
    first.kill();
    await using next = await bootAfter(box, held);
    const status = next.servers.status(maria.id);
    assert.ok(status.is === "running");
    assert.equal(status.generation, 2);
    assertRuns(box, maria);
  });
});

describe("a hub killed while it writes down why a server ended", () => {
  for (const point of ["logs", "stop", "killed", "removed"] as const) {
    it(`at “${point}”: the next one has it on record, once`, async () => {
      const { box, maria, first, serverId } = await runningBox();
      const held = box.engine.hold(point);
      box.engine.die(serverId, 3);
      await held.reached;
      first.kill();
      await using next = await bootAfter(box, held);
      const status = next.servers.status(maria.id);
      assert.ok(status.is === "stopped");
      assert.equal(status.lastFailure?.code, "crashed");
      assert.deepEqual(status.lastFailure.params, { exit_code: 3 });
      assert.deepEqual(status.lastFailure.log, ["started generation 1", "ended with 3"]);
      assert.equal(box.engine.containers.size, 0);
    });
  }
});

describe("a hub closed in an orderly way", () => {
  it("while it writes down why a server ended: the next one has the whole of it", async () => {
    const { box, maria, first, serverId } = await runningBox();
    const held = box.engine.hold("logs");
    box.engine.die(serverId, 3);
    await held.reached;
    await first.servers.close();
    await using next = await bootAfter(box, held);
    const failure = next.servers.lastFailure(maria.id);
    assert.deepEqual(failure?.log, ["started generation 1", "ended with 3"]);
  });

  for (const point of stopPoints) {
    it(`while it stops a server at “${point}”: the next one finishes the stop`, async () => {
      const { box, maria, first } = await runningBox();
      const held = box.engine.hold(point);
      void first.servers.stop(maria.id, self(maria));
      await held.reached;
      await first.servers.close();
      await using next = await bootAfter(box, held);
      assert.deepEqual(next.servers.status(maria.id), { is: "stopped" });
      assert.equal(box.engine.containers.size, 0);
    });
  }

  it("while the engine is asked whether a stop that failed has worked: nobody waits for that", async () => {
    const { box, maria, first } = await runningBox();
    box.engine.failAt("stop", new HubError("spawner_failed", { detail: "busy" }));
    const held = box.engine.hold("inspect");
    const stopped = assert.rejects(first.servers.stop(maria.id, self(maria)));
    await held.reached;
    await first.servers.close();
    await stopped;
    assert.equal(box.clock.timers, 0);
    await using next = await bootAfter(box, held);
    assert.deepEqual(next.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.engine.containers.size, 0);
  });
});

describe("what the next hub finds", () => {
  it("a server that runs is adopted as it is, with the same secret and address", async () => {
    const { box, maria, first, serverId } = await runningBox();
    const before = first.servers.route(maria.id, "");
    const status = first.servers.status(maria.id);
    first.kill();
    await using next = await box.boot();
    assert.deepEqual(next.servers.status(maria.id), status);
    assert.deepEqual(next.servers.route(maria.id, ""), before);
    assert.equal(box.engine.starts.length, 1);
    box.engine.die(serverId, 1);
    await settle();
    assert.equal(next.servers.status(maria.id).is, "stopped");
  });

  it("thirty that run are there before it answers the first request", async () => {
    const box = new ServersBox({ spawner: { concurrentStarts: 8 } });
    const users = await box.addUsers(30);
    const first = await box.boot();
    for (const user of users) await first.servers.start(user, self(user));
    await settle();
    first.kill();
    const starts = box.engine.starts.length;
    await using next = await box.boot();
    assert.equal(next.servers.running().length, 30);
    assert.equal(box.engine.starts.length, starts);
  });

  it("a frozen one is adopted frozen", async () => {
    const { box, maria, first, serverId } = await runningBox();
    box.engine.setFrozen(serverId, true);
    first.kill();
    await using next = await box.boot();
    assert.equal(next.servers.status(maria.id).is, "frozen");
    assert.equal((await next.servers.start(maria, self(maria))).is, "running");
    assert.equal(box.engine.starts.length, 1);
  });

  it("one that runs and cannot be reached is taken through its start again, and kept", async () => {
    const { box, maria, first, serverId } = await runningBox();
    const before = box.engine.containers.get(serverId);
    assert.ok(before !== undefined);
    before.isReachable = false;
    first.kill();
    await using next = await box.boot();
    await settle();
    assert.equal(next.servers.status(maria.id).is, "running");
    assert.equal(box.engine.containers.get(serverId), before);
    assert.equal(box.record(maria)?.generation, 1);
  });

  it("one that died meanwhile is stopped, with its failure, and is not started by itself", async () => {
    const { box, maria, first, serverId } = await runningBox();
    first.kill();
    box.engine.die(serverId, 137, true);
    await using next = await box.boot();
    await box.clock.advance(600_000);
    const status = next.servers.status(maria.id);
    assert.ok(status.is === "stopped");
    assert.equal(status.lastFailure?.code, "out_of_memory");
    assert.equal(box.inEngine(maria), "nothing");
    assert.equal(box.engine.starts.length, 1);
    await next.servers.start(maria, self(maria));
    await settle();
    assert.equal(next.servers.status(maria.id).is, "running");
  });

  it("one that went down with the box in an orderly way rests, and nothing has failed", async () => {
    const { box, maria, first, serverId } = await runningBox();
    first.kill();
    box.engine.die(serverId, 0);
    await using next = await box.boot();
    await settle();
    assert.deepEqual(next.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("one whose container is gone rests, and can be started", async () => {
    const { box, maria, first, serverId } = await runningBox();
    first.kill();
    box.engine.containers.delete(serverId);
    await using next = await box.boot();
    await settle();
    assert.deepEqual(next.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.record(maria)?.started, undefined);
    await next.servers.start(maria, self(maria));
    await settle();
    assert.equal(next.servers.status(maria.id).is, "running");
  });

  it("a container of an older generation is removed", async () => {
    const { box, maria, first, serverId } = await runningBox();
    first.kill();
    const record = box.record(maria);
    assert.ok(record !== undefined);
    await box.store.change(() => ({
      writes: [
        {
          put: "servers",
          key: `${maria.id}!${serverId}`,
          record: { ...record, generation: 5 },
        },
      ],
      result: undefined,
    }));
    await using next = await box.boot();
    await settle();
    assert.deepEqual(next.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("containers of deleted people and of no record at all are removed, their homes are not", async () => {
    const { box, maria, first, serverId } = await runningBox();
    first.kill();
    await box.deleteUser(maria);
    const container = box.engine.containers.get(serverId);
    assert.ok(container !== undefined);
    const stranger = makeId<"server">();
    box.engine.create({ ...container.spec, serverId: stranger, userId: makeId() }).state =
      "running";
    await using next = await box.boot();
    await settle();
    assert.equal(box.engine.containers.size, 0);
    assert.equal(box.engine.homes.has(maria.id), true);
    assert.deepEqual(next.servers.running(), []);
  });

  it("a leftover that cannot be removed does not keep the hub from opening", async () => {
    const { box, maria, first } = await runningBox();
    first.kill();
    await box.deleteUser(maria);
    box.engine.failAt("stop", new Error("device or resource busy"));
    const juan = await box.addUser("juan");
    await using next = await box.boot();
    await next.servers.start(juan, self(juan));
    await settle();
    assert.equal(next.servers.status(juan.id).is, "running");
  });

  it("failures on record are told", async () => {
    const { box, maria, first, serverId } = await runningBox();
    box.engine.die(serverId, 1);
    await settle();
    const before = first.servers.status(maria.id);
    first.kill();
    await using next = await box.boot();
    assert.deepEqual(next.servers.status(maria.id), before);
  });

  it("secrets are worked out, not kept: another key makes another secret", () => {
    const serverId = makeId<"server">();
    const secret = containerSecret("aW5zdGFuY2Uga2V5", serverId, 1);
    assert.match(secret, /^[A-Za-z0-9_-]{43}$/);
    const others = [
      containerSecret("b3RoZXIga2V5", serverId, 1),
      containerSecret("aW5zdGFuY2Uga2V5", serverId, 2),
      containerSecret("aW5zdGFuY2Uga2V5", makeId<"server">(), 1),
    ];
    assert.equal(new Set([secret, ...others]).size, 4);
    assert.equal(containerSecret("aW5zdGFuY2Uga2V5", serverId, 1), secret);
  });
});

it("a killed hub tells nobody anything any more", async () => {
  const { box, maria, first, serverId } = await runningBox();
  const seen = follow(first.servers, maria);
  first.kill();
  box.engine.die(serverId, 1);
  await box.clock.advance(60_000);
  assert.deepEqual(seen, []);
});
