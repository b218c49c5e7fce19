/** OAuth: forms in, and JSON in its own words out. */
import * as v from "valibot";
import { failureSchema } from "./common.ts";
import { type ModelOf, type Operations, empty, page } from "./operation.ts";

const givenAccessSchema = v.strictObject({
  access_token: v.string(),
  token_type: v.literal("Bearer"),
  /** Seconds. */
  expires_in: v.pipe(v.number(), v.minValue(1)),
  scope: v.string(),
});
export type GivenAccessModel = ModelOf<typeof givenAccessSchema>;

const oauthProblemSchema = v.strictObject({
  error: v.picklist([
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unsupported_grant_type",
    "unsupported_response_type",
  ]),
  error_description: v.optional(v.string()),
});
export type OauthProblemModel = ModelOf<typeof oauthProblemSchema>;

const text = v.optional(v.string());

const authorizeQuery = {
  client_id: text,
  redirect_uri: text,
  response_type: text,
  state: text,
  scope: text,
  code_challenge: text,
  code_challenge_method: text,
} as const;

const authorize = {
  query: authorizeQuery,
  // Who visits is a person, so all that is said is a page.
  answers: { 200: page, 302: empty, 400: page, 403: page, 503: page },
} as const;

const tokenForm = {
  grant_type: v.literal("authorization_code"),
  code: v.string(),
  redirect_uri: v.string(),
  /** These two may stand in a Basic Authorization header instead. */
  client_id: text,
  client_secret: text,
  /** For a code that was asked for with a challenge. */
  code_verifier: text,
} as const;

export const oauthOperations = {
  "GET oauth2/authorize": { summary: "Tell a server or service who visits it", ...authorize },
  "POST oauth2/authorize": { summary: "The same, agreed to by a form", ...authorize },
  "POST oauth2/token": {
    summary: "A code for a token: asked by a service, or by a server at its own door",
    form: tokenForm,
    answers: {
      200: givenAccessSchema,
      400: v.union([oauthProblemSchema, failureSchema]),
      401: oauthProblemSchema,
    },
  },
} satisfies Operations;
