/** What a restored database begins with. */
import { Checksum } from "#src/stores/checksum.ts";
import type { NewestState } from "#src/stores/exports/newest-state.ts";
import { isId } from "#src/stores/ids.ts";
import type { AuditRecord, IsoTime, UserId } from "#src/stores/records.ts";
import { redactedRow } from "#src/stores/redact.ts";
import { parseRestored, RESTORED_KEY, type Restored } from "#src/stores/restored.ts";
import { applyTo, type AuditRow, type Rows } from "#src/stores/rows.ts";
import { AuditNumbers, GAPS_KEY, numberOfAudit } from "./audit-gaps.ts";
import { parseMeta } from "./migrate.ts";
import { salvageRows } from "./salvage.ts";

export interface RestoredContent {
  readonly changes: number;
  readonly rows: Rows;
  readonly audit: readonly AuditRow[];
  readonly note: Restored;
}

interface Circumstances {
  readonly at: IsoTime;
  /** The newest change that was ever heard of, besides what the damaged files tell. */
  readonly knownChanges: number;
  /** The folder of the damaged database. */
  readonly damaged: string;
  readonly reason: string;
  readonly aside: string | undefined;
}

const AUDIT_PREFIX = "!audit!";
const CHECKSUM_ROW = "!meta!checksum";

export async function restoredContent(
  state: NewestState,
  circumstances: Circumstances,
): Promise<RestoredContent> {
  const { at, reason, aside, damaged } = circumstances;
  const { rows } = state;
  const known = Math.max(circumstances.knownChanges, await changesOf(damaged));
  const lostChanges = Math.max(0, known - state.changes);
  const note = addUp(rows, {
    at,
    exportMade: state.exportMade,
    upTo: state.upTo,
    lostChanges,
    reason,
    ...(aside !== undefined && { aside }),
  });
  const audit = await auditOf(state, { damaged, isComplete: lostChanges === 0 });
  const last = audit.at(-1);
  const number = Math.max(nextNumber(rows), last === undefined ? 1 : numberOfAudit(last.key) + 1);
  audit.push(auditRowOf(note, number, last?.key));
  const meta = { ...parseMeta(rows), nextAuditNumber: number + 1 };

  // A session that had ended may be among them: everyone signs in again.
  rows.delete("sessions");
  // A token that was revoked, and leave to open a notebook that was taken back, too.
  rows.delete("tokens");
  rows.delete("shares");
  rows.delete("shareCodes");
  applyTo(rows, [
    { collection: "meta", key: "meta", text: JSON.stringify(meta) },
    { collection: "settings", key: RESTORED_KEY, text: JSON.stringify({ value: note }) },
    { collection: "settings", key: GAPS_KEY, text: JSON.stringify({ value: gapsIn(audit) }) },
  ]);
  // Beyond every count that was ever used: what was lost cannot be taken for what comes now.
  return { changes: Math.max(known, state.changes) + 1, rows, audit, note };
}

/** As far as the damaged files tell. */
async function changesOf(folder: string): Promise<number> {
  const text = (await salvageRows(folder, CHECKSUM_ROW)).get(CHECKSUM_ROW);
  try {
    return text === undefined ? 0 : Checksum.parse(text).changes;
  } catch {
    return 0;
  }
}

/** With what an earlier restore lost, if nobody has taken notice of it yet. */
function addUp(rows: Rows, note: Restored): Restored {
  const text = rows.get("settings")?.get(RESTORED_KEY);
  const earlier = text === undefined ? undefined : parseRestored(JSON.parse(text));
  if (earlier === undefined || earlier.lostChanges === 0) {
    return note;
  }
  const { exportMade, upTo } = earlier;
  return { ...note, exportMade, upTo, lostChanges: earlier.lostChanges + note.lostChanges };
}

/**
 * Exports have the newest lines. Older ones, and those of changes that are lost, are taken from the damaged
 * files where they can be read.
 */
async function auditOf(
  state: NewestState,
  { damaged, isComplete }: { readonly damaged: string; readonly isComplete: boolean },
): Promise<AuditRow[]> {
  const next = nextNumber(state.rows);
  const found = new Map(state.audit);
  for (const [fullKey, text] of await salvageRows(damaged, AUDIT_PREFIX)) {
    const key = fullKey.slice(AUDIT_PREFIX.length);
    const isOlder = numberOfAudit(key) < next;
    if (!found.has(key) && (isOlder || !isComplete)) {
      found.set(key, isOlder ? withoutErased(text, state.rows) : text);
    }
  }
  const numbers = new Set<number>();
  return Array.from(found, ([key, text]) => ({ key, text }))
    .toSorted((a, b) => numberOfAudit(a.key) - numberOfAudit(b.key))
    .filter(({ key }) => !numbers.has(numberOfAudit(key)) && numbers.add(numberOfAudit(key)));
}

/** The damaged files may still have a line as it was before its person was erased. */
function withoutErased(text: string, rows: Rows): string {
  const { actor, subject } = JSON.parse(text) as AuditRecord;
  const isErased = (id: string | undefined): id is UserId =>
    id !== undefined && isId(id) && rows.get("users")?.has(id) !== true;
  let row: AuditRow = { key: "", text };
  for (const id of [actor, subject].filter(isErased)) {
    row = redactedRow(row, id) ?? row;
  }
  return row.text;
}

function auditRowOf(note: Restored, number: number, lastKey: string | undefined): AuditRow {
  const record: AuditRecord = {
    at: note.at,
    action: "store.restored",
    actor: "hub",
    actorName: "hub",
    detail: { lostChanges: note.lostChanges, exportMade: note.exportMade },
  };
  const [lastTime = ""] = (lastKey ?? "").split("!", 1);
  const time = note.at > lastTime ? note.at : lastTime;
  return { key: `${time}!${String(number).padStart(12, "0")}`, text: JSON.stringify(record) };
}

function gapsIn(audit: readonly AuditRow[]): ReturnType<AuditNumbers["gaps"]> {
  const numbers = new AuditNumbers();
  numbers.add(audit.map(({ key }) => key));
  return numbers.gaps(0);
}

function nextNumber(rows: Rows): number {
  return Number(parseMeta(rows)["nextAuditNumber"] ?? 1);
}
