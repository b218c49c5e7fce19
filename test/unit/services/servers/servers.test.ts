import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { containerSecret } from "#src/services/servers/container-secret.ts";
import type { AuditRecord } from "#src/stores/records.ts";
import { settle } from "#test/support/fake-clock.ts";
import { StubbornSpawner } from "#test/support/fake-spawner.ts";
import { collect } from "#test/support/records.ts";
import { ServersBox, follow, self } from "#test/support/servers-box.ts";

const teacher = { id: "console", name: "console", address: "local", request: "K7-1" } as const;

async function auditOf(box: ServersBox): Promise<AuditRecord[]> {
  const rows = await collect(box.store.audit());
  return rows.filter(({ action }) => action.startsWith("server."));
}

describe("starting a server", () => {
  it("goes from the line through every step to an address, and is on record before anything is made", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const seen = follow(hub.servers, maria);
    const held = box.engine.hold("start");
    await hub.servers.start(maria, self(maria));
    assert.deepEqual(seen[0], { is: "queued", since: "2026-11-02T08:00:00.000Z", place: 1 });
    const asked = box.record(maria);
    assert.equal(asked?.generation, 1);
    assert.ok(asked.startRequested !== undefined);
    await held.reached;
    assert.equal(box.engine.containers.size, 0);
    held.release();

    const status = await hub.servers.settled(maria.id, 10_000);
    assert.ok(status.is === "running");
    assert.deepEqual(
      seen.map((each) => (each.is === "starting" ? each.now : each.is)),
      ["queued", "network", "volume", "container", "started", "answering", "answering", "running"],
    );
    const came = box.record(maria);
    assert.equal(came?.startRequested, undefined);
    assert.equal(came?.started, status.started);
    assert.deepEqual(hub.servers.running(), [{ userId: maria.id, serverName: "" }]);
    assert.deepEqual(hub.servers.route(maria.id, ""), {
      serverId: came?.id,
      kind: "jupyter",
      upstream: status.upstream,
      generation: 1,
      secret: came && containerSecret("aW5zdGFuY2Uga2V5", came.id, 1),
    });
  });

  it("is the same start however often it is asked for, from two tabs or ten", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await Promise.all(Array.from({ length: 10 }, () => hub.servers.start(maria, self(maria))));
    await hub.servers.settled(maria.id, 10_000);
    const again = await hub.servers.start(maria, self(maria));
    assert.equal(again.is, "running");
    assert.equal(box.engine.starts.length, 1);
    assert.equal(box.record(maria)?.generation, 1);
  });

  it("makes a new generation with another secret at each start", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const secrets = new Set<string | undefined>();
    for (let n = 0; n < 3; n++) {
      await hub.servers.start(maria, self(maria));
      await hub.servers.settled(maria.id, 10_000);
      secrets.add(hub.servers.route(maria.id, "")?.secret);
      await hub.servers.stop(maria.id, self(maria));
    }
    assert.equal(secrets.size, 3);
    assert.equal(box.record(maria)?.generation, 3);
  });

  it("refuses somebody who was deleted, or whose profile is not configured", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    const juan = await box.addUser("juan");
    const groupId = Array.from(box.store.entries("groups"))[0]?.[1].id;
    assert.ok(groupId !== undefined);
    await box.store.change((state) => {
      const group = state.get("groups", groupId);
      assert.ok(group !== undefined);
      return {
        writes: [
          { put: "groups", key: groupId, record: { ...group, profile: "gone" } },
          {
            put: "members",
            key: `${groupId}!${juan.id}`,
            record: { groupId, userId: juan.id, role: "student" },
          },
        ],
        result: undefined,
      };
    });
    await using hub = await box.boot();
    await box.deleteUser(maria);
    await assert.rejects(hub.servers.start(maria, self(maria)), { code: "user_not_found" });
    await assert.rejects(hub.servers.start(juan, self(juan)), { code: "profile_missing" });
    assert.equal(box.record(juan), undefined);
  });

  it("changes nothing when the start cannot be written down", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await box.store.close();
    await assert.rejects(hub.servers.start(maria, self(maria)), { code: "hub_stopping" });
    await settle();
    assert.equal(box.engine.starts.length, 0);
    assert.deepEqual(hub.servers.status(maria.id), { is: "stopped" });
  });
});

