/** What becomes of a person's server when something becomes of the person. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isoTime } from "#src/clock.ts";
import { Accounts } from "#src/services/accounts/accounts.ts";
import { Attempts } from "#src/services/sign-in/attempts.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { settle } from "#test/support/fake-clock.ts";
import { PlainPasswords, consoleActor, failureOf } from "#test/support/people.ts";
import { ServersBox, follow, self } from "#test/support/servers-box.ts";

function accountsOf(box: ServersBox): Accounts {
  const { store, clock } = box;
  const attempts = new Attempts();
  return new Accounts({ store, clock, attempts, passwords: new PlainPasswords(), minLength: 8 });
}

function addressOf(box: ServersBox, user: UserRecord): string | undefined {
  const id = box.record(user)?.id;
  return id === undefined ? undefined : box.engine.containers.get(id)?.spec.baseUrl;
}

async function running() {
  const box = new ServersBox();
  const maria = await box.addUser("maria");
  const hub = await box.boot();
  await hub.servers.start(maria, self(maria));
  await hub.servers.settled(maria.id, 10_000);
  assert.equal(hub.servers.status(maria.id).is, "running");
  return { box, maria, hub, accounts: accountsOf(box) };
}

describe("the server of somebody who is locked", () => {
  it("stops at once; its record rests already in the batch that locks them", async () => {
    const { box, maria, hub, accounts } = await running();
    await using _ = hub;
    const atBatch: unknown[] = [];
    box.store.onChange(() => atBatch.push(box.record(maria)?.started));
    await accounts.setDisabled(maria.id, true, consoleActor);
    await settle();
    assert.equal(atBatch[0], undefined);
    assert.equal(hub.servers.status(maria.id).is, "stopped");
    assert.equal(box.inEngine(maria), "nothing");
    assert.ok(box.engine.homes.has(maria.id));
  });

  it("is started by nobody, and says why; unlocked it starts again", async () => {
    const { box, maria, hub, accounts } = await running();
    await using _ = hub;
    await accounts.setDisabled(maria.id, true, consoleActor);
    await settle();
    for (const actor of [self(maria), consoleActor]) {
      assert.equal(await failureOf(hub.servers.start(maria, actor)), "user_disabled");
    }
    assert.equal(box.engine.starts.length, 1);
    await accounts.setDisabled(maria.id, false, consoleActor);
    await settle();
    assert.equal(hub.servers.status(maria.id).is, "stopped");
    await hub.servers.start(maria, self(maria));
    await hub.servers.settled(maria.id, 10_000);
    assert.equal(hub.servers.status(maria.id).is, "running");
  });

  it("does not come up when they are locked in the middle of its start", async () => {
    for (const point of ["start", "network", "container", "answering"] as const) {
      const box = new ServersBox();
      const maria = await box.addUser("maria");
      await using hub = await box.boot();
      const held = box.engine.hold(point);
      await hub.servers.start(maria, self(maria));
      await held.reached;
      await accountsOf(box).setDisabled(maria.id, true, consoleActor);
      held.release();
      await box.clock.advance(60_000);
      assert.equal(hub.servers.status(maria.id).is, "stopped", point);
      assert.equal(box.inEngine(maria), "nothing", point);
      assert.equal(box.record(maria)?.startRequested, undefined, point);
    }
  });

  it("is removed by the next hub when this one was killed right after the lock", async () => {
    const { box, maria, hub, accounts } = await running();
    hub.kill();
    await accounts.setDisabled(maria.id, true, consoleActor);
    assert.equal(box.inEngine(maria), "container");
    await using next = await box.boot();
    await settle();
    assert.equal(box.inEngine(maria), "nothing");
    await accounts.setDisabled(maria.id, false, consoleActor);
    await settle();
    assert.equal(next.servers.status(maria.id).is, "stopped");
  });

  it("is not removed under their hands who are unlocked before the next hub has come to it", async () => {
    const { box, maria, hub, accounts } = await running();
    hub.kill();
    await accounts.setDisabled(maria.id, true, consoleActor);
    const held = box.engine.hold("stop");
    await using next = await box.boot();
    await held.reached;
    await accounts.setDisabled(maria.id, false, consoleActor);
    await next.servers.start(maria, self(maria));
    await settle();
    held.release();
    await next.servers.settled(maria.id, 10_000);
    await box.clock.advance(60_000);
    assert.equal(next.servers.status(maria.id).is, "running");
    assert.equal(next.servers.lastFailure(maria.id), undefined);
    assert.deepEqual(box.engine.alive(), [box.record(maria)?.id]);
  });

  it("is removed when the engine is back that was away at the lock", async () => {
    const { box, maria, hub, accounts } = await running();
    await using _ = hub;
    box.engine.lose();
    await settle();
    await accounts.setDisabled(maria.id, true, consoleActor);
    await box.clock.advance(30_000);
    assert.equal(box.inEngine(maria), "container");
    box.engine.back();
    await box.clock.advance(60_000);
    assert.equal(box.inEngine(maria), "nothing");
  });
});

describe("the server of somebody who is renamed", () => {
  it("that runs is opened anew at its new address", async () => {
    const { box, maria, hub, accounts } = await running();
    await using _ = hub;
    const before = hub.servers.route(maria.id, "");
    assert.equal(addressOf(box, maria), "/jupyterhub/user/maria/");
    const seen = follow(hub.servers, maria);
    await accounts.rename(maria.id, { name: "marie" }, consoleActor);
    await hub.servers.settled(maria.id, 10_000);
    await settle();
    assert.equal(hub.servers.status(maria.id).is, "running");
    assert.equal(addressOf(box, maria), "/jupyterhub/user/marie/");
    assert.equal(box.engine.containers.size, 1);
    const after = hub.servers.route(maria.id, "");
    assert.equal(after?.serverId, before?.serverId);
    assert.notEqual(after?.secret, before?.secret);
    assert.ok(box.engine.homes.has(maria.id));
    assert.equal(seen[0]?.is, "stopping");
  });

  it("on the screen alone runs on", async () => {
    const { box, maria, hub, accounts } = await running();
    await using _ = hub;
    await accounts.rename(maria.id, { displayName: "María López" }, consoleActor);
    await box.clock.advance(60_000);
    assert.equal(box.engine.starts.length, 1);
    assert.equal(box.record(maria)?.generation, 1);
  });

  it("that rests goes on resting", async () => {
    const { box, maria, hub, accounts } = await running();
    await using _ = hub;
    await hub.servers.stop(maria.id, self(maria));
    await accounts.rename(maria.id, { name: "marie" }, consoleActor);
    await box.clock.advance(60_000);
    assert.equal(hub.servers.status(maria.id).is, "stopped");
    assert.equal(box.engine.starts.length, 1);
  });

  it("that waits in line or is just starting comes up at the new address", async () => {
    for (const point of ["queued", "start", "network", "container", "answering"] as const) {
      const box = new ServersBox();
      const maria = await box.addUser("maria");
      await using hub = await box.boot();
      const held = box.engine.hold(point === "queued" ? "start" : point);
      const others = point === "queued" ? await box.addUsers(2) : [];
      for (const other of others) await hub.servers.start(other, self(other));
      await hub.servers.start(maria, self(maria));
      await held.reached;
      assert.equal(hub.servers.status(maria.id).is === "queued", point === "queued");
      await accountsOf(box).rename(maria.id, { name: "marie" }, consoleActor);
      await settle();
      held.release();
      await box.clock.advance(30_000);
      assert.equal(hub.servers.status(maria.id).is, "running", point);
      assert.equal(addressOf(box, maria), "/jupyterhub/user/marie/", point);
    }
  });

  it("is opened at the new address by the next hub when this one was killed right after", async () => {
    const { box, maria, hub, accounts } = await running();
    hub.kill();
    await accounts.rename(maria.id, { name: "marie" }, consoleActor);
    assert.equal(addressOf(box, maria), "/jupyterhub/user/maria/");
    await using next = await box.boot();
    await next.servers.settled(maria.id, 10_000);
    await box.clock.advance(30_000);
    assert.equal(next.servers.status(maria.id).is, "running");
    assert.equal(addressOf(box, maria), "/jupyterhub/user/marie/");
    assert.equal(box.engine.containers.size, 1);
  });

  it("twice ends at the last address", async () => {
    const { box, maria, hub, accounts } = await running();
    await using _ = hub;
    const rename = (name: string) => accounts.rename(maria.id, { name }, consoleActor);
    await Promise.all([rename("marie"), rename("mary")]);
    await box.clock.advance(60_000);
    assert.equal(hub.servers.status(maria.id).is, "running");
    assert.equal(addressOf(box, maria), "/jupyterhub/user/mary/");
  });
});

describe("the server that tells of activity while it comes up", () => {
  it("is not taken for one that is to be opened anew, whenever it does", async () => {
    for (let turns = 0; turns < 30; turns += 1) {
      const box = new ServersBox();
      const maria = await box.addUser("maria");
      await using hub = await box.boot();
      const held = box.engine.hold("answering");
      await hub.servers.start(maria, self(maria));
      await held.reached;
      const seen = follow(hub.servers, maria);
      held.release();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const at = new Date(box.clock.now() + 1000).toISOString();
      await hub.servers.noteActivity(maria.id, { user: at, servers: new Map([["", at]]) });
      await hub.servers.settled(maria.id, 10_000);
      await settle();
      assert.ok(!seen.some(({ is }) => is === "stopping"), `after ${turns} turns`);
      assert.equal(hub.servers.status(maria.id).is, "running");
      assert.equal(box.engine.starts.length, 1, `after ${turns} turns`);
      assert.equal(box.record(maria)?.lastActivity, at);
    }
  });
});

describe("the server of somebody who is removed", () => {
  it("is not resumed when they come back out of the trash", async () => {
    const { box, maria, hub, accounts } = await running();
    hub.kill();
    await accounts.remove(maria.id, consoleActor);
    await using next = await box.boot();
    await settle();
    assert.equal(box.inEngine(maria), "nothing");
    const restored = await accounts.restore(maria.id, {}, consoleActor);
    await box.clock.advance(60_000);
    assert.equal(next.servers.status(maria.id).is, "stopped");
    await next.servers.start(restored, self(restored));
    await next.servers.settled(maria.id, 10_000);
    assert.equal(next.servers.status(maria.id).is, "running");
  });
});

describe("a start and a stop", () => {
  it("are activity of the server's person, whoever asks for them", async () => {
    const box = new ServersBox();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const lastActivity = () => box.store.get("users", maria.id)?.lastActivity;
    for (const act of [
      () => hub.servers.start(maria, consoleActor),
      () => hub.servers.stop(maria.id, consoleActor),
    ]) {
      await box.clock.advance(60_000);
      const now = isoTime(box.clock);
      await act();
      assert.equal(lastActivity(), now);
      await hub.servers.settled(maria.id, 10_000);
    }
  });
});
