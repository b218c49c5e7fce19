import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { describe, it } from "node:test";
import { bindAddress, defaultRouteInterface } from "#src/entrypoint/bind-address.ts";

const HEAD =
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
const row = (
  name: string,
  destination: string,
  flags: string,
  metric: number,
  mask: string,
): string => `${name}\t${destination}\t010011AC\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`;

const ROUTES =
  HEAD +
  row("eth2", "000AD50A", "0001", 0, "F0FFFFFF") +
  row("eth3", "00000000", "0003", 600, "00000000") +
  row("eth1", "00000000", "0003", 100, "00000000") +
  row("eth4", "00000000", "0002", 1, "00000000");

function address(text: string, family: "IPv4" | "IPv6"): NetworkInterfaceInfo {
  const common = { address: text, netmask: "", mac: "", internal: false, cidr: null };
  return family === "IPv4" ? { ...common, family } : { ...common, family, scopeid: 0 };
}

describe("the address to listen on", () => {
  it("is the one that is configured", async () => {
    assert.equal(await bindAddress("127.0.0.1"), "127.0.0.1");
  });

  it("is that of the interface with the default route", async () => {
    assert.equal(defaultRouteInterface(ROUTES), "eth1");
    const found = await bindAddress("default-route", {
      readRoutes: () => Promise.resolve(ROUTES),
      interfaces: () => ({
        eth1: [address("fe80::1", "IPv6"), address("172.17.0.5", "IPv4")],
        eth2: [address("10.213.0.2", "IPv4")],
      }),
    });
    assert.equal(found, "172.17.0.5");
  });

  it("is refused in words when there is none", async () => {
    for (const routes of [HEAD, "", ROUTES]) {
      const system = { readRoutes: () => Promise.resolve(routes), interfaces: () => ({}) };
      await assert.rejects(bindAddress("default-route", system), { code: "no_default_route" });
    }
  });
});
