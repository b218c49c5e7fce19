import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Servers } from "#src/services/servers/servers.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { settle } from "#test/support/fake-clock.ts";
import { type BoxOptions, ServersBox, self } from "#test/support/servers-box.ts";

async function boxWith(count: number, options: BoxOptions = {}) {
  const box = new ServersBox(options);
  const users = await box.addUsers(count);
  const hub = await box.boot();
  return { box, users, hub, servers: hub.servers };
}

async function startAll(servers: Servers, users: readonly UserRecord[]): Promise<void> {
  for (const user of users) await servers.start(user, self(user));
}

function statusesOf(servers: Servers, users: readonly UserRecord[]): string[] {
  return users.map((user) => servers.status(user.id).is);
}

function failuresOf(servers: Servers, users: readonly UserRecord[]): (string | undefined)[] {
  return users.map((user) => {
    const status = servers.status(user.id);
    return status.is === "stopped" ? status.lastFailure?.code : status.is;
  });
}

describe("an engine that goes away", () => {
  it("is trouble that is told; what runs keeps its route", async () => {
    const { box, users, hub, servers } = await boxWith(2);
    await using _ = hub;
    await startAll(servers, users);
    await settle();
    assert.equal(servers.trouble(), undefined);
    box.engine.lose();
    await settle();
    assert.equal(servers.trouble()?.code, "docker_unreachable");
    assert.deepEqual(statusesOf(servers, users), ["running", "running"]);
    assert.ok(users.every((user) => servers.route(user.id, "") !== undefined));
  });

  it("and comes back: the same servers run on, and new ones start", async () => {
    const { box, users, hub, servers } = await boxWith(3);
    await using _ = hub;
    const [first, second, third] = users;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    await startAll(servers, [first, second]);
    await settle();
    const before = servers.route(first.id, "");
    box.engine.lose();
    await settle();
    await assert.rejects(servers.start(third, self(third)), { code: "docker_unreachable" });
    assert.equal(box.record(third), undefined);
    box.engine.back();
    await settle();
    assert.equal(servers.trouble(), undefined);
    assert.deepEqual(servers.route(first.id, ""), before);
    await servers.start(third, self(third));
    await settle();
    assert.deepEqual(statusesOf(servers, users), ["running", "running", "running"]);
  });

  it("and takes its containers with it: they are stopped when it is back, with their logs", async () => {
    const { box, users, hub, servers } = await boxWith(2);
    await using _ = hub;
    await startAll(servers, users);
    await settle();
    box.engine.lose({ takesDown: true });
    await settle();
    box.engine.back();
    await settle();
    assert.deepEqual(failuresOf(servers, users), ["crashed", "crashed"]);
    assert.equal(box.engine.containers.size, 0);
    const [user] = users;
    assert.ok(user !== undefined);
    assert.deepEqual(servers.lastFailure(user.id)?.log, ["started generation 1"]);
  });

  it("is found to be back by whoever starts a server, though nobody told", async () => {
    const { box, users, hub, servers } = await boxWith(1);
    await using _ = hub;
    box.engine.lose();
    await settle();
    box.engine.lost = undefined;
    await startAll(servers, users);
    await settle();
    assert.deepEqual(statusesOf(servers, users), ["running"]);
    assert.equal(servers.trouble(), undefined);
  });

  it("keeps the line waiting; it goes on in the same order when the engine is back", async () => {
    const { box, users, hub, servers } = await boxWith(5, {
      stepMs: 1_000,
      spawner: { concurrentStarts: 1 },
    });
    await using _ = hub;
    await startAll(servers, users);
    await box.clock.advance(7_500);
    box.engine.lose();
    await box.clock.advance(20_000);
    assert.deepEqual(statusesOf(servers, users), [
      "running",
      "queued",
      "queued",
      "queued",
      "queued",
    ]);
    const [, second] = users;
    assert.ok(second !== undefined);
    const status = servers.status(second.id);
    assert.equal(status.is === "queued" && status.place, 1);
    box.engine.back();
    await box.clock.advance(60_000);
    assert.deepEqual(statusesOf(servers, users), Array(5).fill("running"));
    const order = Array.from(new Set(box.engine.starts));
    assert.deepEqual(
      order,
      users.map((user) => box.record(user)?.id),
    );
  });

  it("for too long: what waits fails, and says why", async () => {
    const { box, users, hub, servers } = await boxWith(3, {
      stepMs: 1_000,
      spawner: { concurrentStarts: 1 },
    });
    await using _ = hub;
    await startAll(servers, users);
    await box.clock.advance(500);
    box.engine.lose();
    await box.clock.advance(70_000);
    assert.deepEqual(failuresOf(servers, users), Array(3).fill("docker_unreachable"));
    assert.ok(users.every((user) => box.record(user)?.startRequested === undefined));
    box.engine.back();
    await box.clock.advance(120_000);
    assert.deepEqual(statusesOf(servers, users), Array(3).fill("stopped"));
    assert.equal(box.engine.containers.size, 0);
  });

  it("cannot stop a server: who asked is told, and it runs on", async () => {
    const { box, users, hub, servers } = await boxWith(1);
    await using _ = hub;
    const [user] = users;
    assert.ok(user !== undefined);
    await startAll(servers, users);
    await settle();
    box.engine.lose();
    await settle();
    await assert.rejects(servers.stop(user.id, self(user)), { code: "docker_unreachable" });
    assert.deepEqual(statusesOf(servers, users), ["running"]);
    box.engine.back();
    await settle();
    assert.deepEqual(statusesOf(servers, users), ["running"]);
    assert.ok(box.record(user)?.started !== undefined);
  });

  it("can still be asked to call off a start; the rest is removed when it is back", async () => {
    const { box, users, hub, servers } = await boxWith(1);
    await using _ = hub;
    const [user] = users;
    assert.ok(user !== undefined);
    const held = box.engine.hold("answering");
    await startAll(servers, users);
    await held.reached;
    box.engine.lose();
    await settle();
    await servers.stop(user.id, self(user));
    assert.deepEqual(statusesOf(servers, users), ["stopped"]);
    assert.equal(box.inEngine(user), "container");
    held.release();
    box.engine.back();
    await settle();
    assert.equal(box.inEngine(user), "nothing");
  });

  it("cannot stop the server of somebody deleted meanwhile: it is removed when it is back", async () => {
    const { box, users, hub, servers } = await boxWith(1);
    await using _ = hub;
    const [user] = users;
    assert.ok(user !== undefined);
    await startAll(servers, users);
    await settle();
    box.engine.lose();
    await settle();
    await box.deleteUser(user);
    await settle();
    box.engine.back();
    await settle();
    assert.equal(box.inEngine(user), "nothing");
    assert.deepEqual(statusesOf(servers, users), ["stopped"]);
  });

  it("comes and goes while it is listed: only the last word counts", async () => {
    const { box, users, hub, servers } = await boxWith(1);
    await using _ = hub;
    await startAll(servers, users);
    await settle();
    const held = box.engine.hold("list");
    box.engine.lose();
    box.engine.back();
    await held.reached;
    box.engine.lose();
    await settle();
    held.release();
    await settle();
    assert.equal(servers.trouble()?.code, "docker_unreachable");
    box.engine.back();
    await settle();
    assert.equal(servers.trouble(), undefined);
    assert.deepEqual(statusesOf(servers, users), ["running"]);
  });
});

