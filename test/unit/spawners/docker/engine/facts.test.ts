import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  readArchitecture,
  readContainer,
  readContainerSummary,
  readInfo,
  readNetwork,
  readTarOwner,
  readUsage,
} from "#src/spawners/docker/engine/facts.ts";

describe("answers of the engine", () => {
  it("are read without their missing parts", () => {
    for (const answer of [undefined, null, 7, "x", {}, [], Buffer.from("x")]) {
      assert.equal(readContainer(answer).id, "");
      assert.equal(readContainerSummary(answer).status, "exited");
      assert.deepEqual(readNetwork(answer).subnets, []);
      assert.equal(readUsage(answer), undefined);
    }
  });

  it("tell a container's state, and when it never ran", () => {
    const facts = readContainer({
      Id: "1",
      State: {
        Status: "paused",
        StartedAt: "2026-11-22T05:02:29.196444297Z",
        OOMKilled: true,
        ExitCode: 0,
      },
      NetworkSettings: { Networks: { n: { IPAddress: "10.213.0.2" } } },
    });
    assert.equal(facts.status, "paused");
    assert.equal(facts.started, "2026-11-22T05:02:29.196444297Z");
    assert.equal(facts.outOfMemory, true);
    assert.deepEqual([...facts.addresses], [["n", "10.213.0.2"]]);
    const created = readContainer({
      State: { Status: "created", StartedAt: "0001-01-01T00:00:00Z" },
    });
    assert.equal(created.started, undefined);
    for (const Status of ["dead", "removing", "exited", "something new"]) {
      assert.equal(readContainer({ State: { Status } }).status, "exited");
    }
  });

  it("tell a network's subnets and its interface on the host", () => {
    const network = readNetwork({
      Id: "0123456789abcdef",
      IPAM: { Config: [{ Subnet: "10.213.0.0/28" }, { Gateway: "x" }] },
      Options: { a: "b", "com.docker.network.bridge.name": "docker0" },
      Internal: true,
    });
    assert.deepEqual(network.subnets, ["10.213.0.0/28"]);
    assert.equal(network.bridge, "docker0");
    assert.equal(readNetwork({ Id: "0123456789abcdef" }).bridge, "br-0123456789ab");
    assert.deepEqual(
      readNetwork({ IPAM: { Config: null }, Options: null, Labels: null }).subnets,
      [],
    );
  });

  it("tell memory without the cache that can be dropped, under both kinds of cgroups", () => {
    const cpu = { cpu_stats: { cpu_usage: { total_usage: 2_500_000_000 } } };
    const limit = 1000;
    const first = { usage: 700, limit, stats: { total_inactive_file: 200 } };
    const second = { usage: 700, limit, stats: { inactive_file: 300 } };
    assert.deepEqual(readUsage({ ...cpu, memory_stats: first }), {
      memoryBytes: 500,
      memoryLimitBytes: 1000,
      cpuSeconds: 2.5,
    });
    assert.equal(readUsage({ ...cpu, memory_stats: second })?.memoryBytes, 400);
    assert.equal(readUsage({ ...cpu, memory_stats: {} }), undefined);
  });

  it("tell a machine's processor as images name it", () => {
    const machines = { x86_64: "amd64", aarch64: "arm64", armv7l: "arm", riscv64: "riscv64" };
    for (const [Architecture, architecture] of Object.entries(machines)) {
      assert.equal(readInfo({ Architecture }).architecture, architecture);
    }
    assert.equal(readInfo({}).architecture, "");
    assert.equal(readArchitecture({ Architecture: "arm64" }), "arm64");
    assert.equal(readArchitecture(undefined), "");
  });

  it("tell whom the first entry of a tar belongs to", () => {
    const header = Buffer.alloc(512);
    header.write("0001750\0", 108, "latin1");
    assert.equal(readTarOwner(header), 1000);
    assert.equal(readTarOwner(header.subarray(0, 100)), undefined);
    assert.equal(readTarOwner(Buffer.alloc(512)), undefined);
  });
});
