import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import type { ServerRecord, ShareRecord, UserRecord } from "#src/stores/records.ts";
import { settle } from "#test/support/fake-clock.ts";
import { ServersBox, type BoxOptions, self } from "#test/support/servers-box.ts";

const LONG_MS = 10_000;

function boxWith(
  more: Partial<NonNullable<BoxOptions["spawner"]>> = {},
  home: "shared" | "own" = "shared",
): ServersBox {
  return new ServersBox({
    spawner: { namedServers: { allow: true, limitPerUser: 3, home }, ...more },
  });
}

function recordOf(box: ServersBox, user: UserRecord, name: string): ServerRecord | undefined {
  const rows = Array.from(box.store.entries("servers", `${user.id}!`), ([, record]) => record);
  return rows.find((record) => record.name === name);
}

function refusedWith(code: string) {
  return (error: unknown): boolean => error instanceof HubError && error.code === code;
}

describe("a server with a name", () => {
  it("starts, runs and stops without the first one", async () => {
    const box = boxWith();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const { servers } = hub;
    await servers.start(maria, self(maria), { name: "lab2" });
    assert.equal((await servers.settled(maria.id, LONG_MS, "lab2")).is, "running");
    assert.equal(servers.status(maria.id).is, "stopped");
    assert.equal(servers.route(maria.id, ""), undefined);
    await servers.start(maria, self(maria));
    await servers.settled(maria.id, LONG_MS);
    const [one, two] = ["", "lab2"].map((name) => servers.route(maria.id, name));
    assert.notEqual(one?.serverId, two?.serverId);
    assert.notEqual(one?.secret, two?.secret);
    await servers.stop(maria.id, self(maria), "lab2");
    assert.deepEqual(
      servers.of(maria.id).map(({ name, status }) => [name, status.is]),
      [
        ["", "running"],
        ["lab2", "stopped"],
      ],
    );
  });

  it("is taken in by the next hub, as the first one is", async () => {
    const box = boxWith();
    const maria = await box.addUser("maria");
    const before = await box.boot();
    for (const name of ["", "lab2"]) {
      await before.servers.start(maria, self(maria), { name });
      await before.servers.settled(maria.id, LONG_MS, name);
    }
    const held = box.engine.hold("network");
    await before.servers.start(maria, self(maria), { name: "lab3" });
    await held.reached;
    before.kill();
    held.release();
    await using after = await box.boot();
    assert.equal((await after.servers.settled(maria.id, LONG_MS, "lab3")).is, "running");
    for (const name of ["", "lab2"]) {
      assert.equal(after.servers.status(maria.id, name).is, "running", name);
    }
    assert.equal(box.engine.containers.size, 3);
    assert.equal(box.engine.starts.length, 4);
  });

  it("stops with the first one when its person is locked", async () => {
    const box = boxWith();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    for (const name of ["", "lab2"]) {
      await hub.servers.start(maria, self(maria), { name });
      await hub.servers.settled(maria.id, LONG_MS, name);
    }
    const disabled = new Date(box.clock.now()).toISOString();
    await box.store.change(() => ({
      writes: [{ put: "users", key: maria.id, record: { ...maria, disabled } }],
      result: undefined,
    }));
    await box.clock.advance(60_000);
    assert.equal(box.engine.containers.size, 0);
  });

  it("has an activity of its own", async () => {
    const box = boxWith();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    for (const name of ["", "lab2"]) {
      await hub.servers.start(maria, self(maria), { name });
      await hub.servers.settled(maria.id, LONG_MS, name);
    }
    await box.clock.advance(61_000);
    const before = recordOf(box, maria, "")?.lastActivity;
    await box.clock.advance(600_000);
    hub.servers.touch(maria.id, "lab2");
    await box.clock.advance(61_000);
    assert.equal(recordOf(box, maria, "")?.lastActivity, before);
    const later = recordOf(box, maria, "lab2")?.lastActivity ?? "";
    assert.equal(later, "2026-11-02T08:11:01.000Z");
    assert.equal(box.store.get("users", maria.id)?.lastActivity, later);
  });

  it("that was made while there might be such can be stopped and deleted, and not started, afterwards", async () => {
    const box = boxWith();
    const maria = await box.addUser("maria");
    const before = await box.boot();
    await before.servers.start(maria, self(maria), { name: "lab2" });
    await before.servers.settled(maria.id, LONG_MS, "lab2");
    before.kill();
    Object.assign(box.config, { namedServers: { allow: false, limitPerUser: 3, home: "shared" } });
    await using after = await box.boot();
    const { servers } = after;
    assert.equal(servers.status(maria.id, "lab2").is, "running", "a restart stops nothing");
    await servers.stop(maria.id, self(maria), "lab2");
    const refused = refusedWith("named_servers_off");
    await assert.rejects(servers.start(maria, self(maria), { name: "lab2" }), refused);
    await assert.rejects(servers.change(maria, "lab2", { name: "x" }), refused);
    await servers.remove(maria, "lab2", self(maria));
    assert.equal(recordOf(box, maria, "lab2"), undefined);
  });

  it("keeps to how many there may be, whatever is asked for at once", async () => {
    const box = boxWith();
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const asked = ["a", "b", "c", "d", "e"].map((name, n) =>
      n % 2 === 0
        ? hub.servers.start(maria, self(maria), { name })
        : hub.servers.create(maria, name, {}),
    );
    const outcomes = await Promise.allSettled(asked);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    assert.equal(refused.length, 2);
    assert.equal([...box.store.entries("servers")].length, 3);
  });

  it("keeps what is in it when it is called something else, also the first one", async () => {
    const box = boxWith({}, "own");
    const maria = await box.addUser("maria");
    await using hub = await box.boot();
    const { servers } = hub;
    await servers.start(maria, self(maria), { name: "lab2" });
    await servers.settled(maria.id, LONG_MS, "lab2");
    const { id } = recordOf(box, maria, "lab2") ?? assert.fail();
    await assert.rejects(
      servers.change(maria, "lab2", { name: "lab3" }),
      refusedWith("server_active"),
    );
    await servers.stop(maria.id, self(maria), "lab2");
    await servers.change(maria, "lab2", { name: "lab3" });
    await servers.start(maria, self(maria), { name: "lab3" });
    await servers.settled(maria.id, LONG_MS, "lab3");
    assert.equal(servers.route(maria.id, "lab3")?.serverId, id);
    assert.equal(servers.status(maria.id, "lab2").is, "stopped");
    const container = box.engine.containers.get(id);
    assert.equal(container?.spec.baseUrl, "/jupyterhub/user/maria/lab3/");
    assert.equal(container?.spec.home, "own");
  });
});

