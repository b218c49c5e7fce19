import type { FailureData } from "#src/errors.ts";
import { type LifeState, lastFailureOf } from "./server-state.ts";
import type { ServerStatus } from "./server-status.ts";

/** The place in the line of a server that waits. */
export interface Place {
  readonly place: number;
  readonly estimateSeconds?: number;
}

const startCancelled: FailureData = { code: "start_cancelled", params: {} };

/** What everyone else sees. `toWatchers`: told at the moment of the change. */
export function statusOf(
  state: LifeState,
  place: Place | undefined,
  toWatchers: boolean,
): ServerStatus {
  switch (state.is) {
    case "stopped":
      if (toWatchers && state.cancelledAt !== undefined) {
        return {
          is: "stopped",
          lastFailure: { ...startCancelled, at: state.cancelledAt, log: [] },
        };
      }
      return { is: "stopped", ...lastFailureOf(state) };
    case "queued":
      return { is: "queued", since: state.since.at, place: 1, ...place };
    case "starting":
      return { is: "starting", since: state.since, done: state.done, now: state.now };
    case "running": {
      const { started, generation, upstream, outOfMemoryAt } = state;
      return {
        is: "running",
        started,
        generation,
        upstream,
        ...(outOfMemoryAt === undefined ? {} : { outOfMemoryAt }),
      };
    }
    case "frozen": {
      const { started, generation, upstream } = state;
      return { is: "frozen", started, generation, ...(upstream === undefined ? {} : { upstream }) };
    }
    case "stopping":
      return { is: "stopping", since: state.since };
  }
}
