/** What clients send about people; refused in JupyterHub's words. */
import { HubError } from "#src/errors.ts";
import type { ToldActivity } from "#src/services/servers/activity.ts";
import { pythonText } from "./python-words.ts";
import { invalid, isDict, parseBody } from "./schemas/bodies.ts";

import { NOBODY, activityBody, newUsersBody, userBody } from "./schemas/users.ts";

/** More at a time would keep everybody else waiting. */
const MOST_NEW = 2000;

/** Of one person: absent fields are not to change. */
export function readUserModel(body: unknown) {
  return parseBody(userBody, body, { notDict: () => `Invalid JSON data: ${pythonText(body)}` });
}

export function readNewUsers(body: unknown): {
  readonly usernames: readonly unknown[];
  readonly admin: boolean;
} {
  const { usernames, admin = false } = parseBody(newUsersBody, body, {
    notDict: () => NOBODY,
    first: "usernames",
  });
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
  const told = isDict(body) ? withoutNothing(body) : body;
  if (isDict(told) && told["last_activity"] === undefined && told["servers"] === undefined) {
    throw invalid("body must contain at least one of `last_activity` or `servers`");
  }
  const { last_activity: user, servers = {} } = parseBody(activityBody, told, {
    notDict: () => "body must be a json dict",
  });
  const stranger = Object.keys(servers).find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw invalid(`No such server '${stranger.slice(0, 80)}' for user ${userName}`);
  }
  const times = Object.entries(servers).map(([name, { last_activity: at }]) => [name, at] as const);
  return { ...(user === undefined ? {} : { user }), servers: new Map(times) };
}

/** What counts as nothing in Python is as good as absent. */
function withoutNothing(
  body: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => !isNothing(value)));
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === 0 ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0)
  );
}
