/** The audit as a file for spreadsheets, which take some texts for formulas. */
import Papa from "papaparse";
import type { AuditRecord } from "#src/stores/records.ts";

/**
 * What a cell must not begin with. Papa's own pattern lets a formula through that has a line break in it, and does
 * not know the full-width signs that spreadsheets of East Asia take for the plain ones.
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * Where the computer's language has decimal commas, spreadsheets take the semicolon for the end of a cell, and even
 * within quotes: what follows may not begin with such a sign either.
 */
const FORMULA_BEHIND = /(;\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** Without it, Excel reads UTF-8 as the local code page. */
const BYTE_ORDER_MARK = "\ufeff";
const LINE_END = "\r\n";

const COLUMNS = [
  "time (UTC)",
  "action",
  "actor id",
  "actor",
  "subject id",
  "subject",
  "address",
  "request",
  "detail",
] as const;

/** Lines that are handed on in one piece. */
const PIECE = 200;

/** In pieces, so that years of it are never in memory at once. */
export async function* auditCsv(lines: AsyncIterable<AuditRecord>): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + csv([COLUMNS]);
  let rows: (readonly string[])[] = [];
  for await (const line of lines) {
    rows.push(cellsOf(line));
    if (rows.length < PIECE) continue;
    yield csv(rows);
    rows = [];
  }
  if (rows.length > 0) yield csv(rows);
}

function csv(rows: readonly (readonly string[])[]): string {
  const options = { escapeFormulae: FORMULA, newline: LINE_END };
  return Papa.unparse([...rows], options) + LINE_END;
}

function cellsOf(line: AuditRecord): readonly string[] {
  return [
    line.at,
    line.action,
    line.actor,
    line.actorName,
    line.subject ?? "",
    line.subjectName ?? "",
    line.address ?? "",
    line.request ?? "",
    detailText(line.detail ?? {}),
  ].map((text) => text.replaceAll(FORMULA_BEHIND, "$1'"));
}

function detailText(detail: NonNullable<AuditRecord["detail"]>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
}
