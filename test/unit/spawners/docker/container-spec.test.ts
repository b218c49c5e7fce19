import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ContainerInput,
  containerSpec,
  taskSpec,
} from "#src/spawners/docker/container-spec.ts";
import type { Profile } from "#src/spawners/docker/profiles.ts";
import type { ServerSpec } from "#src/spawners/spawner.ts";
import type { InstanceId, ServerId, UserId } from "#src/stores/records.ts";

const MIB = 1024 * 1024;
const instanceId = "aaaaaaaaaaaaaaaa" as InstanceId;
const userId = "bbbbbbbbbbbbbbbb" as UserId;
const serverId = "cccccccccccccccc" as ServerId;

const spec: ServerSpec = {
  userId,
  serverId,
  generation: 3,
  profile: "default",
  kind: "jupyter",
  baseUrl: "/user/maria/",
  secret: "secret",
  environment: { JUPYTER_TOKEN: "secret", HOME: "/home/jovyan" },
  limits: { memoryBytes: 512 * MIB, cpus: 1.5, pids: 256 },
  network: "none",
};
const profile: Profile = { name: "default", image: "lab:1", kind: "jupyter", port: 8888 };
const home = {
  volume: `hr-${instanceId}-home-${userId}`,
  labels: { "homeroom.instance": instanceId, "homeroom.kind": "home", "homeroom.user": userId },
};

function input(changes: Partial<ContainerInput> = {}): ContainerInput {
  const network = `hr-${instanceId}-net-${serverId}`;
  return {
    instanceId,
    spec,
    profile,
    network,
    home,
    stopTimeoutSeconds: 30,
    cores: 4,
    labels: {},
    ...changes,
  };
}

describe("what Docker is asked to create for a server", () => {
  it("is exactly this", () => {
    const { Labels, ...options } = containerSpec(input());
    const { "homeroom.config": hash, ...labels } = Labels;
    assert.deepEqual(options, {
      Image: "lab:1",
      User: "1000:1000",
      Hostname: "notebook",
      Env: ["HOME=/home/jovyan", "JUPYTER_TOKEN=secret"],
      Tty: false,
      StopSignal: "SIGTERM",
      StopTimeout: 30,
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        Privileged: false,
        PublishAllPorts: false,
        IpcMode: "private",
        RestartPolicy: { Name: "no" },
        NetworkMode: `hr-${instanceId}-net-${serverId}`,
        Mounts: [
          {
            Type: "volume",
            Source: home.volume,
            Target: "/home/jovyan",
            ReadOnly: false,
            VolumeOptions: { NoCopy: false, Labels: home.labels },
          },
        ],
        Tmpfs: {
          "/tmp": `rw,exec,nosuid,nodev,size=${256 * MIB},mode=1777`,
          "/run": `rw,noexec,nosuid,nodev,size=${16 * MIB},uid=1000,gid=1000,mode=0755`,
        },
        ShmSize: 64 * MIB,
        Init: true,
        AutoRemove: false,
        LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
        Memory: 512 * MIB,
        MemorySwap: 512 * MIB,
        NanoCpus: 1_500_000_000,
        CpuShares: 256,
        PidsLimit: 256,
        OomScoreAdj: 500,
        Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
        Dns: ["127.0.0.1"],
        DnsOptions: ["timeout:1", "attempts:1"],
        DnsSearch: ["."],
      },
    });
    assert.match(hash ?? "", /^[0-9a-f]{32}$/);
    assert.deepEqual(labels, {
      "homeroom.instance": instanceId,
      "homeroom.kind": "server",
      "homeroom.user": userId,
      "homeroom.server": serverId,
      "homeroom.generation": "3",
      "homeroom.profile": "default",
    });
  });

  it("keeps its configuration hash as long as nothing but the labels changes", () => {
    const hash = (changes: Partial<ContainerInput>) =>
      containerSpec(input(changes)).Labels["homeroom.config"];
    const plain = hash({});
    assert.equal(hash({ labels: { "homeroom.test": "x" } }), plain);
    assert.equal(hash({ spec: { ...spec, generation: 4 } }), plain);
    const others = [
      hash({ spec: { ...spec, environment: { ...spec.environment, JUPYTER_TOKEN: "other" } } }),
      hash({ spec: { ...spec, limits: { ...spec.limits, pids: 255 } } }),
      hash({ spec: { ...spec, network: "internet" } }),
      hash({ profile: { ...profile, image: "lab:2" } }),
      hash({ stopTimeoutSeconds: 31 }),
    ];
    assert.equal(new Set([plain, ...others]).size, others.length + 1);
  });

  it("asks for no more cores than the box has: the engine would refuse", () => {
    assert.equal(containerSpec(input({ cores: 1 })).HostConfig.NanoCpus, 1_000_000_000);
  });

  it("leaves names to the engine when the notebook may use the internet", () => {
    const { HostConfig } = containerSpec(input({ spec: { ...spec, network: "internet" } }));
    assert.equal(HostConfig.Dns, undefined);
    assert.equal(HostConfig.DnsSearch, undefined);
  });

  it("puts base URL and port into the profile's command", () => {
    const command = ["serve", "--prefix={baseUrl}", "{port}", "{baseUrl}{baseUrl}"];
    const { Cmd } = containerSpec(input({ profile: { ...profile, port: 9000, command } }));
    assert.deepEqual(Cmd, ["serve", "--prefix=/user/maria/", "9000", "/user/maria//user/maria/"]);
  });

  it("has the profile's variables, with the same in them, but never instead of the hub's own", () => {
    const environment = {
      APP_ROOT: "{prefix}",
      APP_URL: "http://localhost:{port}{baseUrl}?{other}",
      HOME: "/root",
    };
    const own = { ...profile, port: 9000, environment };
    assert.deepEqual(containerSpec(input({ profile: own })).Env, [
      "APP_ROOT=/user/maria",
      "APP_URL=http://localhost:9000/user/maria/?{other}",
      "HOME=/home/jovyan",
      "JUPYTER_TOKEN=secret",
    ]);
    const { "homeroom.config": hash } = containerSpec(input({ profile: own })).Labels;
    assert.notEqual(hash, containerSpec(input()).Labels["homeroom.config"]);
  });

  it("cannot be brought to name a folder of the host", () => {
    const text = JSON.stringify(containerSpec(input()));
    assert.doesNotMatch(text, /"Binds"|"bind"|"Devices"|"PortBindings"|docker\.sock|unconfined/);
  });
});