describe("deleting a server", () => {
  async function withServer(home: "shared" | "own" = "own") {
    const box = boxWith({}, home);
    const maria = await box.addUser("maria");
    const hub = await box.boot();
    await hub.servers.start(maria, self(maria), { name: "lab2" });
    await hub.servers.settled(maria.id, LONG_MS, "lab2");
    const { id } = recordOf(box, maria, "lab2") ?? assert.fail();
    return { box, maria, hub, id };
  }

  it("stops it, removes the files that are its alone, and forgets it", async () => {
    for (const home of ["own", "shared"] as const) {
      const { box, maria, hub, id } = await withServer(home);
      await using _ = hub;
      const share: ShareRecord = {
        ownerId: maria.id,
        serverId: id,
        with: { kind: "user", id: maria.id },
        scopes: ["access:servers"],
        created: maria.created,
      };
      await box.store.change(() => ({
        writes: [{ put: "shares", key: `${maria.id}!${id}!${maria.id}`, record: share }],
        result: undefined,
      }));
      const told: string[] = [];
      hub.servers.onChange((_userId, name, { is }) => told.push(`${name} ${is}`));
      await hub.servers.remove(maria, "lab2", self(maria));
      assert.deepEqual(box.homes.removed, home === "own" ? [id] : []);
      assert.equal(box.engine.containers.size, 0);
      assert.equal(recordOf(box, maria, "lab2"), undefined);
      assert.equal(told.at(-1), "lab2 stopped");
      assert.deepEqual([...box.store.entries("shares")], [], "nobody is let in any more");
      // Another one of that name has nothing of it.
      await hub.servers.start(maria, self(maria), { name: "lab2" });
      assert.notEqual(recordOf(box, maria, "lab2")?.id, id);
    }
  });

  it("is gone on with until it is done: files that are in use, a hub that is killed", async () => {
    const { box, maria, hub, id } = await withServer();
    box.homes.failure = new HubError("docker_unreachable", { detail: "busy" });
    const removing = hub.servers.remove(maria, "lab2", self(maria));
    await box.clock.advance(30_000);
    assert.equal(hub.servers.status(maria.id, "lab2").is, "stopping");
    const start = hub.servers.start(maria, self(maria), { name: "lab2" });
    await assert.rejects(start, refusedWith("server_removing"));
    const again = hub.servers.remove(maria, "lab2", self(maria));
    hub.kill();
    void removing;
    void again;
    box.homes.failure = undefined;
    await using next = await box.boot();
    await box.clock.advance(1_000);
    await settle();
    assert.deepEqual(box.homes.removed, [id]);
    assert.equal(recordOf(box, maria, "lab2"), undefined);
    assert.equal(next.servers.status(maria.id, "lab2").is, "stopped");
  });

  it("waits for an engine that is away", async () => {
    const { box, maria, hub } = await withServer();
    await using _ = hub;
    box.engine.lose();
    const removing = hub.servers.remove(maria, "lab2", self(maria));
    await box.clock.advance(5_000);
    assert.ok(recordOf(box, maria, "lab2") !== undefined);
    box.engine.back();
    await box.clock.advance(200_000);
    await removing;
    assert.equal(recordOf(box, maria, "lab2"), undefined);
    assert.equal(box.engine.containers.size, 0);
  });

  it("is not for the first one, nor for what is not there", async () => {
    const { maria, hub } = await withServer();
    await using _ = hub;
    const { servers } = hub;
    const first = servers.remove(maria, "", self(maria));
    await assert.rejects(first, refusedWith("cannot_delete_default"));
    const none = servers.remove(maria, "nope", self(maria));
    await assert.rejects(none, refusedWith("server_not_found"));
  });
});

