import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  formatAddress,
  overlaps,
  parseRange,
  SubnetPool,
} from "#src/spawners/docker/networks/pool.ts";
import { fc } from "#test/support/property.ts";

describe("an IPv4 network", () => {
  it("is read with its first and last address", () => {
    const range = parseRange("10.213.4.0/22");
    assert.ok(range !== undefined);
    assert.equal(formatAddress(range.first), "10.213.4.0");
    assert.equal(formatAddress(range.last), "10.213.7.255");
  });

  it("is read as the network around an address, up to the highest one", () => {
    assert.deepEqual(parseRange("192.168.1.77/24"), parseRange("192.168.1.0/24"));
    assert.equal(formatAddress(parseRange("255.255.255.255/32")?.last ?? 0), "255.255.255.255");
    assert.deepEqual(parseRange("0.0.0.0/0"), { first: 0, last: 2 ** 32 - 1 });
  });

  it("is nothing else", () => {
    for (const text of [
      "",
      "10.0.0.0",
      "10.0.0/8",
      "10.0.0.256/8",
      "10.0.0.0/33",
      "a.b.c.d/8",
      "::1/128",
      "1.2.3.4/8/8",
      "1.2.3.4/ 8",
    ]) {
      assert.equal(parseRange(text), undefined, text);
    }
  });

  it("overlaps another when one address is in both", () => {
    const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const prefix = fc.integer({ min: 4, max: 32 });
    fc.assert(
      fc.property(address, prefix, address, prefix, (a, p, b, q) => {
        const one = parseRange(`${formatAddress(a)}/${p}`);
        const other = parseRange(`${formatAddress(b)}/${q}`);
        assert.ok(one !== undefined && other !== undefined);
        const inOther = one.first >= other.first && one.first <= other.last;
        const inOne = other.first >= one.first && other.first <= one.last;
        assert.equal(overlaps(one, other), inOther || inOne);
        assert.equal(overlaps(one, other), overlaps(other, one));
      }),
    );
  });
});

describe("the pool of networks", () => {
  it("gives each /28 once, and again only after its release", () => {
    const pool = new SubnetPool("10.213.0.0/26");
    const taken = [pool.take(), pool.take(), pool.take(), pool.take()];
    assert.deepEqual(taken, [
      "10.213.0.0/28",
      "10.213.0.16/28",
      "10.213.0.32/28",
      "10.213.0.48/28",
    ]);
    assert.equal(pool.take(), undefined);
    pool.release("10.213.0.32/28");
    assert.equal(pool.take(), "10.213.0.32/28");
  });

  it("does not give an address again at once", () => {
    const pool = new SubnetPool("10.213.0.0/26");
    const first = pool.take();
    assert.equal(first, "10.213.0.0/28");
    pool.release(first);
    assert.equal(pool.take(), "10.213.0.16/28");
  });

  it("steps over what the engine uses, smaller, larger and across its borders", () => {
    const pool = new SubnetPool("10.213.0.0/25");
    pool.occupy([
      "10.213.0.4/30",
      "10.213.0.32/27",
      "10.212.255.0/24",
      "172.17.0.0/16",
      "fd00::/64",
    ]);
    assert.deepEqual(
      [pool.take(), pool.take(), pool.take()],
      ["10.213.0.16/28", "10.213.0.64/28", "10.213.0.80/28"],
    );
  });

  it("is used up when one network covers it", () => {
    const pool = new SubnetPool("10.213.0.0/24");
    pool.occupy(["10.0.0.0/8"]);
    assert.equal(pool.take(), undefined);
  });

  it("forgets what the engine no longer uses, but never what it gave out", () => {
    const pool = new SubnetPool("10.213.0.0/27");
    assert.equal(pool.take(), "10.213.0.0/28");
    pool.occupy(["10.213.0.16/28"]);
    assert.equal(pool.take(), undefined);
    pool.occupy([]);
    assert.equal(pool.take(), "10.213.0.16/28");
    assert.equal(pool.take(), undefined);
  });

  it("holds a subnet that has become a network until that is removed", () => {
    const pool = new SubnetPool("10.213.0.0/28");
    pool.take();
    pool.settle("10.213.0.0/28");
    assert.equal(pool.take(), undefined);
    pool.occupy([]);
    assert.equal(pool.take(), "10.213.0.0/28");
  });

  it("knows what lies in it", () => {
    const pool = new SubnetPool("10.213.0.0/16");
    assert.ok(pool.contains("10.213.255.240/28"));
    assert.equal(pool.contains("10.214.0.0/28"), false);
    assert.equal(pool.contains("10.0.0.0/8"), false);
  });

  it("has room for 4,096 networks by default, all different", () => {
    const pool = new SubnetPool("10.213.0.0/16");
    const all = Array.from({ length: 4096 }, () => pool.take());
    assert.equal(new Set(all).size, 4096);
    assert.equal(all.includes(undefined), false);
    assert.equal(pool.take(), undefined);
  });
});
