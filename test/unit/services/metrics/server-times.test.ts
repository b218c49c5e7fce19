import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { ServerTimes } from "#src/services/metrics/server-times.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { StatusListener } from "#src/services/servers/status-board.ts";
import { makeId } from "#src/stores/ids.ts";
import { MovableClock } from "#test/support/people.ts";

const at = "2026-11-22T08:00:00.000Z";
const upstream = { host: "10.213.0.2", port: 8888 };
const queued: ServerStatus = { is: "queued", since: at, place: 1 };
const running: ServerStatus = { is: "running", started: at, generation: 1, upstream };
const stopping: ServerStatus = { is: "stopping", since: at };
const stopped: ServerStatus = { is: "stopped" };

let clock: MovableClock;
let times: ServerTimes;
let tell: StatusListener;
const sam = makeId<"user">();

beforeEach(() => {
  clock = new MovableClock();
  times = new ServerTimes(clock);
  times.follow({
    onChange: (listener) => {
      tell = listener;
      return () => {};
    },
  });
});

function starting(...steps: readonly (readonly [step: "waited" | "network", seconds: number])[]) {
  const done = steps.map(([step, seconds]) => ({ step, seconds }));
  return { is: "starting", since: at, done, now: "container" } as const;
}

function go(...statuses: readonly ServerStatus[]): void {
  for (const status of statuses) {
    tell(sam, "", status);
    clock.pass(1000);
  }
}

/** Counts and sums alone, without what is nought. */
function figures(): string[] {
  return times.metrics
    .map((metric) => metric.text())
    .join("")
    .split("\n")
    .filter((line) => /_(?:sum|count)(?:\{.*\})? [^0]/.test(line))
    .map((line) => line.replace(/^(?:jupyterhub|homeroom)_/, ""));
}

describe("the time of a start", () => {
  it("goes from the line to the answer, with each step once", () => {
    go(
      queued,
      queued,
      starting(),
      starting(["waited", 2]),
      starting(["waited", 2], ["network", 3]),
    );
    go(running);
    assert.deepEqual(figures(), [
      'server_spawn_duration_seconds_sum{status="success",reason=""} 5',
      'server_spawn_duration_seconds_count{status="success",reason=""} 1',
      'start_step_seconds_sum{step="waited"} 2',
      'start_step_seconds_count{step="waited"} 1',
      'start_step_seconds_sum{step="network"} 3',
      'start_step_seconds_count{step="network"} 1',
    ]);
  });

  it("counts a failure with its reason, and the steps of another try", () => {
    const lastFailure = { code: "never_answered", params: {}, at, log: [] } as const;
    go(starting(["waited", 1], ["network", 1]), starting(["waited", 3]));
    go({ is: "stopped", lastFailure });
    assert.ok(
      figures().includes(
        'server_spawn_duration_seconds_count{status="failure",reason="never_answered"} 1',
      ),
    );
    assert.ok(figures().includes('start_step_seconds_sum{step="waited"} 4'));
  });

  it("that was called off is one, and its stop another", () => {
    go(queued, stopping, stopped);
    assert.deepEqual(figures(), [
      'server_spawn_duration_seconds_sum{status="failure",reason="start_cancelled"} 1',
      'server_spawn_duration_seconds_count{status="failure",reason="start_cancelled"} 1',
      'server_stop_seconds_sum{status="success"} 1',
      'server_stop_seconds_count{status="success"} 1',
    ]);
  });

  it("is not known of what ran before", () => {
    go(running, running, stopped);
    assert.deepEqual(figures(), []);
  });
});

describe("the time of a stop", () => {
  it("ends when it has stopped, or runs on after all", () => {
    go(running, stopping, stopped);
    go(queued, running, stopping, running);
    assert.ok(figures().includes('server_stop_seconds_count{status="success"} 1'));
    assert.ok(figures().includes('server_stop_seconds_count{status="failure"} 1'));
  });
});
