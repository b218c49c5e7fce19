import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventReader, parseEvent } from "#src/spawners/docker/events.ts";
import { fc } from "#test/support/property.ts";

const attributes = {
  "homeroom.instance": "aaaaaaaaaaaaaaaa",
  "homeroom.kind": "server",
  "homeroom.user": "bbbbbbbbbbbbbbbb",
  "homeroom.server": "cccccccccccccccc",
  "homeroom.generation": "2",
  "homeroom.profile": "défaut",
  "homeroom.config": "abc",
  image: "lab:1",
};
const server = {
  userId: "bbbbbbbbbbbbbbbb",
  serverId: "cccccccccccccccc",
  generation: 2,
  profile: "défaut",
  configHash: "abc",
};

function line(action: string, more: object = {}, timeNano = 17): string {
  return JSON.stringify({
    Type: "container",
    Action: action,
    Actor: { ID: "f00", Attributes: { ...attributes, ...more } },
    timeNano,
  });
}

describe("an event of the engine", () => {
  it("tells who died with which exit code", () => {
    assert.deepEqual(parseEvent(line("die", { exitCode: "137" })), {
      action: "die",
      containerId: "f00",
      server,
      exitCode: 137,
      key: "17 die f00",
    });
  });

  it("is passed over when it is not about one of our servers, or not of our kind", () => {
    const others = [
      "",
      "null",
      "7",
      '"die"',
      "[]",
      '{"Action":"die"}',
      '{"Action":"die","Actor":{"ID":"f00"}}',
      '{"Action":"die","Actor":{"ID":"f00","Attributes":null}}',
      line("start"),
      line("exec_die: sh"),
      line("die", { "homeroom.kind": "task" }),
      line("die", { "homeroom.server": "../x" }),
      line("die").slice(0, -5),
    ];
    for (const one of others) assert.equal(parseEvent(one), undefined, one);
  });
});

describe("a stream of events", () => {
  it("reads the same however it is cut", () => {
    const text = `${line("die", { exitCode: "1" }, 1)}\n${line("pause", {}, 2)}\n${line("oom", {}, 3)}\n`;
    const bytes = Buffer.from(text);
    const whole = new EventReader().push(bytes);
    assert.equal(whole.length, 3);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const reader = new EventReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const seen = places
          .slice(1)
          .flatMap((end, index) => reader.push(bytes.subarray(places[index], end)));
        assert.deepEqual(seen, whole);
      }),
    );
  });

  it("loses only the line that is damaged", () => {
    const reader = new EventReader();
    const text = `${line("pause", {}, 1)}\n${line("die").slice(0, 40)}\n\n<html>\n${line("unpause", {}, 3)}\n`;
    assert.deepEqual(
      reader.push(Buffer.from(text)).map(({ action }) => action),
      ["pause", "unpause"],
    );
  });

  it("does not grow with a line that never ends", () => {
    const reader = new EventReader();
    for (let count = 0; count < 40; count += 1) reader.push(Buffer.alloc(65_536, "x"));
    reader.push(Buffer.from("\n"));
    assert.equal(reader.push(Buffer.from(`${line("die")}\n`)).length, 1);
  });
});
