/** What clients send about groups; refused in JupyterHub's words (contract.md 4.2). */
import { pythonText, pythonType } from "./python-words.ts";
import { invalid, isDict } from "./user-bodies.ts";

type Json = Readonly<Record<string, unknown>>;

const MOST_NAMES = 2000;
/** Held in memory for each class, and written anew with each change of it. */
const MOST_PROPERTY_BYTES = 64 * 1024;
const MOST_LEVELS = 32;

/** The body of `POST /groups`. */
export function readNewGroups(body: unknown): {
  readonly groups: readonly string[];
  readonly users: readonly string[];
} {
  const { groups, ...model } = isDict(body) ? body : {};
  if (!Array.isArray(groups) || groups.length === 0) {
    throw invalid("Must specify at least one group to create");
  }
  return { groups: readNames(groups, "group names"), users: readGroupModel(model).users ?? [] };
}

/** Of one group that is to be made; an absent body is an empty group. */
export function readNewGroup(body: unknown): { readonly users: readonly string[] } {
  return { users: readGroupModel(body === undefined ? {} : body).users ?? [] };
}

/** Who is to be added or deleted. */
export function readUsers(body: unknown, what: "add" | "delete"): readonly string[] {
  const { users } = readGroupModel(body === undefined ? null : body);
  if (users === undefined) throw invalid(`Must specify users to ${what}`);
  return users;
}

export function readProperties(body: unknown): Json {
  if (!isDict(body)) throw invalid("Must specify properties");
  if (isDeeper(body, MOST_LEVELS)) {
    throw invalid(`properties may have at most ${MOST_LEVELS} levels`);
  }
  if (Buffer.byteLength(JSON.stringify(body)) > MOST_PROPERTY_BYTES) {
    throw invalid(`properties may have at most ${MOST_PROPERTY_BYTES / 1024} KB`);
  }
  return body;
}

function readGroupModel(body: unknown): { readonly users?: readonly string[] } {
  if (!isDict(body)) throw invalid(`Invalid JSON data: ${pythonText(body)}`);
  const { users, name: _name, roles: _roles, ...others } = body;
  if (Object.keys(others).length > 0) throw invalid(`Invalid JSON keys: ${pythonText(body)}`);
  if (users === undefined) return {};
  if (!Array.isArray(users)) {
    throw invalid(`group.users must be <class 'list'>, not: ${pythonType(users)}`);
  }
  return { users: readNames(users, "usernames") };
}

function readNames(names: readonly unknown[], what: string): readonly string[] {
  if (names.length > MOST_NAMES) throw invalid(`at most ${MOST_NAMES} ${what} at a time`);
  return names.map((name) => {
    if (typeof name !== "string") throw invalid(`${what} must be str, not ${pythonType(name)}`);
    return name;
  });
}

/** Whoever writes JSON by hand does not nest it a thousandfold; whoever does wants the reader to fail. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}
