/** Servers of people: what a start, its progress and the model of a server have (contract.md 4.1 to 4.3). */
import * as v from "valibot";
import { countSchema, nullableTime, timeSchema } from "./common.ts";
import { type ModelOf, type Operations, empty, events } from "./operation.ts";

export const serverSchema = v.strictObject({
  name: v.string(),
  display_name: v.string(),
  full_name: v.string(),
  last_activity: nullableTime,
  started: nullableTime,
  pending: v.nullable(v.picklist(["spawn", "stop"])),
  ready: v.boolean(),
  stopped: v.boolean(),
  url: v.string(),
  user_options: v.nullable(v.record(v.string(), v.unknown())),
  progress_url: v.string(),
  full_url: v.null(),
  full_progress_url: v.null(),
  /** How many are before it in line, and itself. */
  queue_position: v.nullable(countSchema),
  /** Why the last start came to nothing. */
  last_failure: v.nullable(
    v.strictObject({ code: v.string(), at: timeSchema, message: v.string() }),
  ),
});
export type ServerModel = ModelOf<typeof serverSchema>;

export const progressEventSchema = v.strictObject({
  progress: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100)),
  message: v.string(),
  html_message: v.optional(v.string()),
  ready: v.optional(v.literal(true)),
  failed: v.optional(v.literal(true)),
  url: v.optional(v.string()),
  queue_position: v.optional(countSchema),
  /** What the start is at. */
  step: v.optional(v.string()),
});
export type ProgressEvent = ModelOf<typeof progressEventSchema>;

/** What a body asks for has no meaning here yet. */
export const startBody = v.record(v.string(), v.unknown());
export const stopBody = v.looseObject({ remove: v.optional(v.nullable(v.boolean())) });

/** A start that fails says which status its reason has. */
const start = {
  body: startBody,
  answers: { 201: empty, 202: empty },
  refuses: [409, 424],
};
const stop = { body: stopBody, answers: { 204: empty, 202: empty } };
const show = { answers: { 200: serverSchema } };
const progress = { answers: { 200: events(progressEventSchema) } };

export const serverOperations = {
  "GET users/:name/server": { summary: "The default server", ...show },
  "POST users/:name/server": {
    summary: "Start the default server: 201 it runs, 202 it is still starting",
    ...start,
  },
  "DELETE users/:name/server": {
    summary: "Stop the default server: 204 it is stopped, 202 it is still stopping",
    ...stop,
  },
  "GET users/:name/server/progress": { summary: "Follow its start", ...progress },
  "GET users/:name/servers/": { summary: "The default server", ...show },
  "POST users/:name/servers/": { summary: "Start the default server", ...start },
  "DELETE users/:name/servers/": { summary: "Stop the default server", ...stop },
  "GET users/:name/servers/:server": { summary: "A named server", ...show },
  "POST users/:name/servers/:server": { summary: "Start a named server", ...start },
  "PUT users/:name/servers/:server": {
    summary: "Make a named server, without starting it",
    body: startBody,
    answers: { 201: serverSchema },
    refuses: [409],
  },
  "PATCH users/:name/servers/:server": {
    summary: "Change a named server that is stopped",
    body: startBody,
    answers: { 200: serverSchema },
    refuses: [409],
  },
  "DELETE users/:name/servers/:server": {
    summary: 'Stop a named server; `{"remove": true}` removes it too',
    ...stop,
  },
  "GET users/:name/servers/:server/progress": { summary: "Follow its start", ...progress },
} satisfies Operations;
