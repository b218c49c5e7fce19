/** Rows of text in columns; the first row is the header. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map((cell) => visible(cell)));
  const widths: number[] = [];
  for (const row of plain) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, length(cell));
    }
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - length(cell)))
      .join("  ")
      .trimEnd();
  return `${plain.map((row) => line(row)).join("\n")}\n`;
}

/** A name must not steer the terminal that shows it. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?");
}

const segmenter = new Intl.Segmenter();

/** What a reader counts as letters: `é` may be two characters. */
function length(text: string): number {
  return [...segmenter.segment(text)].length;
}

/** `2026-11-20 10:30`, in UTC as the column says. */
export function timeCell(time: string | null, otherwise = ""): string {
  return time?.slice(0, 16).replace("T", " ") ?? otherwise;
}
