/** Sizes and times as people say them, in English: they stand inside sentences of the table of findings. */

const KIB = 1024;
const UNITS = ["KB", "MB", "GB", "TB"] as const;

/** `71 GB`, `1.9 GB`, `480 MB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes / KIB;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= KIB;
    unit += 1;
  }
  const digits = value < 10 && unit > 1 ? 1 : 0;
  return `${trimZero(value.toFixed(digits))} ${UNITS[unit] ?? ""}`;
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, "");
}

const SPANS: readonly (readonly [name: string, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** `3 days`, `1 hour`, `less than a minute`. */
export function spanInWords(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  for (const [name, size] of SPANS) {
    const count = Math.floor(seconds / size);
    if (count > 0) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "less than a minute";
}

/** `2026-11-22 08:00`. */
export function timeInWords(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}
