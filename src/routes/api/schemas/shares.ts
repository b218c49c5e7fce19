/** Shares and share codes. */
import * as v from "valibot";
import { pythonText } from "../python-words.ts";
import { dictOf } from "./bodies.ts";
import { countSchema, nullableTime, paginationSchema, timeSchema } from "./common.ts";
import { type ModelOf, type Operations, empty } from "./operation.ts";
import { pageQuery } from "./pages.ts";

const sharedServerSchema = v.strictObject({
  user: v.strictObject({ name: v.string() }),
  name: v.string(),
  url: v.string(),
  full_url: v.null(),
  ready: v.boolean(),
});
const named = v.nullable(v.strictObject({ name: v.string() }));

export const shareSchema = v.strictObject({
  server: sharedServerSchema,
  scopes: v.array(v.string()),
  user: named,
  group: named,
  kind: v.picklist(["user", "group"]),
  created_at: timeSchema,
});
export type ShareModel = ModelOf<typeof shareSchema>;

const codeEntries = {
  server: sharedServerSchema,
  scopes: v.array(v.string()),
  id: v.pipe(v.string(), v.regex(/^sc_\d+$/)),
  created_at: timeSchema,
  expires_at: nullableTime,
  exchange_count: countSchema,
  last_exchanged_at: nullableTime,
};
export const shareCodeSchema = v.strictObject(codeEntries);
export type ShareCodeModel = ModelOf<typeof shareCodeSchema>;

/** The code itself is shown this once. */
export const newShareCodeSchema = v.strictObject({
  ...codeEntries,
  code: v.string(),
  accept_url: v.string(),
  full_accept_url: v.nullable(v.string()),
});

const MOST_SCOPES = 50;
const unknownKeys = (issue: v.BaseIssue<unknown>): string =>
  `Invalid JSON keys: ${pythonText(dictOf(issue))}`;
const scopes = v.nullish(
  v.pipe(
    v.array(
      v.pipe(v.string("scopes must be a list of strings"), v.maxLength(300, "a scope is shorter")),
      "scopes must be a list of strings",
    ),
    v.maxLength(MOST_SCOPES, `at most ${MOST_SCOPES} scopes`),
  ),
);
const name = (what: string) => v.nullish(v.string(`${what} must be a string`));

export const shareBody = v.strictObject(
  { scopes, user: name("user"), group: name("group") },
  unknownKeys,
);

const LEAST_SECONDS = 60;
const MOST_SECONDS = 365 * 86_400;
const USUAL_SECONDS = 86_400;
const life = `expires_in must be a whole number of seconds, ${LEAST_SECONDS} to ${MOST_SECONDS}`;

export const shareCodeBody = v.strictObject(
  {
    scopes,
    expires_in: v.optional(
      v.pipe(
        v.number(life),
        v.integer(life),
        v.minValue(LEAST_SECONDS, life),
        v.maxValue(MOST_SECONDS, life),
      ),
      USUAL_SECONDS,
    ),
  },
  unknownKeys,
);

export const codeQuery = { code: v.optional(v.string()), id: v.optional(v.string()) } as const;

function listOf(item: v.GenericSchema) {
  const page = v.strictObject({ items: v.array(item), _pagination: paginationSchema });
  return { query: pageQuery, answers: { 200: page } };
}

const shares = listOf(shareSchema);
const codes = listOf(shareCodeSchema);
const give = { body: shareBody, needsBody: true, answers: { 200: shareSchema } } as const;
const take = {
  body: shareBody,
  needsBody: true,
  // Empty when nothing of it is left.
  answers: { 200: v.union([shareSchema, v.strictObject({})]) },
} as const;
const takeAll = { answers: { 204: empty } };
const makeCode = { body: shareCodeBody, answers: { 200: newShareCodeSchema } };
const takeCodes = { query: codeQuery, answers: { 204: empty } };
const one = { answers: { 200: shareSchema } };
const giveBack = { answers: { 204: empty } };

const first = "the default server";
const other = "a named server";

export const shareOperations = {
  "GET shares/:name": { summary: "Shares of all servers of a person", ...shares },
  "GET shares/:name/": { summary: `Shares of ${first}`, ...shares },
  "POST shares/:name/": { summary: `Let a person or group into ${first}`, ...give },
  "PATCH shares/:name/": { summary: `Take scopes of ${first} back, or all`, ...take },
  "DELETE shares/:name/": { summary: `Take back all shares of ${first}`, ...takeAll },
  "GET shares/:name/:server": { summary: `Shares of ${other}`, ...shares },
  "POST shares/:name/:server": { summary: `Let a person or group into ${other}`, ...give },
  "PATCH shares/:name/:server": { summary: `Take scopes of ${other} back, or all`, ...take },
  "DELETE shares/:name/:server": { summary: `Take back all shares of ${other}`, ...takeAll },
  "GET share-codes/:name": { summary: "Share codes of all servers of a person", ...codes },
  "GET share-codes/:name/": { summary: `Share codes of ${first}`, ...codes },
  "POST share-codes/:name/": { summary: `Make a share code for ${first}`, ...makeCode },
  "DELETE share-codes/:name/": { summary: `Revoke share codes of ${first}`, ...takeCodes },
  "GET share-codes/:name/:server": { summary: `Share codes of ${other}`, ...codes },
  "POST share-codes/:name/:server": { summary: `Make a share code for ${other}`, ...makeCode },
  "DELETE share-codes/:name/:server": { summary: `Revoke share codes of ${other}`, ...takeCodes },
  "GET users/:name/shared": { summary: "What others have opened to a person", ...shares },
  "GET users/:name/shared/:owner/": { summary: `A person's share of ${first}`, ...one },
  "GET users/:name/shared/:owner/:server": { summary: `A person's share of ${other}`, ...one },
  "DELETE users/:name/shared/:owner/": { summary: `Give a share of ${first} back`, ...giveBack },
  "DELETE users/:name/shared/:owner/:server": {
    summary: `Give a share of ${other} back`,
    ...giveBack,
  },
  "GET groups/:group/shared": { summary: "What was opened to a group", ...shares },
  "GET groups/:group/shared/:owner/": { summary: `A group's share of ${first}`, ...one },
  "GET groups/:group/shared/:owner/:server": { summary: `A group's share of ${other}`, ...one },
  "DELETE groups/:group/shared/:owner/": { summary: `Give a share of ${first} back`, ...giveBack },
  "DELETE groups/:group/shared/:owner/:server": {
    summary: `Give a share of ${other} back`,
    ...giveBack,
  },
} satisfies Operations;
