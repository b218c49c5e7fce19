/** What a student's code can reach and do, with the hub in a container as people run it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ServerSpec, Upstream } from "#src/spawners/spawner.ts";
import { type ContainedHub, startContainedHub } from "#test/support/contained-hub-client.ts";
import { createDockerRun, docker, type DockerRun } from "#test/support/docker.ts";
import { makeServerSpec } from "#test/support/spawner-world.ts";
import { buildStubNotebook } from "#test/support/stub-notebook.ts";

interface Target {
  readonly host: string;
  readonly from: number;
  readonly to: number;
  /** Counts as open only when the answer contains it. */
  readonly marker?: string;
  /** How long a port may take that is expected to be open. */
  readonly patienceMs?: number;
}
interface Scan {
  readonly host: string;
  readonly open: readonly number[];
  readonly failures: Readonly<Record<string, number>>;
}

const SCANNER = resolve(import.meta.dirname, "../support/scan-ports.mjs");
const PATIENCE_MS = 30_000;
const EVERY_PORT = { from: 1, to: 65_535 };

function isEmpty(value: unknown): boolean {
  if (value === null || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** What is set at all: new engines bring new settings, and each one that does something must be known here. */
function settingsOf(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, setting]) => !isEmpty(setting)));
}

async function inspect(container: string): Promise<Record<string, Record<string, unknown>>> {
  // `docker inspect` prints a list with one element.
  const [facts = {}] = JSON.parse(await docker("inspect", container)) as Record<
    string,
    Record<string, unknown>
  >[];
  return facts;
}

