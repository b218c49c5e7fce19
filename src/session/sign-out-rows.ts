/** What the audit says of sessions that somebody ended. */
import type { Clock } from "#src/clock.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { StoreReader, Write } from "#src/stores/store.ts";
import type { OpenSession } from "./session-index.ts";

export interface SignOut {
  readonly action: "session.signed_out" | "session.signed_out_everywhere";
  /** Absent: nobody did it, and nothing is said. */
  readonly actor: Actor | undefined;
}

/** One line for all of them: they are one person's. */
export function signOutRows(
  [first, ...more]: readonly OpenSession[],
  { action, actor }: SignOut,
  { store, clock }: { readonly store: StoreReader; readonly clock: Clock },
): readonly Write[] {
  if (actor === undefined || first === undefined) return [];
  const { userId, device, address } = first.record;
  const isOther = actor.id !== userId;
  return [
    auditRow(
      {
        action: isOther ? "session.ended_by_other" : action,
        actor,
        subject: { id: userId, name: store.get("users", userId)?.name ?? "" },
        detail: more.length > 0 ? { sessions: more.length + 1 } : { device, address },
      },
      clock,
    ),
  ];
}