describe("what Docker is asked to create for a throw-away container", () => {
  const request = {
    instanceId,
    image: "lab:1",
    script: "true",
    arguments: ["-x"],
    labels: {},
  } as const;

  it("has no network, no capability, a read-only root and the one home", () => {
    const options = taskSpec({ ...request, home, network: "none", user: "notebook" });
    assert.equal(options.User, "1000:1000");
    assert.deepEqual(options.Entrypoint, ["/bin/sh", "-c", "true", "sh"]);
    assert.deepEqual(options.Cmd, ["-x"]);
    const { HostConfig: host } = options;
    assert.equal(host.NetworkMode, "none");
    assert.equal(host.ReadonlyRootfs, true);
    assert.deepEqual(host.CapDrop, ["ALL"]);
    assert.equal(host.CapAdd, undefined);
    assert.deepEqual(
      host.Mounts.map(({ Type, Source, ReadOnly }) => [Type, Source, ReadOnly]),
      [["volume", home.volume, false]],
    );
    assert.deepEqual(host.LogConfig, { Type: "none", Config: {} });
  });

  it("reads a home without being able to write it, when that is enough", () => {
    const options = taskSpec({
      ...request,
      home,
      homeIsReadOnly: true,
      network: "none",
      user: "notebook",
    });
    assert.equal(options.HostConfig.Mounts[0]?.ReadOnly, true);
  });

  it("as root keeps the one capability to give a home away", () => {
    const options = taskSpec({ ...request, home, network: "none", user: "root" });
    assert.deepEqual(options.HostConfig.CapAdd, ["CHOWN"]);
    assert.deepEqual(options.HostConfig.CapDrop, ["ALL"]);
  });
});
