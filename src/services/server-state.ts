/**
 * The life of a server as a pure function (design section 4): what it does now, what happened, what it does
 * next. Nothing here waits, reads a clock or knows an engine; services/server-life.ts does what a state asks.
 */
import type { StepName, Upstream } from "#src/spawners/spawner.ts";
import type { IsoTime, LastFailure } from "#src/stores/records.ts";
import type { DoneStep } from "./server-status.ts";

/** When something happened: for people, and for measuring. */
export interface Moment {
  readonly at: IsoTime;
  readonly monotonic: number;
}

export interface Exit {
  readonly code: number;
  readonly outOfMemory: boolean;
}

export interface Stopped {
  readonly is: "stopped";
  readonly lastFailure?: LastFailure;
  /** Its start was called off: told to those who watch, and to nobody who asks later. */
  readonly cancelledAt?: IsoTime;
  /** The engine could not remove all of it. */
  readonly mayHaveLeftover?: true;
}

export interface Queued {
  readonly is: "queued";
  readonly generation: number;
  /** Counted from 1; a start that failed for a passing reason is tried once more. */
  readonly attempt: number;
  readonly since: Moment;
  /** Something of an earlier attempt may be left in the engine. */
  readonly mayHaveLeftover: boolean;
}

export interface Starting {
  readonly is: "starting";
  readonly generation: number;
  readonly attempt: number;
  readonly since: IsoTime;
  readonly done: readonly DoneStep[];
  readonly now: StepName;
  /** Monotonic time at which the step under way began. */
  readonly stepSince: number;
}

export interface Running {
  readonly is: "running";
  readonly generation: number;
  readonly started: IsoTime;
  readonly upstream: Upstream;
  readonly outOfMemoryAt?: IsoTime;
}

export interface Frozen {
  readonly is: "frozen";
  readonly generation: number;
  readonly started: IsoTime;
  readonly upstream?: Upstream;
}

/** Why a server is on its way out. */
export type Ending =
  | { readonly why: "asked"; readonly was: Running | Frozen }
  | { readonly why: "cancelled" }
  | { readonly why: "failed"; readonly failure: LastFailure }
  /** `exit` is absent when the container was gone. */
  | { readonly why: "died"; readonly exit?: Exit }
  /** Found in the engine without anybody wanting it. */
  | { readonly why: "leftover"; readonly lastFailure?: LastFailure };

export interface Stopping {
  readonly is: "stopping";
  readonly generation: number;
  readonly since: IsoTime;
  readonly ending: Ending;
  /** A start that was asked for meanwhile: it follows. */
  readonly again?: { readonly generation: number; readonly since: Moment };
}

export type LifeState = Stopped | Queued | Starting | Running | Frozen | Stopping;

export type LifeEvent =
  | {
      readonly event: "start_asked";
      readonly generation: number;
      readonly when: Moment;
      readonly mayHaveLeftover: boolean;
    }
  | { readonly event: "stop_asked"; readonly when: Moment }
  | { readonly event: "place_free"; readonly when: Moment }
  | { readonly event: "step_done"; readonly step: StepName; readonly when: Moment }
  | { readonly event: "answered"; readonly upstream: Upstream; readonly when: Moment }
  | { readonly event: "start_failed"; readonly failure: LastFailure; readonly when: Moment }
  /** A failed start is tried again, as the generation `next`. */
  | { readonly event: "retried"; readonly next: number; readonly when: Moment }
  | {
      readonly event: "stop_ended";
      readonly lastFailure?: LastFailure;
      readonly when: Moment;
      readonly mayHaveLeftover?: true;
    }
  | { readonly event: "stop_failed"; readonly lastFailure?: LastFailure; readonly when: Moment }
  | {
      readonly event: "died";
      readonly generation: number;
      readonly exit?: Exit;
      readonly when: Moment;
    }
  | { readonly event: "out_of_memory"; readonly generation: number; readonly when: Moment }
  | { readonly event: "frozen"; readonly generation: number }
  | { readonly event: "resumed"; readonly generation: number; readonly upstream?: Upstream }
  /** The same container is found at another address. */
  | { readonly event: "moved"; readonly generation: number; readonly upstream: Upstream }
  /** Found alive in the engine by a hub that did not start it. */
  | { readonly event: "adopted"; readonly state: Running | Frozen }
  | {
      readonly event: "found_dead";
      readonly generation: number;
      readonly exit: Exit;
      readonly when: Moment;
    }
  | { readonly event: "found_leftover"; readonly generation: number; readonly when: Moment };

export type Transition =
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

/** The same field again, when it is there. */
export function lastFailureOf(source: { readonly lastFailure?: LastFailure }): {
  lastFailure?: LastFailure;
} {
  return source.lastFailure === undefined ? {} : { lastFailure: source.lastFailure };
}

function exitOf(source: { readonly exit?: Exit }): { exit?: Exit } {
  return source.exit === undefined ? {} : { exit: source.exit };
}

function secondsBetween(since: number, when: Moment): number {
  return Math.round(when.monotonic - since) / 1000;
}
