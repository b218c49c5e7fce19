/** What the audit keeps of a person who was erased: that something happened, and no words about them. */
import type { AuditRecord, UserId } from "./records.ts";

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

/** A text may be a name; numbers and answers cannot. */
function withoutTexts(
  detail: NonNullable<AuditRecord["detail"]>,
): NonNullable<AuditRecord["detail"]> {
  return Object.fromEntries(
    Object.entries(detail).filter(([, value]) => typeof value !== "string"),
  );
}