describe("what was chosen for a start", () => {
  const big = { image: "big", kind: "jupyter", port: 8888, offered: true } as const;

  it("counts as long as it is on offer, and is forgotten when it is not", async () => {
    const box = new ServersBox({ spawner: { profiles: { big } } });
    const maria = await box.addUser("maria");
    const before = await box.boot();
    await before.servers.start(maria, self(maria), { options: { profile: "big", x: 1 } });
    await before.servers.settled(maria.id, LONG_MS);
    assert.equal(recordOf(box, maria, "")?.options["profile"], "big");
    await before.servers.stop(maria.id, self(maria));
    before.kill();
    Object.assign(box.config, { profiles: { big: { ...big, offered: false } } });
    await using after = await box.boot();
    await after.servers.start(maria, self(maria));
    await after.servers.settled(maria.id, LONG_MS);
    const { id, options } = recordOf(box, maria, "") ?? assert.fail();
    assert.equal(box.engine.containers.get(id)?.spec.profile, "default");
    assert.deepEqual(options, { x: 1 });
    await after.servers.stop(maria.id, self(maria));
    const asked = after.servers.start(maria, self(maria), { options: { profile: "big" } });
    await assert.rejects(asked, refusedWith("profile_not_offered"));
    assert.deepEqual(recordOf(box, maria, "")?.options, { x: 1 });
  });

  it("is resumed by the next hub with the start that it was for", async () => {
    const box = new ServersBox({ spawner: { profiles: { big } } });
    const maria = await box.addUser("maria");
    const before = await box.boot();
    const held = box.engine.hold("network");
    await before.servers.start(maria, self(maria), { options: { profile: "big" } });
    await held.reached;
    before.kill();
    held.release();
    await using after = await box.boot();
    await after.servers.settled(maria.id, LONG_MS);
    const { id } = recordOf(box, maria, "") ?? assert.fail();
    assert.equal(box.engine.containers.get(id)?.spec.profile, "big");
  });
});
