/** A list of people as teachers paste it: a name on each line, or columns out of a spreadsheet. */
import Papa from "papaparse";
import { HubError } from "#src/errors.ts";

export interface RosterRow {
  /** Counted from 1 in what was pasted. */
  readonly line: number;
  readonly displayName: string;
  /** The second column, when there is one. */
  readonly username?: string;
}

const MOST_ROWS = 500;
/** `Anna Björk, anna` has a user name behind the comma; `Björk, Anna` is one name with a comma in it. */
const NAME_COMMA_USERNAME = /^[^,]+,\s*[a-z0-9][a-z0-9_.@-]*\s*$/;

/** Throws `list_too_long`. */
export function readRoster(text: string): readonly RosterRow[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const rows = cellsOf(text, lines)
    .map((cells, index): RosterRow => {
      const [displayName = "", username = ""] = cells.map((cell) => cell.trim());
      return { line: index + 1, displayName, ...(username === "" ? {} : { username }) };
    })
    .filter((row) => row.displayName !== "" || row.username !== undefined);
  if (rows.length > MOST_ROWS) {
    throw new HubError("list_too_long", { count: rows.length, limit: MOST_ROWS });
  }
  return rows;
}

function cellsOf(text: string, lines: readonly string[]): readonly (readonly string[])[] {
  const filled = lines.filter((line) => line.trim() !== "");
  const hasCommas = filled.length > 0 && filled.every((line) => NAME_COMMA_USERNAME.test(line));
  const delimiter = text.includes("\t")
    ? "\t"
    : text.includes(";")
      ? ";"
      : hasCommas
        ? ","
        : undefined;
  if (delimiter === undefined) return lines.map((line) => [line]);
  return Papa.parse<string[]>(lines.join("\n"), { delimiter, skipEmptyLines: false }).data;
}
