/** API tokens. */
import * as v from "valibot";
import { pythonText } from "../python-words.ts";
import { nullableTime, timeSchema } from "./common.ts";
import { type ModelOf, type Operations, empty } from "./operation.ts";

const tokenEntries = {
  /** Whose it is. */
  user: v.string(),
  id: v.pipe(v.string(), v.regex(/^a\d+$/)),
  kind: v.literal("api_token"),
  roles: v.array(v.string()),
  scopes: v.array(v.string()),
  created: timeSchema,
  last_activity: nullableTime,
  expires_at: nullableTime,
  note: v.string(),
  session_id: v.nullable(v.string()),
  oauth_client: v.string(),
};
export const tokenSchema = v.strictObject(tokenEntries);
export type TokenModel = ModelOf<typeof tokenSchema>;

/** The token itself is shown this once. */
export const newTokenSchema = v.strictObject({ ...tokenEntries, token: v.string() });
export type NewTokenModel = ModelOf<typeof newTokenSchema>;

/** In place of a token or a session. */
export const credentials = v.object({ username: v.string(), password: v.string() });

function listOfTexts(key: string) {
  const words = ({ input }: { readonly input: unknown }): string =>
    `token ${key} must be null or a list of strings, not ${pythonText(input)}`;
  // The union tells of the whole value, the list only of what is wrong in it.
  return v.optional(v.union([v.null(), v.array(v.string())], words));
}

const life = ({ input }: { readonly input: unknown }): string =>
  `token expires_in must be null or integer, not ${pythonText(input)}`;

export const newTokenBody = v.looseObject({
  /** Anything else than a text is none. */
  note: v.optional(v.union([v.string(), v.unknown()])),
  scopes: listOfTexts("scopes"),
  /** Homeroom has no roles for tokens. */
  roles: listOfTexts("roles"),
  expires_in: v.nullish(v.pipe(v.number(life), v.integer(life))),
  /** Whatever is wrong with it opens nothing. */
  auth: v.optional(v.union([credentials, v.unknown()])),
});

export const tokenOperations = {
  "GET users/:name/tokens": {
    summary: "Tokens of a person that have not expired",
    answers: { 200: v.strictObject({ api_tokens: v.array(tokenSchema) }) },
  },
  "POST users/:name/tokens": {
    summary: "Make a token, by another one, a session, or a user name and password",
    body: newTokenBody,
    answers: { 201: newTokenSchema },
    refuses: [429],
  },
  "GET users/:name/tokens/:token": { summary: "One token", answers: { 200: tokenSchema } },
  "DELETE users/:name/tokens/:token": { summary: "Revoke a token", answers: { 204: empty } },
} satisfies Operations;
