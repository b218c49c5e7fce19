import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Formats } from "#src/views/formats.ts";
import { sampleClock } from "#test/support/page-models.ts";

const english = new Formats("en", { clock: sampleClock, timeZone: "UTC" });
const egyptian = new Formats("ar-EG", { clock: sampleClock, timeZone: "Africa/Cairo" });

describe("how long ago", () => {
  for (const [time, words] of [
    ["2026-11-22T09:59:30Z", "now"],
    ["2026-11-22T09:58:30Z", "1 minute ago"],
    ["2026-11-22T08:00:01Z", "1 hour ago"],
    ["2026-11-21T09:59:59Z", "yesterday"],
    ["2026-11-01T10:00:00Z", "21 days ago"],
  ] as const) {
    it(`${time} is ${words}`, () => assert.equal(english.ago(time), words));
  }
  it("is now for a time ahead of the box's clock", () => {
    assert.equal(english.ago("2026-11-22T11:00:00Z"), "now");
  });
});

describe("quantities", () => {
  it("are written as the language writes them", () => {
    assert.equal(english.number(1234), "1,234");
    assert.equal(egyptian.number(1234), "١٬٢٣٤");
    assert.equal(english.percent(38.4), "38%");
    assert.equal(english.duration(12.4), "12 sec");
    assert.equal(english.duration(150), "3 min");
  });
  it("count memory in the unit that fits", () => {
    assert.equal(english.bytes(0.61 * 1024 ** 3), "0.6 GB");
    assert.equal(english.bytes(200 * 1024 ** 2), "200 MB");
    assert.equal(english.bytes(90_000), "88 kB");
    assert.equal(english.bytes(0), "0 kB");
  });
  it("leave codes and ports as they are", () => {
    assert.equal(english.plainNumber(8888), "8888");
  });
});

describe("a moment", () => {
  it("is told in the zone of the box", () => {
    assert.match(english.moment("2026-11-22T09:57:00Z"), /Nov 22, 2026, 9:57/);
    assert.match(egyptian.moment("2026-11-22T09:57:00Z"), /١١:٥٧/);
  });
});
