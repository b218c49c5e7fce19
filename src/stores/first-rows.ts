/** What a new database begins with. */
import { isoTime, type Clock } from "#src/clock.ts";
import { makeId } from "./ids.ts";
import type { GroupRecord, MetaRecord } from "./records.ts";

interface FirstRows {
  readonly meta: MetaRecord;
  /** The class that newcomers join. */
  readonly group: GroupRecord;
}

export function makeFirstRows(schema: number, clock: Clock): FirstRows {
  return {
    meta: { schema, nextUserNumber: 1, nextGroupNumber: 2, nextAuditNumber: 1 },
    group: {
      id: makeId<"group">(),
      number: 1,
      name: "Class",
      created: isoTime(clock),
      isDefault: true,
      signUp: { mode: "off" },
    },
  };
}
