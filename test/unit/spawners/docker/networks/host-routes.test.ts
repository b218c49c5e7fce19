import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRoutes } from "#src/spawners/docker/networks/host-routes.ts";
import { findConflict } from "#src/spawners/docker/networks/pool-check.ts";

const TABLE = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
eth0	0001A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
tun0	0000D50A	00000000	0001	0	0	0	00FCFFFF	0	0	0
br-0123456789ab	0000D50A	00000000	0001	0	0	0	F0FFFFFF	0	0	0
wlan0	0500000A	00000000	0005	0	0	0	FFFFFFFF	0	0	0
garbage
`;

describe("the host's routes", () => {
  it("are read as networks, without the default route and what cannot be read", () => {
    assert.deepEqual(
      parseRoutes(TABLE).map((route) => [route.interface, route.network]),
      [
        ["docker0", "172.17.0.0/16"],
        ["eth0", "192.168.1.0/24"],
        ["tun0", "10.213.0.0/22"],
        ["br-0123456789ab", "10.213.0.0/28"],
        ["wlan0", "10.0.0.5/32"],
      ],
    );
  });

  it("are in conflict with a pool that hides one of them", () => {
    const none = new Set<string>();
    assert.equal(findConflict("10.213.0.0/16", parseRoutes(TABLE), none)?.network, "10.213.0.0/22");
    assert.equal(findConflict("192.168.0.0/16", parseRoutes(TABLE), none)?.interface, "eth0");
    assert.equal(
      findConflict("10.0.0.0/8", parseRoutes(TABLE), new Set(["tun0"]))?.interface,
      "br-0123456789ab",
    );
    assert.equal(findConflict("10.214.0.0/16", parseRoutes(TABLE), none), undefined);
  });

  it("leave out the engine's own bridges, which it keeps apart itself", () => {
    const bridges = new Set(["tun0", "br-0123456789ab"]);
    assert.equal(findConflict("10.213.0.0/16", parseRoutes(TABLE), bridges), undefined);
  });

  it("are none when nothing could be read", () => {
    assert.deepEqual(parseRoutes(""), []);
  });
});
