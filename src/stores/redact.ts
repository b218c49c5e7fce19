/** What the audit keeps of a person who was erased: that something happened, and no words about them. */
import { toFrozen } from "./frozen-json.ts";
import type { AuditRecord, UserId } from "./records.ts";
import type { AuditRow } from "./rows.ts";

const none: ReadonlySet<string> = new Set();

/** Names under which the record knows `userId`: a person may have had several. */
export function namesIn(record: AuditRecord, userId: UserId): readonly string[] {
  const { actor, actorName, subject, subjectName = "" } = record;
  const names = [actor === userId ? actorName : "", subject === userId ? subjectName : ""];
  return names.filter((name) => name !== "");
}

/**
 * `undefined` when the record does not speak of `userId`. One without the id of a subject, such as a refused try
 * with a name before there was an account, speaks of those who had that name.
 */
export function redacted(
  record: AuditRecord,
  userId: UserId,
  names: ReadonlySet<string> = none,
): AuditRecord | undefined {
  const { subject, subjectName = "" } = record;
  const isActor = record.actor === userId;
  const isSubject = subject === userId || (subject === undefined && names.has(subjectName));
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
export function redactedRow(
  { key, text }: AuditRow,
  userId: UserId,
  names: ReadonlySet<string> = none,
): AuditRow | undefined {
  const mayBe = text.includes(userId) || (names.size > 0 && !text.includes('"subject":'));
  const record = mayBe ? redacted(toFrozen<AuditRecord>(text), userId, names) : undefined;
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
