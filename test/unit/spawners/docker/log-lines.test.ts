import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FrameReader } from "#src/spawners/docker/engine/frames.ts";
import { logLines } from "#src/spawners/docker/log-lines.ts";
import { fc } from "#test/support/property.ts";

function frame(stream: "stdout" | "stderr", data: string | Buffer): Buffer {
  const bytes = Buffer.from(data);
  const header = Buffer.alloc(8);
  header[0] = stream === "stdout" ? 1 : 2;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

describe("frames of output", () => {
  it("bring the same bytes however they are cut", () => {
    const parts = [
      frame("stdout", "one\n"),
      frame("stderr", "oh\n"),
      frame("stdout", ""),
      frame("stdout", "two"),
    ];
    const whole = Buffer.concat(parts);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 12 }), (cuts) => {
        const reader = new FrameReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const frames = places
          .slice(1)
          .flatMap((end, at) => reader.push(whole.subarray(places[at], end)));
        const text = (stream: string) =>
          frames
            .filter((one) => one.stream === stream)
            .map(({ data }) => data.toString())
            .join("");
        assert.equal(text("stdout"), "one\ntwo");
        assert.equal(text("stderr"), "oh\n");
      }),
    );
  });
});

describe("log lines", () => {
  it("are those of both streams in the order in which they came, the last ones", () => {
    const output = Buffer.concat([
      frame("stdout", "one\n"),
      frame("stderr", "two\n"),
      frame("stdout", "three\n"),
    ]);
    assert.deepEqual(logLines(output, 10), ["one", "two", "three"]);
    assert.deepEqual(logLines(output, 2), ["two", "three"]);
    assert.deepEqual(logLines(output, 0), []);
    assert.deepEqual(logLines(Buffer.alloc(0), 5), []);
  });

  it("are put together from parts, also in the middle of a letter", () => {
    const bytes = Buffer.from("señal\n");
    const output = Buffer.concat([
      frame("stdout", bytes.subarray(0, 3)),
      frame("stderr", "between\n"),
      frame("stdout", bytes.subarray(3)),
      frame("stdout", "without an end"),
    ]);
    assert.deepEqual(logLines(output, 9), ["between", "señal", "without an end"]);
  });

  it("carry no escape sequence, control character or turned direction", () => {
    const hostile =
      "\u001B[31mred\u001B[0m \u001B]0;title\u0007\u0000x\u0008\u009B1m\u202Eevil\u2066\ttab\r\n";
    assert.deepEqual(logLines(frame("stdout", hostile), 1), ["red xevil    tab"]);
  });

  it("show what a progress bar came to", () => {
    assert.deepEqual(logLines(frame("stdout", "10%\r50%\r100%\n"), 1), ["100%"]);
  });

  it("are never longer than a page can bear", () => {
    const [line = ""] = logLines(frame("stdout", `${"x".repeat(200_000)}\n`), 1);
    assert.ok(line.length <= 1001);
    assert.ok(line.endsWith("…"));
  });

  it("come out of any bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        for (const line of logLines(Buffer.from(bytes), 50)) assert.doesNotMatch(line, /\p{Cc}/u);
      }),
    );
  });
});
