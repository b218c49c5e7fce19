import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { readTimestamp } from "#src/routes/api/timestamps.ts";
import { readActivity, readNewUsers, readUserModel } from "#src/routes/api/user-bodies.ts";
import { fc } from "#test/support/property.ts";

describe("a timestamp", () => {
  for (const [text, time] of [
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.678Z"],
    ["2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04", "2026-01-02T03:04:00.000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
    ["2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"],
    ["2026-01-02T03:04:05-0230", "2026-01-02T05:34:05.000Z"],
    ["2026-01-02T03:04:05+05", "2026-01-01T22:04:05.000Z"],
    ["2024-02-29T00:00:00z", "2024-02-29T00:00:00.000Z"],
  ] as const) {
    it(`${text} is ${time}`, () => assert.equal(readTimestamp(text), time));
  }

  for (const value of ["", "x", "2026", "2026-02-29", "2026-13-01", "2026-01-01T24:01Z", 0, {}]) {
    it(`is not ${JSON.stringify(value)}`, () =>
      assert.throws(() => readTimestamp(value), /^HubError: Not a valid timestamp: /));
  }
});

describe("what clients send about people", () => {
  it("is read, or refused by its name, whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        for (const read of [
          () => readUserModel(body),
          () => readNewUsers(body),
          () => readActivity(body, "sam", [""]),
          () => readActivity({ servers: body, last_activity: body }, "sam", [""]),
        ]) {
          try {
            read();
          } catch (error) {
            assert.ok(error instanceof HubError && error.status === 400, String(error));
          }
        }
      }),
    );
  });
});
