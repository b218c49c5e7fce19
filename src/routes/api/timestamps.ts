/** Times as clients of JupyterHub write them. */
import type { IsoTime } from "#src/stores/records.ts";
import { pythonText } from "./python-words.ts";
import { invalid } from "./schemas/bodies.ts";

const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** ISO 8601; without a zone it is UTC. Throws `invalid_field`. */
export function readTimestamp(value: unknown): IsoTime {
  const [, day, time = "00:00", zone = "Z"] =
    (typeof value === "string" && TIMESTAMP.exec(value.trim())) || [];
  const [hours = "", minutes = "00"] = zone.match(/[+-]?\d{2}/g) ?? [];
  const offset = /^z$/i.test(zone) ? "Z" : `${hours}:${minutes}`;
  const at = new Date(`${day}T${time.replace(",", ".")}${offset}`);
  // There is no 31st of February, whatever `Date` makes of it.
  const isDay =
    day !== undefined && new Date(`${day}T00:00Z`).getUTCDate() === Number(day.slice(-2));
  if (!isDay || Number.isNaN(at.getTime())) {
    throw invalid(`Not a valid timestamp: ${pythonText(value)}`);
  }
  return at.toISOString();
}
