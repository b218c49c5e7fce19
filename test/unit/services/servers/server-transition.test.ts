import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deadlineOf } from "#src/services/servers/server-deadlines.ts";
import {
  type Frozen,
  type LifeEvent,
  type LifeState,
  type Moment,
  type Running,
  type Stopping,
} from "#src/services/servers/server-state.ts";
import { transition } from "#src/services/servers/server-transition.ts";
import { statusOf } from "#src/services/servers/status-of.ts";
import type { LastFailure } from "#src/stores/records.ts";
import { fc } from "#test/support/property.ts";

const at = "2026-11-02T08:00:00.000Z";
const when: Moment = { at, monotonic: 5_000 };
const upstream = { host: "10.213.0.2", port: 8888 };
const failure: LastFailure = { code: "crashed", params: { exit_code: 1 }, at, log: ["boom"] };
const generation = 7;

const running: Running = { is: "running", generation, started: at, upstream };
const frozen: Frozen = { is: "frozen", generation, started: at, upstream };
const stoppingOf = (ending: Stopping["ending"]): Stopping => ({
  is: "stopping",
  generation,
  since: at,
  ending,
});
const again = { generation: generation + 1, since: when };

const states = {
  stopped: { is: "stopped" },
  queued: {
    is: "queued",
    generation,
    attempt: 1,
    since: { at, monotonic: 2_000 },
    mayHaveLeftover: false,
  },
  "queued again": {
    is: "queued",
    generation,
    attempt: 2,
    since: when,
    mayHaveLeftover: true,
  },
  starting: {
    is: "starting",
    generation,
    attempt: 1,
    since: at,
    done: [{ step: "waited", seconds: 1 }],
    now: "network",
    stepSince: 4_000,
  },
  running,
  frozen,
  "stopping as asked": stoppingOf({ why: "asked", was: running }),
  "stopping as cancelled": stoppingOf({ why: "cancelled" }),
  "stopping as failed": stoppingOf({ why: "failed", failure }),
  "stopping as dead": stoppingOf({ why: "died", exit: { code: 1, outOfMemory: false } }),
  "stopping a leftover": stoppingOf({ why: "leftover", lastFailure: failure }),
  "stopping, then starting": { ...stoppingOf({ why: "asked", was: running }), again },
} as const satisfies Record<string, LifeState>;

const events = {
  start_asked: { event: "start_asked", generation: 8, when, mayHaveLeftover: false },
  stop_asked: { event: "stop_asked", when },
  place_free: { event: "place_free", when },
  step_done: { event: "step_done", step: "network", when },
  answered: { event: "answered", upstream, when },
  start_failed: { event: "start_failed", failure, when },
  retried: { event: "retried", next: 8, when },
  stop_ended: { event: "stop_ended", when },
  stop_failed: { event: "stop_failed", when },
  died: { event: "died", generation, exit: { code: 1, outOfMemory: false }, when },
  out_of_memory: { event: "out_of_memory", generation, when },
  frozen: { event: "frozen", generation },
  resumed: { event: "resumed", generation },
  moved: { event: "moved", generation, upstream: { host: "10.213.0.9", port: 8888 } },
  adopted: { event: "adopted", state: running },
  found_dead: {
    event: "found_dead",
    generation,
    exit: { code: 1, outOfMemory: false },
    when,
  },
  found_leftover: { event: "found_leftover", generation, when },
} as const satisfies Record<LifeEvent["event"], LifeEvent>;

type Outcome = LifeState["is"] | "already" | "over";

/** What each event makes of each state; what is not written here is `over`. */
const table: Record<keyof typeof states, Partial<Record<LifeEvent["event"], Outcome>>> = {
  stopped: {
    start_asked: "queued",
    stop_asked: "already",
    adopted: "running",
    found_dead: "stopping",
    found_leftover: "stopping",
  },
  queued: {
    start_asked: "already",
    stop_asked: "stopped",
    place_free: "starting",
    start_failed: "stopped",
  },
  "queued again": {
    start_asked: "already",
    stop_asked: "stopping",
    place_free: "starting",
    start_failed: "stopping",
  },
  starting: {
    start_asked: "already",
    stop_asked: "stopping",
    step_done: "starting",
    answered: "running",
    start_failed: "stopping",
    retried: "queued",
  },
  running: {
    start_asked: "already",
    stop_asked: "stopping",
    died: "stopping",
    out_of_memory: "running",
    frozen: "frozen",
    moved: "running",
    resumed: "already",
  },
  frozen: {
    start_asked: "already",
    stop_asked: "stopping",
    died: "stopping",
    resumed: "running",
    frozen: "already",
  },
  "stopping as asked": {
    start_asked: "stopping",
    stop_asked: "already",
    stop_ended: "stopped",
    stop_failed: "running",
  },
  "stopping as cancelled": {
    start_asked: "stopping",
    stop_asked: "already",
    stop_ended: "stopped",
    stop_failed: "stopped",
  },
  "stopping as failed": {
    start_asked: "stopping",
    stop_asked: "already",
    stop_ended: "stopped",
    stop_failed: "stopped",
  },
  "stopping as dead": {
    start_asked: "stopping",
    stop_asked: "already",
    stop_ended: "stopped",
    stop_failed: "stopped",
  },
  "stopping a leftover": {
    start_asked: "stopping",
    stop_asked: "already",
    stop_ended: "stopped",
    stop_failed: "stopped",
  },
  "stopping, then starting": {
    start_asked: "already",
    stop_asked: "stopping",
    stop_ended: "queued",
    stop_failed: "queued",
  },
};

