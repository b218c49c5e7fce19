import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isOfKind, networkSpec } from "#src/spawners/docker/networks/network-spec.ts";

const INHIBIT = { "com.docker.network.bridge.inhibit_ipv4": "true" };
const input = { name: "hr-x", subnet: "10.213.0.0/28", labels: { a: "b" } };
const facts = { id: "1", name: "hr-x", labels: {}, subnets: ["10.213.0.0/28"], bridge: "br-1" };

describe("what Docker is asked to create as a network", () => {
  it("is sealed for a hub in a container: internal, and the host has no address in it", () => {
    assert.deepEqual(networkSpec({ ...input, kind: "sealed" }), {
      Name: "hr-x",
      Driver: "bridge",
      CheckDuplicate: true,
      Internal: true,
      EnableIPv6: false,
      IPAM: { Driver: "default", Config: [{ Subnet: "10.213.0.0/28" }] },
      Options: INHIBIT,
      Labels: { a: "b" },
    });
  });

  it("has an address of the host only for a hub on the host", () => {
    const { Internal, Options } = networkSpec({ ...input, kind: "host" });
    assert.deepEqual({ Internal, Options }, { Internal: true, Options: {} });
  });

  it("is open only as the way out", () => {
    const { Internal, Options } = networkSpec({ ...input, kind: "outgoing" });
    assert.equal(Internal, false);
    assert.deepEqual(Options, { "com.docker.network.bridge.enable_icc": "false" });
  });

  it("is recognised when it was left over, and never taken for another kind", () => {
    const sealed = { ...facts, internal: true, options: INHIBIT };
    const host = { ...facts, internal: true, options: {} };
    const out = {
      ...facts,
      internal: false,
      options: { "com.docker.network.bridge.enable_icc": "false" },
    };
    const open = { ...facts, internal: false, options: INHIBIT };
    const table = [sealed, host, out, open].map((network) =>
      (["sealed", "host", "outgoing"] as const).map((kind) => isOfKind(network, kind)),
    );
    assert.deepEqual(table, [
      [true, false, false],
      [false, true, false],
      [false, false, true],
      [false, false, false],
    ]);
  });
});
