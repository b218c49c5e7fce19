import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startProgress, statusTag } from "#src/views/status-tag.ts";
import { sampleClock, statuses } from "#test/support/page-models.ts";

const secondsSince = (time: string): number => (sampleClock.now() - Date.parse(time)) / 1000;
const tag = (status: Parameters<typeof statusTag>[0], person = {}): string =>
  statusTag(status, person, secondsSince);

describe("the tag of a notebook", () => {
  it("names each status", () => {
    const tags = Object.entries(statuses).map(([label, status]) => [label, tag(status)]);
    assert.deepEqual(Object.fromEntries(tags), {
      stopped: "stopped",
      failed: "failed",
      queued: "in_line",
      queuedUnmeasured: "in_line",
      beginning: "starting",
      starting: "starting",
      late: "starting",
      running: "working",
      shortOfMemory: "low_memory",
      frozen: "idle",
      stopping: "stopping",
    });
  });
  it("is idle after ten minutes without activity", () => {
    assert.equal(tag(statuses.running, { lastActivity: "2026-11-22T09:51:00Z" }), "working");
    assert.equal(tag(statuses.running, { lastActivity: "2026-11-22T09:50:00Z" }), "idle");
  });
  it("says who never signed in, unless something more urgent is to be said", () => {
    assert.equal(tag(statuses.stopped, { neverSignedIn: true }), "first_sign_in");
    assert.equal(tag(statuses.failed, { neverSignedIn: true }), "failed");
    assert.equal(tag(statuses.running, { neverSignedIn: true }), "working");
  });
});

describe("the steps of a start", () => {
  const states = (status: Parameters<typeof startProgress>[0]): string[] =>
    startProgress(status).steps.map(({ state }) => state);

  it("wait in line first", () => {
    assert.deepEqual(states(statuses.queued), ["now", "todo", "todo", "todo"]);
    assert.equal(startProgress(statuses.queued).now, "waited");
  });
  it("show network, volume and container as one, with their time together", () => {
    const { steps, finished, now } = startProgress(statuses.starting);
    assert.deepEqual(states(statuses.starting), ["done", "done", "now", "todo"]);
    assert.ok(Math.abs((steps[1]?.seconds ?? 0) - 1.2) < 1e-9);
    assert.equal(finished, 2);
    assert.equal(now, "started");
  });
  it("stay at the files while one of the three is under way", () => {
    const status = {
      ...statuses.starting,
      done: statuses.starting.done.slice(0, 2),
      now: "volume",
    } as const;
    assert.deepEqual(states(status), ["done", "now", "todo", "todo"]);
  });
});
