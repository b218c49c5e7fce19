/** What the limits on guessing knew before the hub was restarted: the audit of the last hour, and open sessions. */
import type { Clock } from "#src/clock.ts";
import type { AuditRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import type { Attempts, PastTry } from "./attempts.ts";
import { FORGET_MS } from "./miss-counter.ts";

/** More are read at no start. */
const MAX_ROWS = 20_000;

const MEANING: { readonly [Action in AuditRecord["action"]]?: PastTry["is"] } = {
  "session.refused": "missed",
  "session.signed_in": "signed_in",
  "password.reset": "reset",
};

export async function restoreAttempts(
  attempts: Attempts,
  {
    store,
    clock,
  }: { readonly store: Pick<Store, "audit" | "entries" | "get">; readonly clock: Clock },
): Promise<void> {
  // A time in the future was written before the wall clock was set back: it counts as now.
  const agoMs = (time: string): number => Math.max(0, clock.now() - Date.parse(time));
  const atMs = (time: string): number => clock.monotonic() - agoMs(time);
  for (const [, session] of store.entries("sessions")) {
    const user = store.get("users", session.userId);
    if (user !== undefined) {
      attempts.rememberHome(user.name, session.address, atMs(session.created));
    }
  }
  const tries: PastTry[] = [];
  for await (const row of store.audit({ limit: MAX_ROWS })) {
    if (agoMs(row.at) >= FORGET_MS) {
      break;
    }
    const past = pastTry(row, atMs(row.at));
    if (past !== undefined) {
      tries.push(past);
    }
  }
  for (const past of tries.toReversed()) {
    attempts.restore(past);
  }
}

function pastTry(row: AuditRecord, atMs: number): PastTry | undefined {
  const is = MEANING[row.action];
  if (is === undefined) {
    return undefined;
  }
  const { subjectName: name = "", address = "", detail = {} } = row;
  const { count, device } = detail;
  return {
    is,
    name,
    address,
    atMs,
    count: typeof count === "number" && count > 0 ? count : 1,
    ...(typeof device === "string" ? { device } : {}),
  };
}