function outcomeOf(state: LifeState, event: LifeEvent): Outcome {
  const outcome = transition(state, event);
  return outcome.ok ? outcome.state.is : outcome.because;
}

function next(state: LifeState, ...happened: readonly LifeEvent[]): LifeState {
  return happened.reduce((before, event) => {
    const outcome = transition(before, event);
    assert.ok(outcome.ok, `${event.event} does not fit ${before.is}`);
    return outcome.state;
  }, state);
}

describe("the life of a server", () => {
  for (const [name, row] of Object.entries(table)) {
    it(`${name}: every event has the outcome of the table`, () => {
      const state = states[name as keyof typeof states];
      const outcomes = Object.entries(events).map(([event, value]) => [
        event,
        outcomeOf(state, value),
      ]);
      const expected = Object.keys(events).map((event) => [
        event,
        row[event as LifeEvent["event"]] ?? "over",
      ]);
      assert.deepEqual(outcomes, expected);
    });
  }

  it("does not hear what an older container did", () => {
    const older = generation - 1;
    for (const state of [running, frozen]) {
      for (const event of [
        { ...events.died, generation: older },
        { ...events.out_of_memory, generation: older },
        { ...events.moved, generation: older },
      ]) {
        assert.equal(outcomeOf(state, event), "over");
      }
    }
    assert.equal(outcomeOf(running, { ...events.frozen, generation: older }), "over");
    assert.equal(outcomeOf(frozen, { ...events.resumed, generation: older }), "over");
  });

  it("measures each step, and what waiting took", () => {
    const started = next(states.queued, events.place_free, {
      ...events.step_done,
      when: { at, monotonic: 5_250 },
    });
    assert.ok(started.is === "starting");
    assert.deepEqual(started.done, [
      { step: "waited", seconds: 3 },
      { step: "network", seconds: 0.25 },
    ]);
    assert.equal(started.now, "volume");
  });

  it("tries again as the next generation, and counts the tries", () => {
    const state = next(states.starting, events.retried);
    assert.ok(state.is === "queued");
    assert.deepEqual([state.generation, state.attempt, state.mayHaveLeftover], [8, 2, true]);
  });

  it("ends as asked last: start, stop, start while stopping", () => {
    const state = next(
      states["stopping as asked"],
      events.start_asked,
      events.stop_asked,
      events.start_asked,
      events.stop_ended,
    );
    assert.ok(state.is === "queued");
    assert.equal(state.generation, 8);
  });

  it("ends as asked last: a stop after a start while stopping", () => {
    const state = next(
      states["stopping as asked"],
      events.start_asked,
      events.stop_asked,
      events.stop_ended,
    );
    assert.deepEqual(state, { is: "stopped" });
  });

  it("returns to what it was when a stop could not be done", () => {
    assert.equal(next(states["stopping as asked"], events.stop_failed), running);
  });

  it("keeps the failure through cleaning up, and through a leftover found later", () => {
    assert.deepEqual(next(states["stopping as failed"], events.stop_ended), {
      is: "stopped",
      lastFailure: failure,
    });
    assert.deepEqual(
      next({ is: "stopped", lastFailure: failure }, events.found_leftover, events.stop_ended),
      { is: "stopped", lastFailure: failure },
    );
  });

  it("remembers what could not be removed, so that a start called off later removes it", () => {
    const stopped = next(states["stopping as cancelled"], events.stop_failed);
    assert.ok(stopped.is === "stopped");
    assert.equal(stopped.mayHaveLeftover, true);
    assert.equal(next(stopped, events.start_asked, events.stop_asked).is, "stopping");
    const ended = next(states["stopping as asked"], {
      ...events.stop_ended,
      mayHaveLeftover: true,
    });
    assert.equal(next(ended, events.start_asked, events.stop_asked).is, "stopping");
  });

  it("wakes a frozen server at its old address unless told another", () => {
    const state = next(frozen, events.resumed);
    assert.deepEqual(state, running);
    const { upstream: _, ...unreachable } = frozen;
    assert.equal(outcomeOf(unreachable, events.resumed), "over");
    assert.equal(outcomeOf(unreachable, { ...events.resumed, upstream }), "running");
  });
});

