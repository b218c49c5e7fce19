import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isImageReference,
  isObjectReference,
  isOurs,
  labelsOf,
  objectName,
  type ObjectKind,
  readServerLabels,
} from "#src/spawners/docker/names.ts";
import { isId, makeId } from "#src/stores/ids.ts";
import type { InstanceId, ServerId, UserId } from "#src/stores/records.ts";
import { fc } from "#test/support/property.ts";

const instance = "aaaaaaaaaaaaaaaa" as InstanceId;
const userId = "bbbbbbbbbbbbbbbb" as UserId;
const serverId = "cccccccccccccccc" as ServerId;

describe("names of Docker objects", () => {
  it("are made of instance, kind and id", () => {
    assert.equal(objectName(instance, "home", userId), `hr-${instance}-home-${userId}`);
  });

  it("differ for every kind and id", () => {
    const kinds: ObjectKind[] = ["server", "net", "out", "home", "task", "hub"];
    const ids = Array.from({ length: 50 }, () => makeId());
    const names = kinds.flatMap((kind) => ids.map((id) => objectName(instance, kind, id)));
    assert.equal(new Set(names).size, kinds.length * ids.length);
    assert.ok(names.every(isObjectReference));
  });

  it("are never made of anything but ids", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (isId(text)) return;
        assert.throws(() => objectName(instance, "server", text), TypeError);
      }),
      { numRuns: 2000 },
    );
  });

  it("and full ids of the engine are all that may stand in a path", () => {
    assert.ok(isObjectReference("0123456789abcdef".repeat(4)));
    const refused = [
      "",
      ".",
      "..",
      "n1/../n2",
      "hr-x",
      "0123456789ab",
      "%2e%2e",
      "a b",
      "a?b",
      "a#b",
    ];
    refused.push(
      `${objectName(instance, "net", serverId)}/../x`,
      `${objectName(instance, "net", serverId)}\n`,
    );
    for (const text of refused) assert.equal(isObjectReference(text), false, JSON.stringify(text));
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        (text) => !/[/?#%\\]|\.\./.test(text) || !isObjectReference(text),
      ),
    );
  });
});

describe("names of images", () => {
  it("are taken as people write them", () => {
    const digest = `example/notebook@sha256:${"0".repeat(64)}`;
    for (const text of ["homeroom-notebook", "school/lab:2026", "box.lan:5000/lab:1", digest]) {
      assert.ok(isImageReference(text), text);
    }
  });

  it("never lead elsewhere", () => {
    for (const text of ["", "../x", "a/../b", "/a", "a//b", "a/", "a b", "a?b", "a%2fb", "a\\b"]) {
      assert.equal(isImageReference(text), false, JSON.stringify(text));
    }
  });
});

describe("labels", () => {
  const labels = {
    ...labelsOf(instance, "server", { userId, serverId }),
    "homeroom.generation": "7",
    "homeroom.profile": "default",
    "homeroom.config": "abc",
  };

  it("bring back what they were made of", () => {
    assert.deepEqual(readServerLabels(labels), {
      userId,
      serverId,
      generation: 7,
      profile: "default",
      configHash: "abc",
    });
  });

  it("of another kind, or damaged, are no server's", () => {
    const damaged = [
      {},
      { ...labels, "homeroom.kind": "task" },
      { ...labels, "homeroom.user": "../x" },
      { ...labels, "homeroom.server": "" },
      { ...labels, "homeroom.generation": "seven" },
    ];
    for (const one of damaged) assert.equal(readServerLabels(one), undefined);
  });

  it("tell our objects from those of another instance", () => {
    assert.ok(isOurs(labels, instance));
    assert.equal(isOurs(labels, "dddddddddddddddd" as InstanceId), false);
    assert.equal(isOurs(undefined, instance), false);
    assert.equal(isOurs(null, instance), false);
  });
});