describe("the line", () => {
  it("lets so many start at a time, in the order they came, and tells each its place and time", async () => {
    const box = new ServersBox({ stepMs: 1_000, spawner: { concurrentStarts: 2 } });
    const users = await box.addUsers(6);
    await using hub = await box.boot();
    for (const user of users) await hub.servers.start(user, self(user));
    await settle();
    const places = users.map((user) => {
      const status = hub.servers.status(user.id);
      return status.is === "queued" ? status.place : status.is;
    });
    assert.deepEqual(places, ["starting", "starting", 1, 2, 3, 4]);
    await box.clock.advance(5_000);
    const later = users.map((user) => {
      const status = hub.servers.status(user.id);
      return status.is === "queued" ? [status.place, status.estimateSeconds] : status.is;
    });
    assert.deepEqual(later, ["running", "running", "starting", "starting", [1, 10], [2, 10]]);
    await box.clock.advance(10_000);
    assert.deepEqual(
      box.engine.starts,
      users.map((user) => box.record(user)?.id),
    );
    assert.equal(box.engine.mostStartsUnderWay, 2);
    assert.equal(hub.servers.running().length, 6);
  });

  it("keeps the place of whoever asks again", async () => {
    const box = new ServersBox({ stepMs: 1_000, spawner: { concurrentStarts: 1 } });
    const users = await box.addUsers(4);
    await using hub = await box.boot();
    for (const user of users) await hub.servers.start(user, self(user));
    const [, second] = users;
    assert.ok(second !== undefined);
    await hub.servers.start(second, self(second));
    await settle();
    const places = users.map((user) => {
      const status = hub.servers.status(user.id);
      return status.is === "queued" ? status.place : status.is;
    });
    assert.deepEqual(places, ["starting", 1, 2, 3]);
  });

  it("tells those behind when somebody leaves it", async () => {
    const box = new ServersBox({ stepMs: 1_000, spawner: { concurrentStarts: 1 } });
    const users = await box.addUsers(4);
    await using hub = await box.boot();
    for (const user of users) await hub.servers.start(user, self(user));
    await settle();
    const [, second, , fourth] = users;
    assert.ok(second !== undefined && fourth !== undefined);
    const seen = follow(hub.servers, fourth);
    await hub.servers.stop(second.id, self(second));
    assert.deepEqual(
      seen.map((status) => status.is === "queued" && status.place),
      [2],
    );
  });

  it("asks for admission, and asks again when it was told to wait", async () => {
    const answers: (true | { askAgainMs: number })[] = [{ askAgainMs: 3_000 }, true];
    const box = new ServersBox({ admit: () => answers.shift() ?? true });
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await box.clock.advance(2_900);
    assert.equal(hub.servers.status(maria.id).is, "queued");
    await box.clock.advance(200);
    assert.equal(hub.servers.status(maria.id).is, "running");
  });

  it("does not count waiting as failing, however long it takes", async () => {
    const box = new ServersBox({ spawner: { concurrentStarts: 1, startTimeoutSeconds: 60 } });
    const [first, second] = await box.addUsers(2);
    assert.ok(first !== undefined && second !== undefined);
    box.engine.hold("answering");
    await using hub = await box.boot();
    await hub.servers.start(first, self(first));
    await box.clock.advance(59_000);
    await hub.servers.start(second, self(second));
    await box.clock.advance(58_000);
    // The first has failed; the second had waited for it and has its own minute.
    assert.equal(hub.servers.status(first.id).is, "stopped");
    assert.equal(hub.servers.status(second.id).is, "starting");
  });
});

