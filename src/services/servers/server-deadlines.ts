import type { LifeState } from "./server-state.ts";

/** How long pending states may last. */
export interface LifeLimits {
  readonly stepMs: number;
  readonly stopMs: number;
  /** How long a start that was accepted waits for a lost engine. */
  readonly engineLostMs: number;
}

interface Deadline {
  readonly ms: number;
  /** A start that only waits for others is not failing: its clock stands still. */
  readonly counts: "always" | "while_engine_lost";
}

/** How long a state (for `starting`: its step) may last; `undefined` for those that may last. */
export function deadlineOf(state: LifeState, limits: LifeLimits): Deadline | undefined {
  switch (state.is) {
    case "queued":
      return { ms: limits.engineLostMs, counts: "while_engine_lost" };
    case "starting":
      return { ms: limits.stepMs, counts: "always" };
    case "stopping":
      return { ms: limits.stopMs, counts: "always" };
    case "stopped":
    case "running":
    case "frozen":
      return undefined;
  }
}
