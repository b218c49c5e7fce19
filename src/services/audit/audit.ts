/** Audit rows: written in the same batch as what they tell of. */
import { isoTime, type Clock } from "#src/clock.ts";
import type { AuditAction } from "#src/stores/audit-actions.ts";
import type { AuditRecord, UserId } from "#src/stores/records.ts";
import type { Write } from "#src/stores/store.ts";
import type { Actor } from "./actor.ts";

interface AuditEntry {
  readonly action: AuditAction;
  readonly actor: Actor;
  readonly subject?: { readonly id?: UserId; readonly name: string };
  readonly detail?: NonNullable<AuditRecord["detail"]>;
}

/** Nothing from outside makes a row longer than this. */
const MAX_TEXT = 100;

export function auditRow({ action, actor, subject, detail }: AuditEntry, clock: Clock): Write {
  return {
    audit: {
      at: isoTime(clock),
      action,
      actor: actor.id,
      actorName: actor.name.slice(0, MAX_TEXT),
      ...(subject?.id === undefined ? {} : { subject: subject.id }),
      ...(subject === undefined ? {} : { subjectName: subject.name.slice(0, MAX_TEXT) }),
      ...(actor.address === undefined ? {} : { address: actor.address.slice(0, MAX_TEXT) }),
      ...(actor.request === undefined ? {} : { request: actor.request }),
      ...(detail === undefined ? {} : { detail }),
    },
  };
}