describe("a student's container", { timeout: 300_000 }, () => {
  let run: DockerRun;
  let hub: ContainedHub;
  let image: string;
  let listener: net.Server;
  let listenerPort: number;
  const alice = { spec: makeServerSpec(), container: "", upstream: { host: "", port: 0 } };
  const bob = { spec: makeServerSpec(), container: "", upstream: { host: "", port: 0 } };
  const carol = {
    spec: makeServerSpec({ network: "internet" }),
    container: "",
    upstream: { host: "", port: 0 },
  };
  let hubNetwork: string;

  async function startServer(who: { spec: ServerSpec; container: string; upstream: Upstream }) {
    who.upstream = await hub.start(who.spec);
    who.container = `hr-${run.secrets.instanceId}-server-${who.spec.serverId}`;
  }

  /** Connects from inside a student's network, by a second container that shares it. */
  async function scan(container: string, targets: readonly Target[]): Promise<Scan[]> {
    const args = ["run", "--rm", "--label", run.label, "--network", `container:${container}`];
    args.push("--user", "1000:1000", "--cap-drop", "ALL");
    args.push("--volume", `${process.execPath}:/node:ro`, "--volume", `${SCANNER}:/scan.mjs:ro`);
    args.push("debian:trixie-slim", "/node", "/scan.mjs", JSON.stringify(targets));
    const text = await docker(...args);
    // Printed by scan-ports.mjs.
    return JSON.parse(text) as Scan[];
  }

  /** A command of the student, and whether it worked. */
  async function inside(container: string, script: string): Promise<{ ok: boolean; text: string }> {
    try {
      return { ok: true, text: await docker("exec", container, "sh", "-c", script) };
    } catch (error) {
      return { ok: false, text: String(error) };
    }
  }

  before(async () => {
    image = await buildStubNotebook();
    run = await createDockerRun();
    hubNetwork = `contained-hub-${run.secrets.instanceId}`;
    await docker("network", "create", "--label", run.label, hubNetwork);
    hub = await startContainedHub(run, hubNetwork, { image, pool: run.pool });
    for (const who of [alice, bob, carol]) await startServer(who);
    listener = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.end("hello");
    });
    listener.listen(0, "0.0.0.0");
    await once(listener, "listening");
    const address = listener.address();
    listenerPort = typeof address === "object" && address !== null ? address.port : 0;
  });
  after(async () => {
    listener?.close();
    await hub?.[Symbol.asyncDispose]();
    await run?.[Symbol.asyncDispose]();
  });

  it("answers the hub, which is in a container, and asks for its secret", async () => {
    const { upstream, spec } = alice;
    const url = `http://${upstream.host}:${upstream.port}${spec.baseUrl}api`;
    assert.equal(await hub.fetch(url, spec.secret), 200);
    assert.equal(await hub.fetch(url, bob.spec.secret), 403);
  });

  it("has the settings of this list and no others", async () => {
    const { HostConfig: host = {}, Config: config = {} } = await inspect(alice.container);
    const { MaskedPaths, ReadonlyPaths, Runtime, CgroupnsMode, ...rest } = host;
    delete rest["ConsoleSize"];
    assert.ok(Array.isArray(MaskedPaths) && MaskedPaths.includes("/proc/kcore"));
    assert.ok(Array.isArray(ReadonlyPaths) && ReadonlyPaths.includes("/proc/sys"));
    assert.ok(Runtime === undefined || Runtime === "runc");
    assert.ok(["", "host", "private", undefined].includes(CgroupnsMode as string | undefined));
    const { instanceId } = run.secrets;
    const { userId, serverId } = alice.spec;
    assert.deepEqual(settingsOf(rest), {
      CapDrop: ["ALL"],
      CpuShares: 256,
      Dns: ["127.0.0.1"],
      DnsOptions: ["timeout:1", "attempts:1"],
      DnsSearch: ["."],
      Init: true,
      IpcMode: "private",
      LogConfig: { Type: "json-file", Config: { "max-file": "2", "max-size": "1m" } },
      Memory: 256 * 1024 ** 2,
      MemorySwap: 256 * 1024 ** 2,
      Mounts: [
        {
          Type: "volume",
          Source: `hr-${instanceId}-home-${userId}`,
          Target: "/home/jovyan",
          VolumeOptions: {
            Labels: {
              "homeroom.instance": instanceId,
              "homeroom.kind": "home",
              "homeroom.user": userId,
              ...run.labels,
            },
          },
        },
      ],
      NanoCpus: 1e9,
      NetworkMode: `hr-${instanceId}-net-${serverId}`,
      OomScoreAdj: 500,
      PidsLimit: 128,
      ReadonlyRootfs: true,
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      SecurityOpt: ["no-new-privileges"],
      ShmSize: 64 * 1024 ** 2,
      Tmpfs: {
        "/run": "rw,noexec,nosuid,nodev,size=16777216,uid=1000,gid=1000,mode=0755",
        "/tmp": "rw,exec,nosuid,nodev,size=134217728,mode=1777",
      },
      Ulimits: [{ Name: "core", Hard: 0, Soft: 0 }],
    });
    assert.equal(config["User"], "1000:1000");
    assert.deepEqual(config["Healthcheck"], { Test: ["NONE"] });
    assert.equal(config["StopSignal"], "SIGTERM");
  });

  it("mounts nothing of the host, publishes no port, and is in its own network alone", async () => {
    const facts = await inspect(alice.container);
    const { instanceId } = run.secrets;
    const mounts = facts["Mounts"] as unknown as { Type: string; Name: string }[];
    assert.deepEqual(
      mounts.map(({ Type, Name }) => [Type, Name]),
      [["volume", `hr-${instanceId}-home-${alice.spec.userId}`]],
    );
    const { Ports = {}, Networks = {} } = facts["NetworkSettings"] ?? {};
    const published = Object.values(Ports as object).filter((binding) => binding !== null);
    assert.deepEqual(published, []);
    assert.deepEqual(Object.keys(Networks as object), [
      `hr-${instanceId}-net-${alice.spec.serverId}`,
    ]);
  });

  it("runs without capabilities, without a way to new privileges, behind seccomp", async () => {
    for (const file of ["/proc/1/status", "/proc/self/status"]) {
      const { text } = await inside(alice.container, `cat ${file}`);
      const status = new Map(
        text.split("\n").map((line) => line.split(/:\s+/, 2) as [string, string]),
      );
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
        assert.equal(status.get(set), "0000000000000000", `${set} of ${file}`);
      }
      assert.equal(status.get("NoNewPrivs"), "1");
      assert.equal(status.get("Seccomp"), "2");
      assert.match(status.get("Uid") ?? "", /^1000\b/);
      assert.match(status.get("Gid") ?? "", /^1000\b/);
    }
  });

  it("cannot write outside its home and its memory, mount, or make a user namespace", async () => {
    for (const path of ["/", "/etc", "/usr/bin", "/var/tmp", "/home", "/proc/sys/kernel", "/dev"]) {
      const { ok } = await inside(alice.container, `touch ${path}/mark`);
      assert.equal(ok, false, path);
    }
    for (const path of ["/home/jovyan", "/tmp", "/run"]) {
      const { ok, text } = await inside(alice.container, `touch ${path}/mark`);
      assert.ok(ok, `${path}: ${text}`);
    }
    for (const command of [
      "mount -t tmpfs none /tmp",
      "unshare --user true",
      "unshare --mount true",
      "chroot / true",
      "cat /proc/kcore",
      "dd if=/dev/sda of=/dev/null count=1",
      "echo 1 > /proc/sys/net/ipv4/ip_forward",
    ]) {
      const { ok } = await inside(alice.container, command);
      assert.equal(ok, false, command);
    }
  });

  it("reaches no port of another student, under any of that student's addresses", async () => {
    const targets = [bob, carol].map(({ upstream }) => ({ host: upstream.host, ...EVERY_PORT }));
    for (const { host, open } of await scan(alice.container, targets)) {
      assert.deepEqual(open, [], host);
    }
    // The scanner is not blind: it finds the student's own server.
    const [own] = await scan(alice.container, [
      {
        host: "127.0.0.1",
        from: alice.upstream.port - 5,
        to: alice.upstream.port + 5,
        patienceMs: PATIENCE_MS,
      },
    ]);
    assert.deepEqual(own?.open, [alice.upstream.port]);
  });

  it("reaches no port of the hub: not in its own network, not at the hub's front address", async () => {
    const networks = (await inspect(hub.container))["NetworkSettings"]?.["Networks"] ?? {};
    const addresses = Object.values(networks as Record<string, { IPAddress: string }>).map(
      ({ IPAddress }) => IPAddress,
    );
    assert.ok(addresses.includes(hub.address) && addresses.length >= 4, addresses.join());
    const own = addresses.find(
      (address) =>
        address.split(".").slice(0, 3).join() === alice.upstream.host.split(".").slice(0, 3).join(),
    );
    assert.ok(own !== undefined);
    assert.equal(await hub.fetch(`http://${hub.address}:8000/`, ""), 200);
    const targets = addresses.map((host) =>
      host === own ? { host, ...EVERY_PORT } : { host, from: 7990, to: 8010 },
    );
    for (const { host, open } of await scan(alice.container, targets)) {
      assert.deepEqual(open, [], host);
    }
  });

  it("reaches neither the host, nor the network around it, nor a cloud's metadata", async () => {
    const hosts = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal }) => !internal)
      .map(({ address, scopeid }) => (scopeid ? `${address}%eth0` : address));
    const gateway = alice.upstream.host.replace(/\d+$/, (last) =>
      String((Number(last) & 0xf0) + 1),
    );
    const port = { from: listenerPort, to: listenerPort };
    const targets = [...hosts, gateway].map((host) => ({ host, ...port }));
    const outside = ["169.254.169.254", "1.1.1.1", "192.168.1.1"].map((host) => ({
      host,
      from: 80,
      to: 80,
    }));
    for (const { host, open } of await scan(alice.container, [...targets, ...outside])) {
      assert.deepEqual(open, [], host);
    }
    const { text } = await inside(alice.container, "cat /proc/net/if_inet6");
    assert.doesNotMatch(text, /eth/);
  });

  it("looks names up in vain, without waiting for an answer that never comes", async () => {
    const took: number[] = [];
    for (let lookUps = 0; lookUps < 4; lookUps += 1) {
      const began = performance.now();
      const { ok } = await inside(alice.container, "getent hosts example.org");
      assert.equal(ok, false);
      took.push(performance.now() - began);
      // The resolver's own patience is twice five seconds, each time; a busy machine is slow now and then.
      if (Math.min(...took) < 9000) return;
    }
    assert.fail(`${took.join(", ")} ms`);
  });

  it("that may use the internet reaches the outside, but no other student and not the hub's network", async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4");
    assert.ok(outside !== undefined);
    const port = { from: listenerPort, to: listenerPort };
    const [found] = await scan(carol.container, [
      { host: outside.address, ...port, patienceMs: PATIENCE_MS },
    ]);
    assert.deepEqual(found?.open, [listenerPort]);
    // A listener beside bob's server, and the hub's: each says who it is. Around the box, anyone may answer.
    const marker = `bob-${run.secrets.instanceId}`;
    const script = `require("node:http").createServer((_, r) => r.end("${marker}")).listen(8889)`;
    const args = ["run", "--rm", "--detach", "--label", run.label, "--stop-timeout", "0"];
    args.push(
      "--network",
      `container:${bob.container}`,
      "--volume",
      `${process.execPath}:/node:ro`,
    );
    await docker(...args, "debian:trixie-slim", "/node", "--eval", script);
    const asked = { from: 8889, to: 8889, marker };
    const own = { host: "127.0.0.1", ...asked, patienceMs: PATIENCE_MS };
    let heard: readonly number[] = [];
    // Its container has started; its port opens a little later.
    for (let tries = 0; heard.length === 0 && tries < 60; tries += 1) {
      heard = (await scan(bob.container, [own]))[0]?.open ?? [];
    }
    assert.deepEqual(heard, [8889]);
    const front = { host: hub.address, from: 8000, to: 8000, marker: run.secrets.instanceId };
    const targets = [{ host: bob.upstream.host, ...asked }, front];
    for (const { host, open } of await scan(carol.container, targets)) {
      assert.deepEqual(open, [], host);
    }
    const settings = (await inspect(carol.container))["NetworkSettings"];
    const names = Object.keys(settings?.["Networks"] ?? {});
    assert.equal(names.length, 2);
  });

  it("keeps its place when the hub is replaced: the next one finds it and gets in", async () => {
    await hub.kill();
    hub = await startContainedHub(run, hubNetwork, { image, pool: run.pool });
    const states = await hub.list();
    assert.equal(states.length, 3);
    for (const { spec, upstream } of [alice, bob, carol]) {
      const state = states.find(({ serverId }) => serverId === spec.serverId);
      assert.deepEqual(state?.upstream, upstream);
      const url = `http://${upstream.host}:${upstream.port}${spec.baseUrl}api`;
      assert.equal(await hub.fetch(url, spec.secret), 200);
    }
  });

  it("takes its network with it when it is stopped", async () => {
    await hub.stop(carol.spec.serverId);
    const filter = ["--quiet", "--filter", `label=homeroom.server=${carol.spec.serverId}`];
    assert.equal(await docker("network", "ls", ...filter), "");
  });
});
