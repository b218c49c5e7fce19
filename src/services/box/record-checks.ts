/** What is on record, judged: plain data in and out. */
import type { UserRecord } from "#src/stores/records.ts";
import { restoredNotice } from "#src/stores/restored.ts";
import type { StoreCheck, StoreHealth } from "#src/stores/store.ts";
import { type Check, failed, found } from "./findings.ts";
import { spanInWords, timeInWords } from "./words.ts";

/** Nobody ran Homeroom before. */
const FIRST_YEAR_MS = Date.UTC(2025, 0, 1);
/** Clocks that are set by a time server go back a little now and then. */
const SET_BACK_MS = 60_000;
const APART_MS = 5000;

export function checkClock(times: {
  readonly nowMs: number;
  /** The newest time on record. */
  readonly newestMs: number | undefined;
  /** The engine's clock; absent when it was not asked. */
  readonly engineMs: number | undefined;
}): Check {
  const { nowMs, newestMs = 0, engineMs = nowMs } = times;
  const now = timeInWords(nowMs);
  if (nowMs < FIRST_YEAR_MS) return found("clock", "clock_unset", { now });
  if (newestMs - nowMs > SET_BACK_MS) {
    return found("clock", "clock_back", { now, newest: timeInWords(newestMs) });
  }
  const apartMs = Math.abs(engineMs - nowMs);
  if (apartMs > APART_MS) {
    return found("clock", "clock_differs", { seconds: Math.round(apartMs / 1000) });
  }
  return found("clock", "clock_fine", { now });
}

/** A database that was restored is told of until somebody says that they have read it. */
export function checkDatabase(health: StoreHealth, check: StoreCheck): Check {
  const { rows, auditRows, problems } = check;
  if (problems.length > 0) {
    return found("database", "database_damaged", { problems: problems.join("; ") });
  }
  return checkRestored(health) ?? found("database", "database_fine", { rows, lines: auditRows });
}

export function checkRestored({ restored }: Pick<StoreHealth, "restored">): Check | undefined {
  if (restored === undefined) return undefined;
  const upTo = timeInWords(Date.parse(restored.upTo));
  return failed("database", restoredNotice({ ...restored, upTo }).toData(), "warning");
}

/** Behind the newest change by more than this, copies are not made as they should be. */
const EXPORT_LATE_MS = 2 * 3_600_000;

export function checkExports(
  { lastExport, trouble }: StoreHealth,
  { exports: { good, bad } }: Pick<StoreCheck, "exports">,
  times: { readonly nowMs: number; readonly newestMs: number | undefined },
): Check {
  if (trouble !== undefined) return failed("exports", trouble);
  if (lastExport === undefined || good === 0) return found("exports", "exports_none");
  const madeMs = Date.parse(lastExport);
  const age = spanInWords(times.nowMs - madeMs);
  if (bad > 0) return found("exports", "exports_bad", { bad, good, age });
  // One that was made just now is not old, whatever the clock showed when something changed before it.
  const { nowMs, newestMs = madeMs } = times;
  const isLate = Math.min(newestMs, nowMs) - madeMs > EXPORT_LATE_MS;
  return isLate
    ? found("exports", "exports_old", { age })
    : found("exports", "exports_fine", { good, age });
}

/** `mode` of the file of secrets; `undefined` when there is none. */
export function checkSecrets(path: string, mode: number | undefined): Check {
  if (mode === undefined) return found("secrets", "secrets_missing", { path });
  return (mode & 0o077) === 0
    ? found("secrets", "secrets_fine")
    : found("secrets", "secrets_open", { path });
}

/** `users`: everybody who is not in the trash. */
export function checkOwners(users: readonly UserRecord[]): Check {
  const owners = users.filter(
    ({ role, disabled, password }) =>
      role === "owner" && disabled === undefined && password !== undefined,
  );
  const [first] = owners;
  if (users.length === 0) return found("owners", "owners_nobody");
  if (first === undefined) return found("owners", "owners_locked");
  if (owners.length === 1) return found("owners", "owners_one", { name: first.name });
  return found("owners", "owners_fine", { count: owners.length });
}
