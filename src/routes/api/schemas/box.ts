/** The box and its audit, as `./homeroom` asks for them. */
import * as v from "valibot";
import { countSchema, timeSchema } from "./common.ts";
import { type ModelOf, type Operations } from "./operation.ts";

export const checkSchema = v.strictObject({
  name: v.string(),
  status: v.picklist(["ok", "warning", "bad"]),
  text: v.string(),
  /** What to do about it. */
  advice: v.optional(v.string()),
  code: v.string(),
});
export type CheckModel = ModelOf<typeof checkSchema>;

export const boxSchema = v.strictObject({
  version: v.string(),
  /** Until there is an owner. */
  setup_code: v.nullable(v.string()),
  base_path: v.string(),
  /** Notebooks that run. */
  running: countSchema,
  /** What keeps notebooks from starting. */
  trouble: v.nullable(
    v.strictObject({
      code: v.string(),
      params: v.record(v.string(), v.union([v.string(), v.number()])),
    }),
  ),
  /** What is wrong with the box, worst first, as far as it is known without looking. */
  health: v.array(checkSchema),
});
export type BoxModel = ModelOf<typeof boxSchema>;

export const auditLineSchema = v.strictObject({
  at: timeSchema,
  action: v.string(),
  actor: v.string(),
  actor_name: v.string(),
  subject: v.nullable(v.string()),
  subject_name: v.nullable(v.string()),
  address: v.nullable(v.string()),
  request: v.nullable(v.string()),
  detail: v.nullable(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
});
export type AuditLine = ModelOf<typeof auditLineSchema>;

const DEFAULT_LINES = 100;
const MOST_LINES = 10_000;

export const auditQuery = {
  /** The name of a person, living or in the trash. */
  about: v.optional(v.string()),
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,6}$/, "limit: must be a whole number"),
      v.transform(Number),
      v.minValue(1, "limit: must be 1 or more"),
      v.transform((count) => Math.min(count, MOST_LINES)),
    ),
    String(DEFAULT_LINES),
  ),
} as const;

export const checksQuery = {
  /** With any value: not what was found some seconds ago. */
  anew: v.optional(v.string()),
} as const;

export const whichOwnerBody = v.strictObject({ name: v.optional(v.string()) });

export const boxOperations = {
  "GET box": { summary: "How the box is", answers: { 200: boxSchema } },
  "GET checks": {
    summary: "Look what is wrong with the box",
    query: checksQuery,
    answers: { 200: v.strictObject({ checks: v.array(checkSchema) }) },
  },
  "POST owner/reset": {
    summary: "Give an owner a first password, and all that an owner has",
    body: whichOwnerBody,
    answers: {
      200: v.strictObject({
        name: v.string(),
        first_password: v.string(),
        was_locked: v.boolean(),
        was_made_owner: v.boolean(),
      }),
    },
    refuses: [404, 409],
  },
  "GET audit": {
    summary: "The newest lines of the audit",
    query: auditQuery,
    answers: { 200: v.strictObject({ records: v.array(auditLineSchema) }) },
    refuses: [404],
  },
} satisfies Operations;