describe("stopping a server", () => {
  it("removes container and network, and leaves the home", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    await hub.servers.stop(maria.id, self(maria));
    assert.deepEqual(hub.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.inEngine(maria), "nothing");
    assert.equal(box.engine.homes.has(maria.id), true);
    assert.equal(hub.servers.route(maria.id, ""), undefined);
  });

  it("is nothing for a server that does not run, or never did", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.stop(maria.id, self(maria));
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    await hub.servers.stop(maria.id, self(maria));
    await hub.servers.stop(maria.id, self(maria));
    assert.equal(box.engine.calls.get("stop"), 1);
  });

  it("takes the route away at once, while the notebook still saves", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    const held = box.engine.hold("stop");
    const stopped = hub.servers.stop(maria.id, self(maria));
    await held.reached;
    assert.equal(hub.servers.status(maria.id).is, "stopping");
    assert.equal(hub.servers.route(maria.id, ""), undefined);
    held.release();
    await stopped;
  });

  it("is one stop for all who ask while it goes on", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    await Promise.all(Array.from({ length: 5 }, () => hub.servers.stop(maria.id, self(maria))));
    assert.equal(box.engine.calls.get("stop"), 1);
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("calls off a start that waits, at once and without touching the engine", async () => {
    const box = new ServersBox({ stepMs: 1_000, spawner: { concurrentStarts: 1 } });
    const [first, second] = await box.addUsers(2);
    assert.ok(first !== undefined && second !== undefined);
    await using hub = await box.boot();
    await hub.servers.start(first, self(first));
    await hub.servers.start(second, self(second));
    const seen = follow(hub.servers, second);
    await hub.servers.stop(second.id, self(second));
    assert.deepEqual(hub.servers.status(second.id), { is: "stopped" });
    assert.equal(box.record(second)?.startRequested, undefined);
    assert.ok(seen[0]?.is === "stopped");
    assert.equal(seen[0].lastFailure?.code, "start_cancelled");
    await box.clock.advance(60_000);
    assert.equal(box.engine.starts.length, 1);
  });

  for (const point of ["network", "volume", "container", "started", "answering"] as const) {
    it(`calls off a start under way at “${point}”, and leaves nothing of it`, async () => {
      const box = new ServersBox();
      const maria = await box.addUser("maria");
      await using hub = await box.boot();
      const held = box.engine.hold(point);
      await hub.servers.start(maria, self(maria));
      await held.reached;
      await hub.servers.stop(maria.id, self(maria));
      assert.deepEqual(hub.servers.status(maria.id), { is: "stopped" });
      assert.equal(box.inEngine(maria), "nothing");
      assert.equal(hub.servers.lastFailure(maria.id), undefined);
    });
  }

  it("waits for a start that does not heed being called off, and removes what it still made", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot(new StubbornSpawner(box.engine));
    const held = box.engine.hold("start");
    await hub.servers.start(maria, self(maria));
    await held.reached;
    const stopped = hub.servers.stop(maria.id, self(maria));
    await box.clock.advance(1_000);
    held.release();
    await stopped;
    await settle();
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("counts when it was asked before the notebook answered, however slow the disk is", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const held = box.engine.hold("answering");
    await hub.servers.start(maria, self(maria));
    await held.reached;
    const disk = box.holdDisk();
    const stopped = hub.servers.stop(maria.id, self(maria));
    await settle();
    held.release();
    await settle();
    assert.equal(hub.servers.status(maria.id).is, "running");
    disk.release();
    await stopped;
    assert.deepEqual(hub.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.record(maria)?.started, undefined);
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("tells who waited for the start that it was called off", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    box.engine.hold("answering");
    await hub.servers.start(maria, self(maria));
    const waited = hub.servers.settled(maria.id, 10_000);
    await settle();
    await hub.servers.stop(maria.id, self(maria));
    const status = await waited;
    assert.ok(status.is === "stopped");
    assert.equal(status.lastFailure?.code, "start_cancelled");
  });
});

