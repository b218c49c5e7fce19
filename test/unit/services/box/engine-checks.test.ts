import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  checkDisk,
  checkDocker,
  checkImages,
  checkMemory,
  checkPool,
} from "#src/services/box/engine-checks.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

describe("the check of Docker", () => {
  for (const [version, status] of [
    ["20.10.24+dfsg1", "ok"],
    ["20.10.0", "ok"],
    ["28.2.2", "ok"],
    ["v29.0", "ok"],
    ["20.9.9", "warning"],
    ["19.03.15", "warning"],
    ["dev", "ok"],
    ["", "ok"],
  ] as const) {
    it(`calls version “${version}” ${status}`, () => {
      const check = checkDocker({ version });
      assert.equal(check.status, status);
      assert.match(check.text, new RegExp(`Docker ${version.replaceAll(/[.+]/g, "\\$&")} answers`));
    });
  }
});

describe("the check of images", () => {
  const image = (profile: string, isThere: boolean) => ({
    profile,
    image: `image-of-${profile}`,
    isThere,
  });

  it("names what is missing, with its profile, and nothing else", () => {
    const images = [image("default", true), image("r", false), image("old", false)];
    const check = checkImages({ images });
    assert.equal(check.status, "bad");
    assert.match(check.text, /: image-of-r \(profile r\), image-of-old \(profile old\)\.$/);
    assert.match(check.advice ?? "", /\.\/homeroom up/);
  });

  it("warns of what is made for other processors", () => {
    const images = [image("default", true), { ...image("r", true), madeFor: "arm64" }];
    const check = checkImages({ images });
    assert.equal(check.status, "warning");
    assert.match(check.text, /: image-of-r \(profile r, for arm64\)\.$/);
  });

  it("is content when all are there", () => {
    assert.equal(checkImages({ images: [image("default", true), image("r", true)] }).status, "ok");
  });
});

describe("the check of the pool", () => {
  const networks = (taken: number, places = 16) => ({
    networks: { pool: "10.213.0.0/24", places, taken },
  });

  it("counts what is free", () => {
    const check = checkPool(networks(2), undefined);
    assert.equal(check.status, "ok");
    assert.match(check.text, /14 of 16 are free/);
  });

  it("warns when less than a tenth is free", () => {
    assert.equal(checkPool(networks(14), undefined).status, "ok");
    const check = checkPool(networks(15), undefined);
    assert.equal(check.status, "warning");
    assert.match(check.advice ?? "", /HOMEROOM_POOL/);
  });

  it("says in the words of the failure what it overlaps, or that it is used up", () => {
    const params = { pool: "10.213.0.0/24", network: "10.213.0.0/16" };
    const conflict = checkPool(networks(2), { code: "pool_conflict", params });
    assert.equal(conflict.status, "bad");
    assert.match(conflict.text, /overlaps 10\.213\.0\.0\/16/);
    const full = checkPool(networks(16), undefined);
    assert.equal(full.code, "pool_exhausted");
    assert.equal(full.status, "bad");
  });

  it("does not call fine what could not be looked at", () => {
    const params = { image: "notebook" };
    const check = checkPool(networks(2), { code: "image_missing", params });
    assert.equal(check.status, "warning");
    const other = { code: "spawner_failed", params: { detail: "no" } } as const;
    assert.equal(checkPool(networks(2), other).status, "bad");
  });
});

describe("the check of a disk", () => {
  for (const [freeBytes, totalBytes, status] of [
    [71 * GIB, 252 * GIB, "ok"],
    [25 * GIB, 252 * GIB, "warning"],
    [2 * GIB, 8 * GIB, "ok"],
    [2 * GIB - 1, 8 * GIB, "warning"],
    [500 * MIB, 8 * GIB, "warning"],
    [500 * MIB - 1, 8 * GIB, "bad"],
    [0, 8 * GIB, "bad"],
  ] as const) {
    it(`calls ${freeBytes} of ${totalBytes} bytes ${status}`, () => {
      const check = checkDisk("data_disk", { freeBytes, totalBytes });
      assert.equal(check.status, status);
      assert.equal(check.advice === undefined, status === "ok");
    });
  }

  it("says sizes in words", () => {
    const check = checkDisk("docker_disk", { freeBytes: 1.9 * GIB, totalBytes: 29 * GIB });
    assert.match(check.text, /^Only 1\.9 GB of 29 GB are free/);
  });
});

describe("the check of memory", () => {
  it("counts the notebooks that fit beside what the box needs itself", () => {
    const memory = { totalBytes: 8 * GIB, availableBytes: 5 * GIB };
    const check = checkMemory(memory, GIB);
    assert.equal(check.status, "ok");
    assert.match(check.text, /1 GB each: 7\.$/);
  });

  it("warns when not one fits, and when nearly nothing is left", () => {
    const small = checkMemory({ totalBytes: GIB, availableBytes: 0.7 * GIB }, GIB);
    assert.equal(small.code, "memory_small");
    assert.match(small.advice ?? "", /HOMEROOM_MEMORY/);
    const low = checkMemory({ totalBytes: 8 * GIB, availableBytes: 200 * MIB }, GIB);
    assert.equal(low.code, "memory_low");
    assert.equal(low.status, "warning");
  });
});
