import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readContainer } from "#src/spawners/docker/engine/facts.ts";
import { containerIdIn, isThisProcess } from "#src/spawners/docker/networks/own-container.ts";

const id = "0123456789abcdef".repeat(4);

describe("the hub's own container", () => {
  it("is found by the mount of its host name", () => {
    const line = `660 641 254:0 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/vda rw`;
    assert.equal(containerIdIn(`1 2 3 / / rw\n${line}\n`), id);
    assert.equal(containerIdIn("1 2 3 / / rw - ext4 /dev/vda rw\n"), undefined);
  });

  it("is the one that has one of our addresses, not any one with our name", () => {
    const container = readContainer({
      Id: id,
      NetworkSettings: { Networks: { one: { IPAddress: "172.18.0.2" }, two: { IPAddress: "" } } },
    });
    assert.ok(isThisProcess(container, new Set(["127.0.0.1", "172.18.0.2"])));
    assert.equal(isThisProcess(container, new Set(["127.0.0.1", "192.168.1.5", "::1"])), false);
  });
});
