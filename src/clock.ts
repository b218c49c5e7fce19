/** Time comes as an argument, so that tests can move it and a box without a battery clock can be reasoned about. */
export interface Clock {
  /** Wall-clock time in ms since 1970; may jump. */
  now(): number;
  /** Milliseconds that only ever grow; measures durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

export function isoTime(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
