/** What a server is doing, as everyone outside services/servers/servers.ts sees it. */
import type { StepName, Upstream } from "#src/spawners/spawner.ts";
import type { IsoTime, LastFailure } from "#src/stores/records.ts";

export interface DoneStep {
  readonly step: StepName;
  /** How long it took. */
  readonly seconds: number;
}

export type ServerStatus =
  | { readonly is: "stopped"; readonly lastFailure?: LastFailure }
  | {
      readonly is: "queued";
      readonly since: IsoTime;
      /** 1 is the next to start. */
      readonly place: number;
      /** Until it answers; absent until starts have been measured. */
      readonly estimateSeconds?: number;
    }
  | {
      readonly is: "starting";
      readonly since: IsoTime;
      readonly done: readonly DoneStep[];
      /** The step under way. */
      readonly now: StepName;
    }
  | {
      readonly is: "running";
      readonly started: IsoTime;
      readonly generation: number;
      readonly upstream: Upstream;
      /** Something inside was ended for want of memory at this time. */
      readonly outOfMemoryAt?: IsoTime;
    }
  | {
      readonly is: "frozen";
      readonly started: IsoTime;
      readonly generation: number;
      readonly upstream?: Upstream;
    }
  | { readonly is: "stopping"; readonly since: IsoTime };

/** Whether it can be opened at once; one that is frozen wakes up for that. */
export function isReady({ is }: ServerStatus): boolean {
  return is === "running" || is === "frozen";
}
