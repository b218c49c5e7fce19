/** What clients send about people; refused in JupyterHub's words (contract.md 4.2). */
import { HubError } from "#src/errors.ts";
import type { ToldActivity } from "#src/services/servers/activity.ts";
import type { IsoTime } from "#src/stores/records.ts";
import { pythonText, pythonType } from "./python-words.ts";

type Json = Readonly<Record<string, unknown>>;

/** More at a time would keep everybody else waiting. */
const MOST_NEW = 2000;
const SERVERS_FORM = "servers must be a dict of the form {server_name: {last_activity: timestamp}}";

export function isDict(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function invalid(reason: string): HubError {
  return new HubError("invalid_field", { reason });
}

/** Of one person: absent fields are not to change. */
export function readUserModel(body: unknown): { readonly name?: string; readonly admin?: boolean } {
  if (!isDict(body)) throw invalid(`Invalid JSON data: ${pythonText(body)}`);
  const { name, admin, ...others } = body;
  if (Object.keys(others).length > 0) throw invalid(`Invalid JSON keys: ${pythonText(body)}`);
  if (name !== undefined && typeof name !== "string") throw wrongType("name", "str", name);
  if (admin !== undefined && typeof admin !== "boolean") throw wrongType("admin", "bool", admin);
  return { ...(name === undefined ? {} : { name }), ...(admin === undefined ? {} : { admin }) };
}

export function readNewUsers(body: unknown): {
  readonly usernames: readonly unknown[];
  readonly admin: boolean;
} {
  const { usernames, ...model } = isDict(body) ? body : {};
  if (!Array.isArray(usernames) || usernames.length === 0) {
    throw invalid("Must specify at least one user to create");
  }
  const { admin = false } = readUserModel(model);
  if (usernames.length > MOST_NEW) {
    throw new HubError("list_too_long", { count: usernames.length, limit: MOST_NEW });
  }
  return { usernames, admin };
}

/** `known`: the servers that there are. */
export function readActivity(
  body: unknown,
  userName: string,
  known: readonly string[],
): ToldActivity {
  if (!isDict(body)) throw invalid("body must be a json dict");
  const { last_activity: user, servers } = body;
  if (isNothing(user) && isNothing(servers)) {
    throw invalid("body must contain at least one of `last_activity` or `servers`");
  }
  if (!isNothing(servers) && !isDict(servers)) throw invalid(SERVERS_FORM);
  const times = new Map<string, IsoTime>();
  for (const [name, told] of Object.entries(servers ?? {})) {
    if (!known.includes(name)) {
      throw invalid(`No such server '${name.slice(0, 80)}' for user ${userName}`);
    }
    if (!isDict(told) || !("last_activity" in told)) throw invalid(SERVERS_FORM);
    times.set(name, readTimestamp(told["last_activity"]));
  }
  return { ...(isNothing(user) ? {} : { user: readTimestamp(user) }), servers: times };
}

const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** ISO 8601; without a zone it is UTC. */
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

/** What counts as nothing in Python. */
function isNothing(value: unknown): value is undefined | null | false | 0 | "" {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === 0 ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0)
  );
}

function wrongType(key: string, type: string, value: unknown): HubError {
  return invalid(`user.${key} must be <class '${type}'>, not: ${pythonType(value)}`);
}
