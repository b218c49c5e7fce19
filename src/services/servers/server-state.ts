/** What a server does, and what can happen to it; ./server-transition.ts puts the two together. */
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

/** The same field again, when it is there. */
export function lastFailureOf(source: { readonly lastFailure?: LastFailure }): {
  lastFailure?: LastFailure;
} {
  return source.lastFailure === undefined ? {} : { lastFailure: source.lastFailure };
}
