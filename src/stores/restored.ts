/** The note that a restore leaves in the settings, until somebody has taken notice. */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { StoreReader, Write } from "./store.ts";

export const RESTORED_KEY = "restored";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.looseObject({
  /** When it was restored. */
  at: v.string(),
  /** When the export was made that it was restored from. */
  exportMade: v.string(),
  /** The time of the last change that is there. */
  upTo: v.string(),
  lostChanges: count,
  /** What was wrong, in words. */
  reason: v.string(),
  /** Where the damaged files are now; absent when there were none. */
  aside: v.optional(v.string()),
});

export type Restored = v.InferOutput<typeof schema>;

export function readRestored(state: Pick<StoreReader, "get">): Restored | undefined {
  return parseRestored(state.get("settings", RESTORED_KEY));
}

/** Of a `settings` row. */
export function parseRestored(row: unknown): Restored | undefined {
  const { output, success } = v.safeParse(v.object({ value: schema }), row);
  return success ? output.value : undefined;
}

/** Whoever is responsible has read it: it is told no more. */
export const restoredWasRead: Write = { remove: "settings", key: RESTORED_KEY };

/** Its sentence is in the table of failures. */
export function restoredNotice({ lostChanges, upTo, reason }: Restored): HubError {
  return lostChanges === 0
    ? new HubError("database_restored_whole", { detail: reason })
    : new HubError("database_restored_older", {
        detail: reason,
        count: lostChanges,
        time: minute(upTo),
      });
}

function minute(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}
