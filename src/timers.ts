/** Waiting comes as an argument, as time does, so that tests can move it. */
export interface Timers {
  /** Calls `run` once, `ms` from now; the answer calls it off. */
  after(ms: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The most that one stretch of sleep can take from a countdown. */
const TICK_MS = 5_000;

/**
 * Calls `onEnd` after `ms` in which this process was awake. A suspended box or a blocked event loop costs one
 * tick at most, so that what was on time is not called late because nobody looked.
 */
export function countdown(timers: Timers, ms: number, onEnd: () => void): () => void {
  const tick = Math.min(ms, TICK_MS);
  let cancel = timers.after(tick, () => {
    if (ms <= tick) {
      onEnd();
      return;
    }
    cancel = countdown(timers, ms - tick, onEnd);
  });
  return () => cancel();
}

/** Ends after `ms`, or as soon as the signal is aborted; never fails. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const cancel = timers.after(ms, end);
    signal.addEventListener("abort", end, { once: true });
    function end(): void {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    }
  });
}
