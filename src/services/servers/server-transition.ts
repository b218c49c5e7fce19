/**
 * The life of a server as a pure function: what it does now, what happened, what it does
 * next. Nothing here waits, reads a clock or knows an engine; ./server-life.ts does what a state asks.
 */
import type { StepName } from "#src/spawners/spawner.ts";
import type { LastFailure } from "#src/stores/records.ts";
import {
  type Ending,
  type Exit,
  type Frozen,
  type LifeEvent,
  type LifeState,
  type Moment,
  type Queued,
  type Running,
  type Starting,
  type Stopped,
  type Stopping,
  lastFailureOf,
} from "./server-state.ts";

type Transition =
  | { readonly ok: true; readonly state: LifeState }
  /** `already`: it is so, or on its way. `over`: the event speaks of something that is no longer the case. */
  | { readonly ok: false; readonly because: "already" | "over" };

const already: Transition = { ok: false, because: "already" };
const over: Transition = { ok: false, because: "over" };

const steps: readonly StepName[] = [
  "waited",
  "network",
  "volume",
  "container",
  "started",
  "answering",
];

export function transition(state: LifeState, event: LifeEvent): Transition {
  switch (state.is) {
    case "stopped":
      return fromStopped(state, event);
    case "queued":
      return fromQueued(state, event);
    case "starting":
      return fromStarting(state, event);
    case "running":
      return fromRunning(state, event);
    case "frozen":
      return fromFrozen(state, event);
    case "stopping":
      return fromStopping(state, event);
  }
}

function fromStopped(state: Stopped, event: LifeEvent): Transition {
  switch (event.event) {
    case "start_asked":
      return to({
        is: "queued",
        generation: event.generation,
        attempt: 1,
        since: event.when,
        mayHaveLeftover: event.mayHaveLeftover || state.mayHaveLeftover === true,
      });
    case "adopted":
      return to(event.state);
    case "found_dead":
      return to(stopping(event, { why: "died", exit: event.exit }));
    case "found_leftover":
      return to(stopping(event, { why: "leftover", ...lastFailureOf(state) }));
    case "stop_asked":
      return already;
    default:
      return over;
  }
}

function fromQueued(state: Queued, event: LifeEvent): Transition {
  switch (event.event) {
    case "place_free":
      return to({
        is: "starting",
        generation: state.generation,
        attempt: state.attempt,
        since: event.when.at,
        done: [{ step: "waited", seconds: secondsBetween(state.since.monotonic, event.when) }],
        now: "network",
        stepSince: event.when.monotonic,
      });
    case "stop_asked":
      return state.mayHaveLeftover
        ? to(stopping({ ...event, generation: state.generation }, { why: "cancelled" }))
        : to({ is: "stopped", cancelledAt: event.when.at });
    case "start_failed":
      return state.mayHaveLeftover
        ? to(stopping({ ...event, generation: state.generation }, failedEnding(event.failure)))
        : to({ is: "stopped", lastFailure: event.failure });
    case "start_asked":
      return already;
    default:
      return over;
  }
}

function fromStarting(state: Starting, event: LifeEvent): Transition {
  const { generation } = state;
  switch (event.event) {
    case "step_done":
      return to({
        ...state,
        done: [
          ...state.done,
          { step: event.step, seconds: secondsBetween(state.stepSince, event.when) },
        ],
        now: steps[steps.indexOf(event.step) + 1] ?? "answering",
        stepSince: event.when.monotonic,
      });
    case "answered":
      return to({ is: "running", generation, started: event.when.at, upstream: event.upstream });
    case "start_failed":
      return to(stopping({ ...event, generation }, failedEnding(event.failure)));
    case "retried":
      return to({
        is: "queued",
        generation: event.next,
        attempt: state.attempt + 1,
        since: event.when,
        mayHaveLeftover: true,
      });
    case "stop_asked":
      return to(stopping({ ...event, generation }, { why: "cancelled" }));
    case "start_asked":
      return already;
    default:
      return over;
  }
}

