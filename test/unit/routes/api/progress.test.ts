import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { progressEvent } from "#src/routes/api/server-progress.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";

const since = "2026-11-21T10:00:00.000Z";
const url = "/user/maria/";
const upstream = { host: "10.213.0.2", port: 8888 };
const statuses: readonly ServerStatus[] = [
  { is: "queued", since, place: 4 },
  { is: "starting", since, done: [], now: "network" },
  { is: "starting", since, done: [{ step: "network", seconds: 0.1 }], now: "container" },
  { is: "running", started: since, generation: 1, upstream },
  { is: "frozen", started: since, generation: 1 },
  { is: "stopping", since },
  { is: "stopped" },
  {
    is: "stopped",
    lastFailure: { code: "start_cancelled", params: {}, at: since, log: [] },
  },
  {
    is: "stopped",
    lastFailure: { code: "image_missing", params: { image: "x" }, at: since, log: [] },
  },
];

describe("a progress event", () => {
  it("always has progress and message, which clients read without asking", () => {
    for (const status of statuses) {
      const event = progressEvent(status, url);
      assert.equal(typeof event["progress"], "number", status.is);
      assert.equal(typeof event["message"], "string", status.is);
    }
  });

  it("is ready for a running server alone, with its address", () => {
    const ready = statuses.filter((status) => progressEvent(status, url)["ready"] === true);
    assert.deepEqual(
      ready.map((status) => status.is),
      ["running", "frozen"],
    );
    assert.equal(progressEvent({ is: "frozen", started: since, generation: 1 }, url)["url"], url);
  });

  it("tells a failed start from a cancelled one", () => {
    const [stopped, cancelled, failed] = statuses
      .slice(-3)
      .map((status) => progressEvent(status, url));
    for (const event of [stopped, cancelled]) {
      assert.deepEqual([event?.["failed"], event?.["message"]], [true, "Spawn cancelled"]);
    }
    assert.match(String(failed?.["message"]), /^Spawn failed: /);
  });
});
