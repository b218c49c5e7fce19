/** What the audit keeps of a person who was erased: that something happened, and no words about them. */
import { toFrozen } from "./frozen-json.ts";
import type { AuditRecord, UserId } from "./records.ts";
import type { AuditRow } from "./rows.ts";

/** `undefined` when the record does not speak of `userId`. */
export function redacted(record: AuditRecord, userId: UserId): AuditRecord | undefined {
  const isActor = record.actor === userId;
  const isSubject = record.subject === userId;
  if (!isActor && !isSubject) {
    return undefined;
  }
  const { detail, ...rest } = record;
  return {
    ...rest,
    ...(isActor && { actorName: "" }),
    ...(isSubject && { subjectName: "" }),
    ...(detail !== undefined && { detail: withoutTexts(detail) }),
  };
}

/** `undefined` when the row does not speak of `userId`. */
export function redactedRow({ key, text }: AuditRow, userId: UserId): AuditRow | undefined {
  const record = text.includes(userId) ? redacted(toFrozen<AuditRecord>(text), userId) : undefined;
  return record === undefined ? undefined : { key, text: JSON.stringify(record) };
}

/** A text may be a name; numbers and answers cannot. */
function withoutTexts(
  detail: NonNullable<AuditRecord["detail"]>,
): NonNullable<AuditRecord["detail"]> {
  return Object.fromEntries(
    Object.entries(detail).filter(([, value]) => typeof value !== "string"),
  );
}
