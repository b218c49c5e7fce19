/** What clients send about groups; refused in JupyterHub's words. */
import { pythonText } from "./python-words.ts";
import { type Json, invalid, parseBody } from "./schemas/bodies.ts";
import { NO_GROUP, groupBody, newGroupsBody, propertiesBody } from "./schemas/groups.ts";

/** Held in memory for each class, and written anew with each change of it. */
const MOST_PROPERTY_BYTES = 64 * 1024;
const MOST_LEVELS = 32;

/** The body of `POST /groups`. */
export function readNewGroups(body: unknown): {
  readonly groups: readonly string[];
  readonly users: readonly string[];
} {
  const words = { notDict: () => NO_GROUP, first: "groups" };
  const { groups, users = [] } = parseBody(newGroupsBody, body, words);
  return { groups, users };
}

/** Of one group that is to be made; an absent body is an empty group. */
export function readNewGroup(body: unknown): { readonly users: readonly string[] } {
  return { users: readGroupModel(body === undefined ? {} : body).users ?? [] };
}

/** Who is to be added or deleted. */
export function readUsers(body: unknown, what: "add" | "delete"): readonly string[] {
  const { users } = readGroupModel(body);
  if (users === undefined) throw invalid(`Must specify users to ${what}`);
  return users;
}

export function readProperties(body: unknown): Json {
  const properties = parseBody(propertiesBody, body, { notDict: () => "Must specify properties" });
  if (isDeeper(properties, MOST_LEVELS)) {
    throw invalid(`properties may have at most ${MOST_LEVELS} levels`);
  }
  if (Buffer.byteLength(JSON.stringify(properties)) > MOST_PROPERTY_BYTES) {
    throw invalid(`properties may have at most ${MOST_PROPERTY_BYTES / 1024} KB`);
  }
  return properties;
}

function readGroupModel(body: unknown) {
  return parseBody(groupBody, body, { notDict: () => `Invalid JSON data: ${pythonText(body)}` });
}

/** Whoever writes JSON by hand does not nest it a thousandfold; whoever does wants the reader to fail. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}
