import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Route, RoutingTable } from "#src/entrypoint/routing-table.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import { makeId } from "#src/stores/ids.ts";
import type { UserId } from "#src/stores/records.ts";

const userId = makeId<"user">();

function route(parts: Partial<Route> = {}): Route {
  return {
    userId,
    serverName: "",
    serverId: makeId<"server">(),
    generation: 1,
    upstream: { host: "10.213.0.2", port: 8888 },
    secret: "s",
    kind: "jupyter",
    ...parts,
  };
}

describe("RoutingTable", () => {
  it("keeps the servers of a person apart by their names", () => {
    const table = new RoutingTable();
    const plain = route();
    const named = route({ serverName: "two" });
    table.set(plain);
    table.set(named);
    assert.equal(table.lookup(userId, ""), plain);
    assert.equal(table.lookup(userId, "two"), named);
    table.remove(userId, "two");
    assert.equal(table.lookup(userId, "two"), undefined);
    assert.equal(table.lookup(userId, ""), plain);
  });

  it("knows nobody by a property that every object has", () => {
    const table = new RoutingTable();
    table.set(route({ serverName: "x" }));
    for (const name of ["__proto__", "constructor", "toString"]) {
      assert.equal(table.lookup(name as UserId, ""), undefined);
      assert.equal(table.lookup(userId, name), undefined);
    }
  });

  it("tells of routes that go or are replaced, not of the same one again", () => {
    const table = new RoutingTable();
    const removed: Route[] = [];
    table.onRemoved((gone) => removed.push(gone));
    const first = route();
    const second = { ...first, generation: 2 };
    table.set(first);
    table.set({ ...first });
    assert.equal(table.lookup(userId, ""), first);
    table.set(second);
    table.remove(userId, "");
    table.remove(userId, "");
    assert.deepEqual(removed, [first, second]);
    assert.equal(table.lookup(userId, ""), undefined);
  });

  it("follows the servers", () => {
    const table = new RoutingTable();
    let tell: ((userId: UserId, name: string, status: ServerStatus) => void) | undefined;
    let answer: ReturnType<Parameters<RoutingTable["follow"]>[0]["route"]>;
    const stop = table.follow({
      onChange: (listener) => {
        tell = listener;
        return () => {
          tell = undefined;
        };
      },
      route: () => answer,
    });
    const { serverId, upstream, secret } = route();
    answer = { serverId, upstream, secret, generation: 4 };
    tell?.(userId, "", { is: "stopped" });
    assert.deepEqual(table.lookup(userId, ""), {
      userId,
      serverName: "",
      serverId,
      upstream,
      secret,
      generation: 4,
      kind: "jupyter",
    });
    answer = undefined;
    tell?.(userId, "", { is: "stopped" });
    assert.equal(table.lookup(userId, ""), undefined);
    stop();
    assert.equal(tell, undefined);
  });
});
