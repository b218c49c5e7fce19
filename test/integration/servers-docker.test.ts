/** The life of servers on the real engine: a bell, a death, a restart of the hub. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as v from "valibot";
import { systemClock } from "#src/clock.ts";
import { configSchema } from "#src/config/schema.ts";
import { Servers } from "#src/services/servers/servers.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Spawner } from "#src/spawners/spawner.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { ServerId, UserId, UserRecord } from "#src/stores/records.ts";
import { FakeHomes } from "#test/support/fake-homes.ts";
import { accountWrites, userRecord } from "#test/support/records.ts";
import { self } from "#test/support/servers-box.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { type SpawnerWorld, createSpawnerWorld } from "#test/support/spawner-world.ts";

const WIDTH = 2;
const LONG_MS = 240_000;

describe("servers on the Docker engine", { timeout: 900_000 }, () => {
  const store = createMemoryStore();
  let world: SpawnerWorld;
  let servers: Servers;
  let users: UserRecord[] = [];

  async function open(spawner: Spawner): Promise<Servers> {
    const { spawner: config } = v.parse(configSchema, {
      spawner: { concurrentStarts: WIDTH, stopTimeoutSeconds: 5, memoryBytes: 256 * 1024 ** 2 },
    });
    const opened = new Servers({
      store,
      spawner,
      homes: new FakeHomes(),
      config: { ...config, basePath: "/" },
      secrets: world.run.secrets,
      clock: systemClock,
      log: silentLog,
    });
    await opened.open();
    return opened;
  }

  async function addUsers(count: number): Promise<UserRecord[]> {
    const added = Array.from({ length: count }, (_, n) => userRecord(`student${n}`));
    await store.change(() => ({ writes: added.flatMap(accountWrites), result: undefined }));
    return added;
  }

  function containerOf(user: UserRecord): string {
    const serverId = servers.route(user.id, "")?.serverId ?? assert.fail("it does not run");
    return `hr-${world.run.secrets.instanceId}-server-${serverId}`;
  }

  function statusesOf(whose: readonly UserRecord[]): string[] {
    return whose.map((user) => servers.status(user.id).is);
  }

  async function networks(): Promise<string> {
    const { instanceId } = world.run.secrets;
    const filter = `label=homeroom.instance=${instanceId}`;
    return world.run.cli("network", "ls", "--quiet", "--filter", filter);
  }

  before(async () => {
    world = await createSpawnerWorld();
    users = await addUsers(8);
    servers = await open(world.spawner);
  });
  after(async () => {
    await servers?.close();
    await world?.[Symbol.asyncDispose]();
  });

  it("start for a whole class at the bell, so many at a time, in the order they came", async () => {
    const line: UserId[] = [];
    const starting = new Set<UserId>();
    let most = 0;
    const stopListening = servers.onChange((userId, _name, { is }) => {
      if (is === "starting" && !starting.has(userId)) line.push(userId);
      if (is === "starting") starting.add(userId);
      else starting.delete(userId);
      most = Math.max(most, starting.size);
    });
    await Promise.all(users.map((user) => servers.start(user, self(user))));
    const settled = await Promise.all(users.map((user) => servers.settled(user.id, LONG_MS)));
    stopListening();
    assert.deepEqual(
      settled.map(({ is }) => is),
      users.map(() => "running"),
    );
    assert.deepEqual(
      line,
      users.map(({ id }) => id),
    );
    assert.equal(most, WIDTH);
    assert.equal((await world.run.containers()).length, users.length);
  });

  it("are stopped once they have died, with exit code and log", async () => {
    const [user] = users;
    assert.ok(user !== undefined);
    const stopped = Promise.withResolvers<ServerStatus>();
    const stopListening = servers.onChange((userId, _name, status) => {
      if (userId === user.id && status.is === "stopped") stopped.resolve(status);
    });
    const container = containerOf(user);
    await world.run.cli("kill", container);
    const end = performance.now() + 60_000;
    while (servers.route(user.id, "") !== undefined) {
      assert.ok(performance.now() < end, "the route is still there");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const status = await stopped.promise;
    stopListening();
    assert.ok(status.is === "stopped");
    assert.equal(status.lastFailure?.code, "crashed");
    assert.deepEqual(status.lastFailure.params, { exit_code: 137 });
    assert.ok(!(await world.run.containers()).some((id) => container.includes(id)));
    await servers.start(user, self(user));
    assert.equal((await servers.settled(user.id, LONG_MS)).is, "running");
  });

  it("removed by an impatient hand are found out by the request that misses them", async () => {
    const [, user] = users;
    assert.ok(user !== undefined);
    await world.run.remove(containerOf(user));
    servers.unreachable(user.id, "");
    const end = performance.now() + 60_000;
    while (servers.status(user.id).is !== "stopped" && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const status = servers.status(user.id);
    assert.ok(status.is === "stopped");
    assert.ok(status.lastFailure !== undefined);
    await servers.start(user, self(user));
    assert.equal((await servers.settled(user.id, LONG_MS)).is, "running");
  });

  it("run on when the hub ends, and the next one has them with the same address and secret", async () => {
    const before = users.map((user) => servers.route(user.id, ""));
    const containers = await world.run.containers();
    await servers.close();
    const { spawner } = world.again();
    servers = await open(spawner);
    assert.deepEqual(
      users.map((user) => servers.route(user.id, "")),
      before,
    );
    assert.deepEqual(await world.run.containers(), containers);
  });

  it("are started by the next hub when this one ends on the way", async () => {
    const [user] = users;
    assert.ok(user !== undefined);
    await servers.stop(user.id, self(user));
    const container = Promise.withResolvers<void>();
    const stopListening = servers.onChange((userId, _name, status) => {
      if (userId !== user.id || status.is !== "starting") return;
      if (status.now === "started") container.resolve();
    });
    await servers.start(user, self(user));
    await container.promise;
    stopListening();
    await servers.close();
    servers = await open(world.again().spawner);
    const status = await servers.settled(user.id, LONG_MS);
    assert.equal(status.is, "running");
    assert.equal((await world.run.containers()).length, users.length);
  });

  it("are gone with containers and networks when they are stopped, whatever the click was in between", async () => {
    const [, , third] = users;
    assert.ok(third !== undefined);
    const clicks = Promise.all([
      servers.stop(third.id, self(third)),
      servers.start(third, self(third)),
      servers.stop(third.id, self(third)),
    ]);
    await Promise.all([...users.map((user) => servers.stop(user.id, self(user))), clicks]);
    assert.deepEqual(
      statusesOf(users),
      users.map(() => "stopped"),
    );
    assert.deepEqual(await world.run.containers(), []);
    assert.equal(await networks(), "");
    const ids = new Set<ServerId>(Array.from(store.entries("servers"), ([, record]) => record.id));
    assert.equal(ids.size, users.length);
  });
});
