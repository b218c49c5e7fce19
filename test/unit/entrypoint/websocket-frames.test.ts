import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClientFrames } from "#src/entrypoint/websocket-frames.ts";
import { fc } from "#test/support/property.ts";

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

function frame(opcode: number, size: number, masked = true): Buffer {
  const mask = masked ? 0x80 : 0;
  const first = 0x80 | opcode;
  const head =
    size < 126
      ? Buffer.from([first, mask | size])
      : size < 65_536
        ? Buffer.from([first, mask | 126, size >> 8, size & 0xff])
        : Buffer.concat([Buffer.from([first, mask | 127, 0, 0, 0, 0]), uint32(size)]);
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0, 7), Buffer.alloc(size, 0x81)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

describe("frames from a client", () => {
  it("are messages or not", () => {
    for (const opcode of [CONTINUATION, TEXT, BINARY]) {
      assert.equal(new ClientFrames().feed(frame(opcode, 5)), true);
    }
    for (const opcode of [CLOSE, PING, PONG]) {
      assert.equal(new ClientFrames().feed(frame(opcode, 5)), false);
    }
  });

  it("are told apart however the stream is cut", () => {
    const opcodes = fc.array(
      fc.tuple(
        fc.constantFrom(CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG),
        fc.constantFrom(0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000),
        fc.boolean(),
      ),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        opcodes,
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }),
        (list, cuts) => {
          const stream = Buffer.concat(
            list.map(([opcode, size, masked]) => frame(opcode, size, masked)),
          );
          const frames = new ClientFrames();
          let found = false;
          for (let at = 0, turn = 0; at < stream.length; turn += 1) {
            const step = cuts[turn % cuts.length] ?? 1;
            if (frames.feed(stream.subarray(at, at + step))) found = true;
            at += step;
          }
          assert.equal(
            found,
            list.some(([opcode]) => opcode <= BINARY),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("that no one can send count as activity", () => {
    const impossible = Buffer.concat([
      Buffer.from([0x8a, 0xff]),
      Buffer.alloc(8, 0xff),
      Buffer.alloc(4),
    ]);
    const frames = new ClientFrames();
    assert.equal(frames.feed(impossible), true);
    assert.equal(frames.feed(frame(PONG, 1)), true);
  });
});