describe("clicks in quick succession", () => {
  const clicks = ["start", "stop"] as const;
  for (const length of [2, 3, 4, 5]) {
    it(`${length} of them end as the last one asked`, async () => {
      for (let bits = 0; bits < 2 ** length; bits++) {
        const box = new ServersBox({ stepMs: 40 });
        const maria = await box.addUser("maria");
        await using hub = await box.boot();
        const wishes = Array.from({ length }, (_, n) => clicks[(bits >> n) & 1] ?? "start");
        const done: Promise<unknown>[] = [];
        for (const wish of wishes) {
          done.push(
            wish === "start"
              ? hub.servers.start(maria, self(maria))
              : hub.servers.stop(maria.id, self(maria)),
          );
          await box.clock.advance(25);
        }
        await box.clock.advance(10_000);
        await Promise.all(done);
        const expected = wishes.at(-1) === "start" ? "running" : "stopped";
        assert.equal(hub.servers.status(maria.id).is, expected, wishes.join(" "));
        assert.equal(box.inEngine(maria), expected === "running" ? "container" : "nothing");
        assert.equal(box.record(maria)?.startRequested, undefined);
        assert.equal(box.record(maria)?.started !== undefined, expected === "running");
      }
    });
  }

  it("in the same instant keep their order", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const { servers } = hub;
    await Promise.all([
      servers.start(maria, self(maria)),
      servers.stop(maria.id, self(maria)),
      servers.start(maria, self(maria)),
    ]);
    await servers.settled(maria.id, 10_000);
    assert.equal(servers.status(maria.id).is, "running");
    await Promise.all([
      servers.stop(maria.id, self(maria)),
      servers.start(maria, self(maria)),
      servers.stop(maria.id, self(maria)),
    ]);
    assert.equal(servers.status(maria.id).is, "stopped");
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("a start while stopping begins when the stop has ended", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    const held = box.engine.hold("killed");
    const stopped = hub.servers.stop(maria.id, self(maria));
    await held.reached;
    assert.equal((await hub.servers.start(maria, self(maria))).is, "stopping");
    assert.equal((await hub.servers.start(maria, self(maria))).is, "stopping");
    assert.equal(box.record(maria)?.generation, 2);
    held.release();
    await stopped;
    const status = await hub.servers.settled(maria.id, 10_000);
    assert.ok(status.is === "running");
    assert.equal(status.generation, 2);
  });
});

describe("deleting a person", () => {
  it("stops the running server, and keeps the home", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    await box.deleteUser(maria);
    await settle();
    assert.equal(box.inEngine(maria), "nothing");
    assert.equal(box.engine.homes.has(maria.id), true);
    assert.equal(hub.servers.status(maria.id).is, "stopped");
  });

  for (const point of ["start", "network", "container", "answering"] as const) {
    it(`cancels a start under way at “${point}”`, async () => {
      const box = new ServersBox();
      const maria = await box.addUser("maria");
      await using hub = await box.boot();
      const held = box.engine.hold(point);
      await hub.servers.start(maria, self(maria));
      await held.reached;
      await box.deleteUser(maria);
      await settle();
      held.release();
      await settle();
      assert.equal(box.inEngine(maria), "nothing");
      assert.equal(box.record(maria)?.startRequested, undefined);
    });
  }

  it("cancels a start in the same instant", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const juan = await box.addUser("juan");
    // In either order: the start is refused, or it is called off.
    await Promise.allSettled([hub.servers.start(maria, self(maria)), box.deleteUser(maria)]);
    const asked = hub.servers.start(juan, self(juan));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.allSettled([asked, box.deleteUser(juan)]);
    await settle();
    for (const user of [maria, juan]) {
      assert.equal(box.inEngine(user), "nothing");
      assert.equal(hub.servers.status(user.id).is, "stopped");
      assert.equal(box.record(user)?.startRequested, undefined);
    }
  });
});

describe("audit", () => {
  it("tells when somebody else starts or stops a server, in the same batch", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, teacher);
    await hub.servers.settled(maria.id, 10_000);
    await hub.servers.stop(maria.id, teacher);
    const rows = await auditOf(box);
    assert.deepEqual(
      rows.map(({ at: _, ...row }) => row),
      (["server.stopped_by_other", "server.started_by_other"] as const).map((action) => ({
        action,
        actor: "console",
        actorName: "console",
        subject: maria.id,
        subjectName: "maria",
        address: "local",
        request: "K7-1",
      })),
    );
  });

  it("says nothing of one's own server, of what changed nothing, and of what the hub does", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.stop(maria.id, teacher);
    await hub.servers.start(maria, self(maria));
    await hub.servers.start(maria, teacher);
    await hub.servers.settled(maria.id, 10_000);
    await box.deleteUser(maria);
    await settle();
    assert.deepEqual(await auditOf(box), []);
  });
});

