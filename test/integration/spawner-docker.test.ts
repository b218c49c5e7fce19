/** The Docker driver on the real engine: the contract of spawners, and what can go wrong with an engine. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type FailureCode, HubError } from "#src/errors.ts";
import { parseRoutes } from "#src/spawners/docker/networks/host-routes.ts";
import type { ServerEvent, ServerSpec, Spawner } from "#src/spawners/spawner.ts";
import { testSpawner } from "#test/contract/spawner.ts";
import { EngineProxy } from "#test/support/engine-proxy.ts";
import {
  createSpawnerWorld,
  makeServerSpec,
  soon,
  type SpawnerWorld,
  startServer,
} from "#test/support/spawner-world.ts";

/** For what comes soon unless the machine is busy. */
const PATIENCE_MS = 60_000;
const CANNOT_MEASURE = "this engine does not see its containers' memory";

testSpawner("docker", async () => {
  const world = await createSpawnerWorld();
  return {
    spawner: world.spawner,
    makeSpec: makeServerSpec,
    measures: (spec) => world.measures(spec),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
});

async function rejectsWith(work: Promise<unknown>, code: FailureCode): Promise<HubError> {
  let failure: unknown;
  await work.catch((error: unknown) => (failure = error));
  assert.ok(failure instanceof HubError, `${code} was expected, not ${String(failure)}`);
  assert.equal(failure.code, code, JSON.stringify(failure.params));
  return failure;
}

/** Gathers events until the signal; `until` waits for one. */
function watch(spawner: Spawner, signal: AbortSignal) {
  const seen: ServerEvent[] = [];
  const ended = (async () => {
    for await (const event of spawner.watch(signal)) seen.push(event);
  })();
  /** Of this server, when one is given: what happened a moment before may be told again. */
  async function until(name: ServerEvent["event"], of?: ServerSpec): Promise<ServerEvent> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = seen.find(
        (event) =>
          event.event === name &&
          (of === undefined || ("serverId" in event && event.serverId === of.serverId)),
      );
      if (found !== undefined) return found;
      assert.ok(performance.now() < end, `no ${name} in ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return { seen, until, ended };
}

describe("a server on the Docker engine", { timeout: 1_200_000 }, () => {
  let world: SpawnerWorld;
  before(async () => {
    world = await createSpawnerWorld();
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  async function running(changes?: Partial<ServerSpec>): Promise<ServerSpec> {
    const spec = world.makeSpec(changes);
    await world.start(spec);
    return spec;
  }

  describe("whose start fails", () => {
    it("says which image is missing, and has made nothing", async () => {
      const { spawner } = world.again({ image: "homeroom-no-such-image:1" });
      const spec = world.makeSpec();
      const failure = await rejectsWith(startServer(spawner, spec), "image_missing");
      assert.deepEqual(failure.params, { image: "homeroom-no-such-image:1" });
      await rejectsWith(spawner.check(soon()), "image_missing");
      assert.equal(await world.run.cli("network", "ls", "-q", "-f", `name=${spec.serverId}`), "");
    });

    it("never asks the engine for an image whose name leads elsewhere", async () => {
      const { spawner } = world.again({ image: "../../containers" });
      await rejectsWith(spawner.check(soon()), "image_missing");
    });

    it("tells the exit code of a container that ends at once, and keeps its log but no network", async () => {
      const spec = world.makeSpec({ environment: { STUB_MODE: "exit:7" } });
      const failure = await rejectsWith(world.start(spec), "exited_at_once");
      assert.deepEqual(failure.params, { exit_code: 7 });
      const state = await world.spawner.inspect(spec.serverId, soon());
      assert.deepEqual([state?.state, state?.exit], ["exited", { code: 7, outOfMemory: false }]);
      assert.equal(state?.upstream, undefined);
      assert.notDeepEqual(await world.spawner.logs(spec.serverId, 10, soon()), []);
      assert.equal(await world.run.cli("network", "ls", "-q", "-f", `name=${spec.serverId}`), "");
      const { STUB_MODE: _, ...environment } = spec.environment;
      await world.start({ ...spec, generation: 2, environment });
    });

    // At the same time, for each waits until its time is over: enough of it for the steps before on a busy machine.
    describe("in its last step", { concurrency: true }, () => {
      const startTimeoutSeconds = 20;

      it("says that nothing ever answered, and ends the container", async () => {
        const { spawner } = world.again({ startTimeoutSeconds });
        const spec = world.makeSpec({ environment: { STUB_MODE: "silent" } });
        const failure = await rejectsWith(startServer(spawner, spec), "never_answered");
        assert.deepEqual(failure.params, { seconds: 16, port: 8888 });
        assert.equal((await spawner.inspect(spec.serverId, soon()))?.state, "exited");
      });

      it("says that what answers is not Jupyter", async () => {
        const { spawner } = world.again({ startTimeoutSeconds });
        const spec = world.makeSpec({ environment: { STUB_MODE: "garbage" } });
        const failure = await rejectsWith(startServer(spawner, spec), "answered_garbage");
        assert.equal(failure.params["port"], 8888);
      });

      it("takes a Jupyter that does not know the secret for garbage", async () => {
        const { spawner } = world.again({ startTimeoutSeconds });
        const spec = world.makeSpec({ secret: "another one" });
        const failure = await rejectsWith(startServer(spawner, spec), "answered_garbage");
        assert.match(String(failure.params["detail"]), /403/);
      });
    });

    it("names a container, volume or network in its way that is not Homeroom's, and leaves it", async () => {
      const { cli, label } = world.run;
      const spec = world.makeSpec();
      const container = world.containerOf(spec);
      await cli("create", "--label", label, "--name", container, world.image);
      const first = await rejectsWith(world.start(spec), "foreign_object");
      assert.deepEqual(first.params, { kind: "container", name: container });
      await cli("inspect", container);
      await cli("rm", container);

      const second = world.makeSpec();
      await cli("volume", "create", "--label", label, world.volumeOf(second));
      const failure = await rejectsWith(world.start(second), "foreign_object");
      assert.deepEqual(failure.params, { kind: "volume", name: world.volumeOf(second) });
      await rejectsWith(world.homes.usage(second.userId, soon()), "foreign_object");
      await rejectsWith(world.homes.remove(second.userId, soon()), "foreign_object");
      await cli("volume", "inspect", world.volumeOf(second));

      const third = world.makeSpec();
      await cli("network", "create", "--internal", "--label", label, world.networkOf(third));
      const other = await rejectsWith(world.start(third), "foreign_object");
      assert.deepEqual(other.params, { kind: "network", name: world.networkOf(third) });
      await cli("network", "inspect", world.networkOf(third));
    });

    it("removes a nameless left-over of its own that has the name", async () => {
      const { cli, label, secrets } = world.run;
      const spec = world.makeSpec();
      const ours = `homeroom.instance=${secrets.instanceId}`;
      const name = world.containerOf(spec);
      await cli("create", "--label", label, "--label", ours, "--name", name, world.image);
      await world.start(spec);
      const found = await cli(
        "inspect",
        "--format",
        '{{index .Config.Labels "homeroom.server"}}',
        name,
      );
      assert.equal(found, spec.serverId);
    });
  });

  describe("with an address pool", () => {
    it("that overlaps the box's own network is refused by name", async () => {
      const routes = parseRoutes(await readFile("/proc/net/route", "utf8"));
      const own = routes.find(
        ({ interface: name, network }) =>
          !/^(?:br-|docker|lo)/.test(name) && Number(network.split("/")[1]) <= 28,
      );
      assert.ok(own !== undefined, "this machine has no network of its own");
      const { spawner } = world.again({ pool: own.network });
      const failure = await rejectsWith(spawner.check(soon()), "pool_conflict");
      assert.deepEqual(failure.params, { pool: own.network, network: own.network });
      await rejectsWith(startServer(spawner, world.makeSpec()), "pool_conflict");
    });

    it("of one network gives it out again after a stop, and says when it is used up", async () => {
      const pool = world.run.pool.replace(/0\/22$/, "0/28").replace(/^(10\.\d+)\.\d+/, "$1.255");
      const { spawner } = world.again({ pool });
      const first = world.makeSpec();
      await startServer(spawner, first);
      const failure = await rejectsWith(startServer(spawner, world.makeSpec()), "pool_exhausted");
      assert.deepEqual(failure.params, { pool });
      await spawner.stop(first.serverId, soon());
      const second = world.makeSpec();
      await startServer(spawner, second);
      await spawner.stop(second.serverId, soon());
    });

    it("steps over what other networks of the engine use", async () => {
      const spec = await running();
      const subnet = await world.run.cli(
        "network",
        "inspect",
        "--format",
        "{{(index .IPAM.Config 0).Subnet}}",
        world.networkOf(spec),
      );
      // A driver that has just begun knows nothing of it and begins with the same subnet.
      const other = world.makeSpec();
      const { host } = await startServer(world.again().spawner, other);
      assert.notEqual(host.split(".").slice(0, 3).join("."), "");
      const second = await world.run.cli(
        "network",
        "inspect",
        "--format",
        "{{(index .IPAM.Config 0).Subnet}}",
        world.networkOf(other),
      );
      assert.notEqual(second, subnet);
    });

    it("gives ten servers at once ten networks", async () => {
      const specs = Array.from({ length: 10 }, () => world.makeSpec());
      const upstreams = await Promise.all(specs.map((spec) => world.start(spec)));
      assert.equal(new Set(upstreams.map(({ host }) => host)).size, 10);
      await Promise.all(specs.map((spec) => world.spawner.stop(spec.serverId, soon())));
    });
  });

  describe("behind whose back something happens", () => {
    it("is told as died when it is killed or removed", async () => {
      const abort = new AbortController();
      const took: number[] = [];
      for (const command of [["kill"], ["rm", "--force"]]) {
        const spec = await running();
        const events = watch(world.spawner, abort.signal);
        await events.until("engine_back");
        await world.run.cli(...command, world.containerOf(spec));
        const done = performance.now();
        const { serverId, generation } = spec;
        assert.deepEqual(await events.until("died", spec), {
          event: "died",
          serverId,
          generation,
          exitCode: 137,
          outOfMemory: false,
        });
        took.push(performance.now() - done);
      }
      abort.abort();
      // The engine may not have listened yet, and then tells it when the stream is renewed, 15 s later. Not each time.
      assert.ok(Math.min(...took) < 10_000, `told after ${took.join(" and ")} ms`);
    });

    it("is known as exited after a kill and starts again", async () => {
      const spec = await running();
      await world.run.cli("kill", world.containerOf(spec));
      const state = await world.spawner.inspect(spec.serverId, soon());
      assert.deepEqual(state?.exit, { code: 137, outOfMemory: false });
      assert.equal(state?.upstream, undefined);
      await world.start({ ...spec, generation: 2 });
    });

    it("starts again after its network was taken away, too", async () => {
      const spec = await running();
      await world.run.remove(world.containerOf(spec));
      await world.run.cli("network", "rm", world.networkOf(spec));
      await world.start({ ...spec, generation: 2 });
    });

    it("is still found, stopped and replaced under another name", async () => {
      const spec = await running();
      await world.run.cli("rename", world.containerOf(spec), `renamed-${spec.serverId}`);
      assert.equal((await world.spawner.inspect(spec.serverId, soon()))?.state, "running");
      await world.start({ ...spec, generation: 2 });
      assert.equal((await world.spawner.inspect(spec.serverId, soon()))?.generation, 2);
      await world.run.cli("rename", world.containerOf(spec), `renamed-${spec.serverId}`);
      await world.spawner.stop(spec.serverId, soon());
      assert.equal(await world.spawner.inspect(spec.serverId, soon()), undefined);
    });

    it("is found frozen by the next hub when it was paused, and a start wakes it", async () => {
      const spec = await running();
      await world.run.cli("pause", world.containerOf(spec));
      const { spawner } = world.again();
      const states = await spawner.list(soon());
      const state = states.find(({ serverId }) => serverId === spec.serverId);
      assert.equal(state?.state, "frozen");
      assert.notEqual(state?.upstream, undefined);
      await startServer(spawner, spec);
      assert.equal((await spawner.inspect(spec.serverId, soon()))?.state, "running");
    });

    it("is told when something inside runs out of memory, and lives on", async (context) => {
      const abort = new AbortController();
      const spec = await running();
      if (!(await world.measures(spec))) {
        context.skip(CANNOT_MEASURE);
        return;
      }
      const events = watch(world.spawner, abort.signal);
      await events.until("engine_back");
      const hog = "head -c 600m /dev/zero | tail";
      await world.run.cli("exec", world.containerOf(spec), "sh", "-c", hog).catch(() => {});
      const { serverId, generation } = spec;
      assert.deepEqual(await events.until("out_of_memory", spec), {
        event: "out_of_memory",
        serverId,
        generation,
      });
      assert.equal((await world.spawner.inspect(spec.serverId, soon()))?.state, "running");
      abort.abort();
    });

    it("fails for want of memory when that takes its first process", async (context) => {
      if (!(await world.measures(await running()))) {
        context.skip(CANNOT_MEASURE);
        return;
      }
      const abort = new AbortController();
      const { spawner } = world;
      const events = watch(spawner, abort.signal);
      await events.until("engine_back");
      const spec = world.makeSpec({ environment: { STUB_MODE: "oom" } });
      const failure = await rejectsWith(startServer(spawner, spec), "out_of_memory");
      assert.deepEqual(failure.params, { limit: "256 MB" });
      const died = await events.until("died", spec);
      assert.ok(died.event === "died" && died.outOfMemory, JSON.stringify(died));
      const state = await spawner.inspect(spec.serverId, soon());
      assert.deepEqual(state?.exit, { code: 137, outOfMemory: true });
      abort.abort();
    });

    it("has the limit on memory that was asked for", async (context) => {
      const spec = await running();
      if (!(await world.measures(spec))) {
        context.skip(CANNOT_MEASURE);
        return;
      }
      const usage = await world.spawner.usage(spec.serverId, soon());
      assert.equal(usage?.memoryLimitBytes, 256 * 1024 ** 2);
    });
  });

  describe("left over by a hub that was killed", () => {
    it("takes its own network again, or has it removed when nobody comes back for it", async () => {
      const kept = world.makeSpec();
      const lost = world.makeSpec();
      for (const spec of [kept, lost]) {
        const abort = new AbortController();
        await assert.rejects(async () => {
          for await (const { step } of world.spawner.start(spec, abort.signal)) {
            if (step === "network") abort.abort();
          }
        });
      }
      const before = await world.run.cli(
        "network",
        "inspect",
        "-f",
        "{{.Id}}",
        world.networkOf(kept),
      );
      const { spawner } = world.again();
      await startServer(spawner, { ...kept, generation: 2 });
      const after = await world.run.cli(
        "network",
        "inspect",
        "-f",
        "{{.Id}}",
        world.networkOf(kept),
      );
      assert.equal(after, before);
      await spawner.list(soon());
      const end = performance.now() + PATIENCE_MS;
      while ((await world.run.cli("network", "ls", "-q", "-f", `name=${lost.serverId}`)) !== "") {
        assert.ok(performance.now() < end, "the network is still there");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.equal((await spawner.inspect(kept.serverId, soon()))?.state, "running");
      await startServer(spawner, { ...kept, generation: 2 });
    });
  });

  describe("when it is stopped", () => {
    it("is killed after its time when it does not listen", async () => {
      const { spawner } = world.again({ stopTimeoutSeconds: 1 });
      const spec = world.makeSpec({ environment: { STUB_MODE: "stubborn" } });
      await startServer(spawner, spec);
      await spawner.stop(spec.serverId, soon());
      assert.equal(await spawner.inspect(spec.serverId, soon()), undefined);
    });

    it("leaves nothing but the home", async () => {
      const spec = await running({ network: "internet" });
      await world.spawner.stop(spec.serverId, soon());
      const filter = ["-q", "-f", `label=homeroom.server=${spec.serverId}`];
      assert.equal(await world.run.cli("ps", "-a", ...filter), "");
      assert.equal(await world.run.cli("network", "ls", ...filter), "");
      assert.equal(
        await world.run.cli("volume", "ls", "-q", "-f", `name=${spec.userId}`),
        world.volumeOf(spec),
      );
    });
  });

  describe("which prints", () => {
    it("is read line by line, the last ones, without colours and control characters", async () => {
      const spec = await running();
      const print = String.raw`printf '\033[31mred\033[0m\007 line\nerror\n10%%\r90%%\n' > /proc/1/fd/1`;
      await world.run.cli("exec", world.containerOf(spec), "sh", "-c", print);
      assert.deepEqual(await world.spawner.logs(spec.serverId, 3, soon()), [
        "red line",
        "error",
        "90%",
      ]);
      assert.deepEqual(await world.spawner.logs(spec.serverId, 1, soon()), ["90%"]);
    });
  });
});

describe("an engine that misbehaves", { timeout: 1_200_000 }, () => {
  let folder: string;
  let world: SpawnerWorld;
  let proxy: EngineProxy;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "homeroom-engine-"));
    proxy = new EngineProxy(join(folder, "docker.sock"));
    const watchTimes = { renewMs: 1000, overlapMs: 100, firstRetryMs: 20, lastRetryMs: 100 };
    world = await createSpawnerWorld({ socketPath: proxy.socketPath }, { watchTimes });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("is unreachable while its socket is missing, and found as soon as it appears", async () => {
    const failure = await rejectsWith(world.spawner.check(soon()), "docker_unreachable");
    assert.match(String(failure.params["detail"]), /there is no socket at .*docker\.sock/);
    await rejectsWith(world.start(world.makeSpec()), "docker_unreachable");
    await rejectsWith(world.spawner.list(soon()), "docker_unreachable");
    const abort = new AbortController();
    const events = watch(world.spawner, abort.signal);
    const lost = await events.until("engine_lost");
    assert.ok(lost.event === "engine_lost" && lost.failure.code === "docker_unreachable");
    assert.equal(events.seen.length, 1);
    await proxy.listen();
    await events.until("engine_back");
    await world.spawner.check(soon());
    const spec = world.makeSpec();
    await world.start(spec);
    await world.spawner.stop(spec.serverId, soon());
    abort.abort();
    await events.ended;
  });

  describe("that is there", () => {
    before(async () => {
      await proxy.listen();
    });

    it("is lost and found when its socket goes away, and the server runs on", async () => {
      const spec = world.makeSpec();
      const upstream = await world.start(spec);
      const abort = new AbortController();
      const events = watch(world.spawner, abort.signal);
      await events.until("engine_back");
      events.seen.length = 0;
      await proxy.close();
      await events.until("engine_lost");
      await proxy.listen();
      await events.until("engine_back");
      const state = await world.spawner.inspect(spec.serverId, soon());
      assert.deepEqual(state?.upstream, upstream);
      abort.abort();
      await events.ended;
      await world.spawner.stop(spec.serverId, soon());
    });

    it("whose event stream dies silently is noticed at the next renewal, and nothing is missed or told twice", async () => {
      const spec = world.makeSpec();
      await world.start(spec);
      const abort = new AbortController();
      const events = watch(world.spawner, abort.signal);
      await events.until("engine_back");
      proxy.silenceStreams();
      await world.run.cli("kill", world.containerOf(spec));
      await events.until("died", spec);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      assert.ok(!events.seen.some(({ event }) => event === "engine_lost"));
      const own = events.seen.filter(
        (event) => "serverId" in event && event.serverId === spec.serverId,
      );
      assert.deepEqual(
        own.map(({ event }) => event),
        ["died"],
      );
      abort.abort();
      await events.ended;
      await world.spawner.stop(spec.serverId, soon());
    });

    it("is asked again when it breaks the connection", async () => {
      const broken = new Set<string>();
      proxy.disturb = (method, url) => {
        if (method !== "POST" || broken.has(url)) return undefined;
        broken.add(url);
        return { is: "reset" };
      };
      const spec = world.makeSpec();
      await world.start(spec);
      await world.spawner.stop(spec.serverId, soon());
      proxy.disturb = () => undefined;
      assert.ok(broken.size > 3);
    });

    const answers = {
      "500 with a reason": { is: "answer", status: 500, body: '{"message":"it is a bad day"}' },
      "500 with nothing": { is: "answer", status: 500 },
      "409": { is: "answer", status: 409, body: '{"message":"conflict"}' },
      "404": { is: "answer", status: 404, body: '{"message":"nothing here"}' },
      "301 to nowhere": {
        is: "answer",
        status: 301,
        headers: { location: "http://nowhere.invalid/" },
      },
      "JSON that is cut short": { is: "answer", status: 200, body: '[{"Id": "ab' },
      "text that is not JSON": { is: "answer", status: 200, body: "<html>" },
    } as const;
    for (const [name, disturbance] of Object.entries(answers)) {
      it(`is survived when it answers everything with ${name}`, async () => {
        proxy.disturb = (_method, url) => (url.includes("/events") ? undefined : disturbance);
        const failed = (error: unknown) => {
          assert.ok(error instanceof HubError, String(error));
          return true;
        };
        await assert.rejects(world.start(world.makeSpec()), failed);
        await assert.rejects(world.spawner.list(soon()), failed);
        proxy.disturb = () => undefined;
        const spec = world.makeSpec();
        await world.start(spec);
        await world.spawner.stop(spec.serverId, soon());
      });
    }

    it("that does not answer ends a start within its time, under the name of the step", async () => {
      const { spawner } = world.again({ startTimeoutSeconds: 1 });
      const spec = world.makeSpec();
      proxy.disturb = (method, url) =>
        method === "POST" && url.includes("/networks/create") ? { is: "hang" } : undefined;
      const failure = await rejectsWith(startServer(spawner, spec), "start_timeout");
      assert.deepEqual(failure.params, { step: "network", seconds: 1 });
      proxy.disturb = () => undefined;
    });

    it("that breaks off in the middle of an answer does not keep a call for ever", async () => {
      const { spawner } = world.again();
      proxy.disturb = (_method, url) =>
        url.includes("/containers/json") ? { is: "cut" } : undefined;
      await assert.rejects(spawner.list(AbortSignal.timeout(2000)), { name: "TimeoutError" });
      proxy.disturb = () => undefined;
    });
  });
});
