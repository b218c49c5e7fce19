/** People, in JupyterHub's shapes; keys vary with what the visitor may see. */
import * as v from "valibot";
import { pythonText, pythonType } from "../python-words.ts";
import { readTimestamp } from "../timestamps.ts";
import { type Words, dictOf } from "./bodies.ts";
import { display, inPages, nullableTime } from "./common.ts";
import { type ModelOf, type Operations, empty } from "./operation.ts";
import { pageQuery } from "./pages.ts";
import { serverSchema } from "./servers.ts";
import { serviceEntries, serviceSchema } from "./services.ts";

const userEntries = {
  kind: v.literal("user"),
  name: v.string(),
  admin: v.optional(v.boolean()),
  user_info: v.optional(display),
  roles: v.optional(v.array(v.string())),
  groups: v.optional(v.array(v.string())),
  server: v.optional(v.nullable(v.string())),
  pending: v.optional(v.nullable(v.picklist(["spawn", "stop"]))),
  created: v.optional(nullableTime),
  last_activity: v.optional(nullableTime),
  auth_state: v.optional(v.null()),
  servers: v.optional(v.record(v.string(), serverSchema)),
};

export const userSchema = v.strictObject(userEntries);
export type UserModel = ModelOf<typeof userSchema>;

const credential = {
  /** `a5`; null with a session. */
  token_id: v.nullable(v.string()),
  session_id: v.nullable(v.string()),
  scopes: v.array(v.string()),
};

/** Who asks, and with what. */
export const selfSchema = v.variant("kind", [
  v.strictObject({ ...userEntries, ...credential }),
  v.strictObject({ ...serviceEntries, ...credential }),
]);

/** Whose a token is. */
export const holderSchema = v.variant("kind", [userSchema, serviceSchema]);
export type SelfModel = ModelOf<typeof selfSchema>;

function wrongType(key: string, type: string): Words {
  return ({ input }) => `user.${key} must be <class '${type}'>, not: ${pythonType(input)}`;
}

const changes = {
  name: v.optional(v.string(wrongType("name", "str"))),
  admin: v.optional(v.boolean(wrongType("admin", "bool"))),
};

/** Of one person: absent fields are not to change. */
export const userBody = v.strictObject(
  changes,
  (issue) => `Invalid JSON keys: ${pythonText(dictOf(issue))}`,
);

export const NOBODY = "Must specify at least one user to create";

export const newUsersBody = v.strictObject(
  {
    usernames: v.pipe(
      v.array(v.unknown(), NOBODY),
      v.minLength(1, NOBODY),
      v.description("Names; 2,000 at most"),
    ),
    ...changes,
  },
  (issue) => {
    if (issue.expected !== "never") return NOBODY;
    const { usernames: _, ...model } = dictOf(issue) as Readonly<Record<string, unknown>>; // Else it had no keys.
    return `Invalid JSON keys: ${pythonText(model)}`;
  },
);

const told = v.pipe(
  v.string(({ input }) => `Not a valid timestamp: ${pythonText(input)}`),
  v.transform((text) => readTimestamp(text)),
);
const serversForm = "servers must be a dict of the form {server_name: {last_activity: timestamp}}";

export const activityBody = v.looseObject({
  last_activity: v.optional(told),
  servers: v.optional(
    v.record(v.string(), v.looseObject({ last_activity: told }, serversForm), serversForm),
  ),
});

const states = ["", "active", "ready", "inactive"] as const;
export type State = (typeof states)[number];
const orders = ["id", "name", "last_activity", "-id", "-name", "-last_activity"] as const;
export type Order = (typeof orders)[number];

/** Bare or with anything but `0` and `false`: with servers that do not run. */
export const withStoppedQuery = { include_stopped_servers: v.optional(v.string()) } as const;

export const usersQuery = {
  ...pageQuery,
  ...withStoppedQuery,
  state: v.optional(
    v.picklist(states, ({ input }) => `Unrecognized state filter: ${pythonText(input)}`),
  ),
  sort: v.optional(
    v.picklist(
      orders,
      ({ input }) =>
        `sort must be 'id', 'name', or 'last_activity', not '${String(input).slice(0, 80)}'`,
    ),
  ),
  name_filter: v.optional(v.string()),
} as const;

export const userOperations = {
  "GET user": {
    summary: "Who asks, and what they may",
    query: withStoppedQuery,
    answers: { 200: selfSchema },
    refuses: [403],
  },
  "GET users": {
    summary: "People",
    query: usersQuery,
    answers: { 200: inPages(v.array(userSchema)) },
  },
  "POST users": {
    summary: "Make several accounts, which have no password yet; those that exist are left alone",
    body: newUsersBody,
    needsBody: true,
    answers: { 201: v.array(userSchema) },
    refuses: [404, 409],
  },
  "GET users/:name": {
    summary: "One person",
    query: withStoppedQuery,
    answers: { 200: userSchema },
  },
  "POST users/:name": {
    summary: "Make one account, which has no password yet",
    body: userBody,
    answers: { 201: userSchema },
    refuses: [409],
  },
  "PATCH users/:name": {
    summary: "Rename somebody, or make them an owner or not",
    body: userBody,
    needsBody: true,
    answers: { 200: userSchema },
    refuses: [409],
  },
  "DELETE users/:name": {
    summary: "Put somebody into the trash; what runs is stopped first",
    answers: { 204: empty },
    refuses: [409],
  },
  "POST users/:name/activity": {
    summary: "Note when somebody was active; only ever forward",
    body: activityBody,
    needsBody: true,
    answers: { 200: empty },
  },
} satisfies Operations;
