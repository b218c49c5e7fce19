import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NetworkFacts } from "#src/spawners/docker/engine/facts.ts";
import { PoolCheck } from "#src/spawners/docker/networks/pool-check.ts";
import { FakeClock } from "#test/support/fake-clock.ts";
import { silentLog } from "#test/support/silent-log.ts";

const HEAD =
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
/** 10.213.4.0/28, as the kernel writes it. */
const ROUTE = "br-made\t0004D50A\t00000000\t0001\t0\t0\t0\tF0FFFFFF\t0\t0\t0\n";

const ours: NetworkFacts = {
  id: "a".repeat(64),
  name: "other",
  labels: {},
  options: {},
  internal: true,
  subnets: ["10.213.4.0/28"],
  bridge: "br-made",
};

/** A check that sees these networks, one list at each look. */
function checkSeeing(...lists: readonly (readonly NetworkFacts[])[]): PoolCheck {
  const looks = [...lists];
  return new PoolCheck({
    engine: { networks: { list: async () => [...(looks.shift() ?? [])] } },
    tasks: { text: async () => HEAD + ROUTE },
    pool: "10.213.0.0/16",
    clock: new FakeClock(),
    log: silentLog,
    closing: new AbortController().signal,
  });
}

describe("the check of the pool", () => {
  const soon = () => AbortSignal.timeout(60_000);

  it("finds a route of the box's own network in the pool", async () => {
    await assert.rejects(checkSeeing([], []).check(soon()), { code: "pool_conflict" });
  });

  it("does not take a notebook's network for one that was made while it looked, or just removed", async () => {
    await checkSeeing([], [ours]).check(soon());
    await checkSeeing([ours], []).check(soon());
  });
});
