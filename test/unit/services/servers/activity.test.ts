import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Write } from "#src/stores/store.ts";
import { settle } from "#test/support/fake-clock.ts";
import { failureOf } from "#test/support/people.ts";
import { ServersBox, self } from "#test/support/servers-box.ts";

describe("last activity", () => {
  it("is written once a minute, in one batch, for the person and the running server", async () => {
    const box = new ServersBox();
    const [maria, juan] = await box.addUsers(2);
    assert.ok(maria !== undefined && juan !== undefined);
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await settle();
    const batches: (readonly Write[])[] = [];
    box.store.onChange((writes) => batches.push(writes));
    for (let second = 0; second < 59; second++) {
      hub.servers.touch(maria.id);
      hub.servers.touch(juan.id);
      await box.clock.advance(1_000);
    }
    assert.equal(batches.length, 0);
    await box.clock.advance(1_000);
    assert.equal(batches.length, 1);
    const last = "2026-11-02T08:00:58.000Z";
    assert.equal(box.store.get("users", maria.id)?.lastActivity, last);
    assert.equal(box.store.get("users", juan.id)?.lastActivity, last);
    assert.equal(box.record(maria)?.lastActivity, last);
    await box.clock.advance(600_000);
    assert.equal(batches.length, 1);
  });

  it("is the person's alone when they use the hub and not their notebook", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await settle();
    const started = box.record(maria)?.lastActivity;
    await box.clock.advance(600_000);
    hub.servers.touchPerson(maria.id);
    await box.clock.advance(60_000);
    assert.equal(box.store.get("users", maria.id)?.lastActivity, "2026-11-02T08:10:00.000Z");
    assert.equal(box.record(maria)?.lastActivity, started);
  });

  it("does not bring back somebody who was deleted, nor change anything else of a person", async () => {
    const box = new ServersBox();
    const [maria, juan] = await box.addUsers(2);
    assert.ok(maria !== undefined && juan !== undefined);
    await using hub = await box.boot();
    hub.servers.touch(maria.id);
    hub.servers.touch(juan.id);
    await box.deleteUser(maria);
    const renamed = { ...juan, displayName: "Juan" };
    await box.store.change(() => ({
      writes: [{ put: "users", key: juan.id, record: renamed }],
      result: undefined,
    }));
    await box.clock.advance(60_000);
    assert.equal(box.store.get("users", maria.id)?.lastActivity, undefined);
    const { lastActivity, ...rest } = box.store.get("users", juan.id) ?? assert.fail();
    assert.ok(lastActivity !== undefined);
    assert.deepEqual(rest, renamed);
  });

  it("is written when the hub closes", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    const hub = await box.boot();
    hub.servers.touch(maria.id);
    await hub.servers.close();
    assert.equal(box.store.get("users", maria.id)?.lastActivity, "2026-11-02T08:00:00.000Z");
    assert.equal(box.clock.timers, 0);
  });

  it("is kept for the next minute when it cannot be written", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    hub.servers.touch(maria.id);
    box.breakDisk(1);
    await box.clock.advance(60_000);
    assert.equal(box.store.get("users", maria.id)?.lastActivity, undefined);
    await box.clock.advance(60_000);
    assert.equal(box.store.get("users", maria.id)?.lastActivity, "2026-11-02T08:00:00.000Z");
  });
});

describe("a disk that cannot be written", () => {
  it("refuses a start, and nothing is made", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    box.breakDisk(1);
    await assert.rejects(hub.servers.start(maria, self(maria)), { code: "database_write_failed" });
    assert.equal(box.engine.starts.length, 0);
    await hub.servers.start(maria, self(maria));
    await settle();
    assert.equal(hub.servers.status(maria.id).is, "running");
  });

  it("keeps nobody from stopping a server", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await settle();
    box.breakDisk(1);
    await hub.servers.stop(maria.id, self(maria));
    assert.deepEqual(hub.servers.status(maria.id), { is: "stopped" });
    assert.equal(box.inEngine(maria), "nothing");
  });

  it("does not take a server away that came up, nor the reason of one that went down", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const held = box.engine.hold("answering");
    await hub.servers.start(maria, self(maria));
    await held.reached;
    box.breakDisk(1);
    held.release();
    await settle();
    assert.equal(hub.servers.status(maria.id).is, "running");
    box.breakDisk(1);
    box.engine.die(box.engine.alive()[0] ?? assert.fail(), 1);
    await settle();
    const status = hub.servers.status(maria.id);
    assert.ok(status.is === "stopped");
    assert.equal(status.lastFailure?.code, "crashed");
  });

  it("counts as told by a server when it is later than what is known, and never backwards", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await settle();
    const known = (): unknown => [
      box.store.get("users", maria.id)?.lastActivity,
      box.record(maria)?.lastActivity,
    ];
    const [early, later] = ["2026-11-02T07:00:00.000Z", "2026-11-02T08:30:00.000Z"];
    await hub.servers.noteActivity(maria.id, { user: later, servers: new Map() });
    assert.deepEqual(known(), [later, "2026-11-02T08:00:00.000Z"]);
    await hub.servers.noteActivity(maria.id, { user: early, servers: new Map([["", early]]) });
    assert.deepEqual(known(), [later, "2026-11-02T08:00:00.000Z"]);
    await hub.servers.noteActivity(maria.id, { servers: new Map([["", later]]) });
    assert.deepEqual(known(), [later, later]);
    hub.servers.touch(maria.id);
    await box.clock.advance(60_000);
    assert.deepEqual(known(), [later, later]);
  });

  it("leaves a start under way alone when the server tells of it before it answers", async () => {
    const box = new ServersBox({ stepMs: 1000 });
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    await hub.servers.start(maria, self(maria));
    await box.clock.advance(2500);
    assert.equal(hub.servers.status(maria.id).is, "starting");
    const later = "2026-11-02T08:30:00.000Z";
    await hub.servers.noteActivity(maria.id, { user: later, servers: new Map([["", later]]) });
    await box.clock.advance(60_000);
    assert.equal(hub.servers.status(maria.id).is, "running");
    assert.equal(box.engine.starts.length, 1);
    assert.equal(box.record(maria)?.lastActivity, later);
  });

  it("is not taken from a clock that is an hour ahead", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const told = { user: "2026-11-02T09:00:00.000Z", servers: new Map() };
    assert.equal(await failureOf(hub.servers.noteActivity(maria.id, told)), "activity_in_future");
    assert.equal(box.store.get("users", maria.id)?.lastActivity, undefined);
  });
});