describe("an engine whose events stop while it answers", () => {
  it("is lost until its events are back: a list from before says nothing", async () => {
    const { box, users, hub, servers } = await boxWith(1);
    await using _ = hub;
    await startAll(servers, users);
    await settle();
    const held = box.engine.hold("list");
    box.engine.back();
    await held.reached;
    const failure = { code: "docker_unreachable", params: { detail: "no events" } } as const;
    box.engine.tell({ event: "engine_lost", failure });
    await settle();
    held.release();
    await settle();
    assert.deepEqual(servers.trouble(), failure);
    box.engine.back();
    await settle();
    assert.equal(servers.trouble(), undefined);
  });
});

describe("a hub that opens while the engine is away", () => {
  it("works, refuses starts clearly, and recovers by itself", async () => {
    const box = new ServersBox();
    const [user] = await box.addUsers(1);
    assert.ok(user !== undefined);
    box.engine.lose();
    await using hub = await box.boot();
    assert.equal(hub.servers.trouble()?.code, "docker_unreachable");
    await assert.rejects(hub.servers.start(user, self(user)), { code: "docker_unreachable" });
    box.engine.back();
    await settle();
    assert.equal(hub.servers.trouble(), undefined);
    await hub.servers.start(user, self(user));
    await settle();
    assert.equal(hub.servers.status(user.id).is, "running");
  });

  it("tries again, ever more rarely, when nobody tells of the return", async () => {
    const box = new ServersBox();
    box.engine.lose();
    await using hub = await box.boot();
    const before = box.engine.calls.get("list") ?? 0;
    await box.clock.advance(600_000);
    const tries = (box.engine.calls.get("list") ?? 0) - before;
    assert.ok(tries > 5 && tries < 30, `${tries} tries in ten minutes`);
    box.engine.lost = undefined;
    await box.clock.advance(30_000);
    assert.equal(hub.servers.trouble(), undefined);
    const after = box.engine.calls.get("list");
    await box.clock.advance(3_600_000);
    assert.equal(box.engine.calls.get("list"), after);
  });

  it("adopts what runs and resumes what was asked for when the engine is there", async () => {
    const box = new ServersBox({ stepMs: 1_000 });
    const users = await box.addUsers(2);
    const [running, starting] = users;
    assert.ok(running !== undefined && starting !== undefined);
    const before = await box.boot();
    await before.servers.start(running, self(running));
    await box.clock.advance(10_000);
    await before.servers.start(starting, self(starting));
    await box.clock.advance(2_500);
    before.kill();
    box.engine.lose();
    await using hub = await box.boot();
    assert.deepEqual(statusesOf(hub.servers, users), ["stopped", "queued"]);
    await box.clock.advance(30_000);
    box.engine.back();
    await box.clock.advance(20_000);
    assert.deepEqual(statusesOf(hub.servers, users), ["running", "running"]);
    assert.equal(box.record(running)?.generation, 1);
  });

  it("stops what it cannot see yet, when asked to", async () => {
    const box = new ServersBox();
    const [user] = await box.addUsers(1);
    assert.ok(user !== undefined);
    const before = await box.boot();
    await before.servers.start(user, self(user));
    await settle();
    before.kill();
    box.engine.lose();
    await using hub = await box.boot();
    assert.deepEqual(statusesOf(hub.servers, [user]), ["stopped"]);
    await hub.servers.stop(user.id, self(user));
    box.engine.back();
    await settle();
    assert.deepEqual(statusesOf(hub.servers, [user]), ["stopped"]);
    assert.equal(box.inEngine(user), "nothing");
  });
});

describe("the hub asks the engine nothing while nothing happens", () => {
  it("in an hour with ten servers", async () => {
    const { box, users, hub, servers } = await boxWith(10);
    await using _ = hub;
    await startAll(servers, users);
    await settle();
    const before = new Map(box.engine.calls);
    await box.clock.advance(3_600_000);
    assert.deepEqual(box.engine.calls, before);
  });
});