function fromRunning(state: Running, event: LifeEvent): Transition {
  switch (event.event) {
    case "start_asked":
      return already;
    case "stop_asked":
      return to(stopping({ ...event, generation: state.generation }, { why: "asked", was: state }));
    case "died":
      return event.generation === state.generation
        ? to(stopping(event, { why: "died", ...exitOf(event) }))
        : over;
    case "out_of_memory":
      return event.generation === state.generation
        ? to({ ...state, outOfMemoryAt: event.when.at })
        : over;
    case "frozen": {
      if (event.generation !== state.generation) return over;
      const { generation, started, upstream } = state;
      return to({ is: "frozen", generation, started, upstream });
    }
    case "moved":
      return event.generation === state.generation
        ? to({ ...state, upstream: event.upstream })
        : over;
    case "resumed":
      return already;
    default:
      return over;
  }
}

function fromFrozen(state: Frozen, event: LifeEvent): Transition {
  switch (event.event) {
    case "start_asked":
      return already;
    case "stop_asked":
      return to(stopping({ ...event, generation: state.generation }, { why: "asked", was: state }));
    case "died":
      return event.generation === state.generation
        ? to(stopping(event, { why: "died", ...exitOf(event) }))
        : over;
    case "resumed": {
      const upstream = event.upstream ?? state.upstream;
      if (event.generation !== state.generation || upstream === undefined) return over;
      const { generation, started } = state;
      return to({ is: "running", generation, started, upstream });
    }
    case "frozen":
      return already;
    default:
      return over;
  }
}

function fromStopping(state: Stopping, event: LifeEvent): Transition {
  switch (event.event) {
    case "start_asked":
      return state.again === undefined
        ? to({ ...state, again: { generation: event.generation, since: event.when } })
        : already;
    case "stop_asked":
      return state.again === undefined ? already : to(withoutAgain(state));
    case "stop_ended": {
      const mayHaveLeftover = event.mayHaveLeftover === true;
      return to(
        state.again === undefined
          ? rest(state, event, mayHaveLeftover)
          : queuedAgain(state.again, mayHaveLeftover),
      );
    }
    case "stop_failed":
      if (state.again !== undefined) return to(queuedAgain(state.again, true));
      return to(state.ending.why === "asked" ? state.ending.was : rest(state, event, true));
    default:
      return over;
  }
}

/** What a server that was on its way out has come to. */
function rest(
  { ending }: Stopping,
  event: { readonly lastFailure?: LastFailure; readonly when: Moment },
  mayHaveLeftover: boolean,
): Stopped {
  const stopped: Stopped = {
    is: "stopped",
    ...(mayHaveLeftover ? { mayHaveLeftover: true } : {}),
  };
  switch (ending.why) {
    case "asked":
      return stopped;
    case "cancelled":
      return { ...stopped, cancelledAt: event.when.at };
    case "failed":
      return { ...stopped, lastFailure: ending.failure };
    case "died":
      return { ...stopped, ...lastFailureOf(event) };
    case "leftover":
      return { ...stopped, ...lastFailureOf(ending) };
  }
}

function queuedAgain(again: NonNullable<Stopping["again"]>, mayHaveLeftover: boolean): Queued {
  return { is: "queued", attempt: 1, mayHaveLeftover, ...again };
}

function to(state: LifeState): Transition {
  return { ok: true, state };
}

function stopping(
  event: { readonly when: Moment; readonly generation: number },
  ending: Ending,
): Stopping {
  return { is: "stopping", generation: event.generation, since: event.when.at, ending };
}

function failedEnding(failure: LastFailure): Ending {
  return { why: "failed", failure };
}

function withoutAgain(state: Stopping): Stopping {
  const { again: _, ...kept } = state;
  return kept;
}

function exitOf(source: { readonly exit?: Exit }): { exit?: Exit } {
  return source.exit === undefined ? {} : { exit: source.exit };
}

function secondsBetween(since: number, when: Moment): number {
  return Math.round(when.monotonic - since) / 1000;
}