describe("deadlines", () => {
  const limits = { stepMs: 120_000, stopMs: 60_000, engineLostMs: 90_000 };

  it("every pending state has one; a start in line only while the engine is lost", () => {
    const found = Object.fromEntries(
      Object.entries(states).map(([name, state]) => [name, deadlineOf(state, limits)]),
    );
    const waits = { ms: 90_000, counts: "while_engine_lost" };
    const stops = { ms: 60_000, counts: "always" };
    assert.deepEqual(found, {
      stopped: undefined,
      queued: waits,
      "queued again": waits,
      starting: { ms: 120_000, counts: "always" },
      running: undefined,
      frozen: undefined,
      "stopping as asked": stops,
      "stopping as cancelled": stops,
      "stopping as failed": stops,
      "stopping as dead": stops,
      "stopping a leftover": stops,
      "stopping, then starting": stops,
    });
  });
});

describe("the status that others see", () => {
  it("tells a cancelled start to those who watch, and to nobody later", () => {
    const state = next(states.queued, events.stop_asked);
    assert.deepEqual(statusOf(state, undefined, true), {
      is: "stopped",
      lastFailure: { code: "start_cancelled", params: {}, at, log: [] },
    });
    assert.deepEqual(statusOf(state, undefined, false), { is: "stopped" });
  });

  it("is plain JSON for every state", () => {
    for (const state of Object.values(states)) {
      const status = statusOf(state, { place: 2, estimateSeconds: 4 }, false);
      assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
      assert.equal(status.is, state.is);
    }
  });
});

/** Whether the server should be up in the end; `state` is the real one. */
interface Model {
  wanted: boolean;
}
interface Real {
  state: LifeState;
  generations: number;
}

class Happens implements fc.Command<Model, Real> {
  readonly event: LifeEvent;

  constructor(event: LifeEvent) {
    this.event = event;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    const before = real.state;
    const outcome = transition(before, this.#fitted(real));
    if (!outcome.ok) {
      assert.equal(real.state, before);
      // Wishes are refused only when they are the case already.
      if (this.event.event === "start_asked") assert.equal(model.wanted, true);
      if (this.event.event === "stop_asked") assert.equal(model.wanted, false);
      return;
    }
    real.state = outcome.state;
    model.wanted = this.#wantedAfter(model.wanted, before);
  }

  /** Engines and wishes know the present generation; a new start has the next one. */
  #fitted(real: Real): LifeEvent {
    const { event } = this;
    if (event.event === "start_asked") {
      real.generations += 1;
      return { ...event, generation: real.generations };
    }
    if (event.event === "retried") {
      real.generations += 1;
      return { ...event, next: real.generations };
    }
    const present = "generation" in real.state ? real.state.generation : real.generations;
    return "generation" in event ? { ...event, generation: present } : event;
  }

  #wantedAfter(wanted: boolean, before: LifeState): boolean {
    switch (this.event.event) {
      case "start_asked":
      case "adopted":
        return true;
      case "stop_asked":
      case "start_failed":
      case "died":
        return false;
      case "stop_failed":
        // Who asked for the stop was told that it runs on.
        return wanted || (before.is === "stopping" && before.ending.why === "asked");
      default:
        return wanted;
    }
  }

  toString(): string {
    return this.event.event;
  }
}

/** What happens next when everything works. */
function naturalNext(state: LifeState): LifeEvent | undefined {
  switch (state.is) {
    case "queued":
      return events.place_free;
    case "starting":
      return state.now === "answering"
        ? events.answered
        : { event: "step_done", step: state.now, when };
    case "stopping":
      return events.stop_ended;
    case "frozen":
      return { ...events.resumed, generation: state.generation, upstream };
    case "stopped":
    case "running":
      return undefined;
  }
}

describe("any life of a server", () => {
  it("comes to rest as it was asked last, whatever happened", () => {
    const commands = fc.commands(
      Object.values(events).map((event) => fc.constant(new Happens(event))),
      { maxCommands: 60, size: "max" },
    );
    fc.assert(
      fc.property(commands, (happened) => {
        const model: Model = { wanted: false };
        const real: Real = { state: { is: "stopped" }, generations: 0 };
        fc.modelRun(() => ({ model, real }), happened);
        let left = 20;
        for (let event = naturalNext(real.state); event; event = naturalNext(real.state)) {
          assert.ok(left-- > 0, `${real.state.is} does not come to rest`);
          real.state = next(real.state, event);
        }
        assert.equal(real.state.is, model.wanted ? "running" : "stopped");
      }),
      { numRuns: 1_000 },
    );
  });

  it("can be stopped from any state", () => {
    for (const state of Object.values(states)) {
      const asked = transition(state, events.stop_asked);
      const stopping = asked.ok ? asked.state : state;
      const ended = transition(stopping, events.stop_ended);
      assert.equal((ended.ok ? ended.state : stopping).is, "stopped");
    }
  });
});