describe("following servers", () => {
  it("begins with the present status, brings each change, and ends with its signal", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const end = new AbortController();
    const seen: string[] = [];
    const followed = (async () => {
      for await (const status of hub.servers.watch(maria.id, end.signal)) seen.push(status.is);
    })();
    await settle();
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    await hub.servers.stop(maria.id, self(maria));
    await settle();
    end.abort();
    await followed;
    assert.deepEqual(
      seen.filter((is, n) => is !== seen[n - 1]),
      ["stopped", "queued", "starting", "running", "stopping", "stopped"],
    );
  });

  it("a listener that fails does not keep others from hearing", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    hub.servers.onChange(() => {
      throw new Error("a page that is no longer there");
    });
    const seen = follow(hub.servers, maria);
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    assert.equal(seen.at(-1)?.is, "running");
  });

  it("settled gives the present status when the time is up", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    box.engine.hold("answering");
    await hub.servers.start(maria, self(maria));
    const waited = hub.servers.settled(maria.id, 2_000);
    await box.clock.advance(2_000);
    assert.equal((await waited).is, "starting");
  });
});

describe("the log of a server", () => {
  it("is the container's while there is one, and afterwards what is on record", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    assert.deepEqual(await hub.servers.log(maria.id, 10), []);
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    assert.deepEqual(await hub.servers.log(maria.id, 10), ["started generation 1"]);
    box.engine.die(box.engine.alive()[0] ?? assert.fail(), 1);
    await settle();
    assert.deepEqual(await hub.servers.log(maria.id, 10), ["started generation 1", "ended with 1"]);
    assert.deepEqual(await hub.servers.log(maria.id, 1), ["ended with 1"]);
  });
});

describe("a hub that closes", () => {
  it("leaves notebooks running, keeps starts asked for, and refuses new ones", async () => {
    const box = new ServersBox();
    const [maria, juan, ana] = await box.addUsers(3);
    assert.ok(maria !== undefined && juan !== undefined && ana !== undefined);
    const hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    const held = box.engine.hold("container");
    await hub.servers.start(juan, self(juan));
    await held.reached;
    await hub.servers.close();
    held.release();
    await hub.servers.close();
    await assert.rejects(hub.servers.start(ana, self(ana)), { code: "hub_stopping" });
    assert.ok(box.record(maria)?.started !== undefined);
    assert.ok(box.record(juan)?.startRequested !== undefined);
    assert.equal(box.inEngine(maria), "container");
    assert.equal(box.clock.timers, 0);

    await using next = await box.boot();
    assert.equal(next.servers.status(maria.id).is, "running");
    assert.equal(next.servers.status(juan.id).is, "running");
    assert.equal(box.record(maria)?.generation, 1);
  });

  it("keeps a wish that was just being written for the next one", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    const hub = await box.boot();
    const disk = box.holdDisk();
    const asked = assert.rejects(hub.servers.start(maria, self(maria)), { code: "hub_stopping" });
    await settle();
    const closed = hub.servers.close();
    disk.release();
    await Promise.all([asked, closed]);
    await settle();
    assert.equal(box.engine.starts.length, 0);
    assert.equal(box.clock.timers, 0);
    assert.deepEqual(hub.servers.status(maria.id), { is: "stopped" });
    await using next = await box.boot();
    assert.equal(next.servers.status(maria.id).is, "running");
  });

  it("ends every stream", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    const hub = await box.boot();
    const followed = collect(hub.servers.watch(maria.id, new AbortController().signal));
    await settle();
    await hub.servers.close();
    assert.deepEqual(await followed, [{ is: "stopped" }]);
  });
});
