/**
 * Nearly every change has a line in the audit, which is kept for good: a student's program that makes and revokes
 * tokens in a loop would fill the disk in hours. Nobody comes to the limit by hand.
 */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { UserId } from "#src/stores/records.ts";
import type { HubContext, HubMiddleware } from "../context.ts";

const MOST_AT_ONCE = 300;
const SECONDS_FOR_ONE = 2;
/** Whoever has used up all waits for some more than one. */
const WAIT_SECONDS = 30;

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

interface Allowance {
  readonly left: number;
  readonly atMs: number;
}

export function limitPace(clock: Pick<Clock, "monotonic">): HubMiddleware {
  const allowances = new Map<UserId, Allowance>();

  function leftOf(id: UserId): number {
    const { left, atMs } = allowances.get(id) ?? { left: MOST_AT_ONCE, atMs: 0 };
    const regained = (clock.monotonic() - atMs) / (SECONDS_FOR_ONE * 1000);
    return Math.min(MOST_AT_ONCE, left + regained);
  }

  return async function limitPace(ctx, next) {
    const id = studentIn(ctx);
    if (id !== undefined && leftOf(id) < 1) {
      throw new HubError("too_many_changes", {}, { retryAfter: WAIT_SECONDS });
    }
    await next();
    // What was refused has thrown, and changed nothing.
    if (id !== undefined) allowances.set(id, { left: leftOf(id) - 1, atMs: clock.monotonic() });
  };
}

function studentIn({ method, state: { identity } }: HubContext): UserId | undefined {
  if (SAFE_METHODS.has(method)) return undefined;
  if (identity?.kind !== "user" && identity?.kind !== "token") return undefined;
  return identity.user.role === "student" ? identity.user.id : undefined;
}
