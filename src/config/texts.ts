/** Values as people write them: in variables, on the command line, and in the file. */
import type { SettingKind } from "./settings.ts";

const UNITS = ["", "k", "m", "g", "t"];
const YES = ["true", "yes", "on", "1"];
const NO = ["false", "no", "off", "0"];

/** What is no value of its kind stays text, for the schema to refuse. */
export function readText(kind: SettingKind, text: string): unknown {
  const trimmed = text.trim();
  switch (kind) {
    case "text":
    case "choice":
      return trimmed;
    case "number":
      return /^-?\d+(?:\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
    case "bytes":
      return readBytes(trimmed) ?? text;
    case "boolean": {
      const word = trimmed.toLowerCase();
      return YES.includes(word) ? true : NO.includes(word) ? false : text;
    }
    case "list":
      return trimmed.split(/[\s,]+/).filter((part) => part !== "");
  }
}

/** `512m`, `1.5 GB`, `1073741824`. */
function readBytes(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  return number === undefined
    ? undefined
    : Math.round(Number(number) * 1024 ** UNITS.indexOf(unit.toLowerCase()));
}

/** The shortest way to write it: `1g`. */
export function formatBytes(bytes: number): string {
  const power = UNITS.findLastIndex((_, index) => bytes % 1024 ** index === 0);
  return bytes === 0 ? "0" : `${bytes / 1024 ** power}${UNITS[power]}`;
}

/** How a setting's value is written in a variable. */
export function formatValue(kind: SettingKind, value: unknown): string {
  if (Array.isArray(value)) {
    return value.join(",");
  }
  return kind === "bytes" && typeof value === "number" ? formatBytes(value) : String(value);
}
