/** Servers of people: what a start, its progress and the model of a server have. */
import * as v from "valibot";
import { pythonText } from "../python-words.ts";
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

export const START_WORDS = "user_options must be an object or null";
export const EDIT_WORDS = "user_options must be a dict";

const title = v.optional(v.nullable(v.string("display_name must be a string")));
const optionsOf = (words: string) => v.record(v.string(), v.unknown(), words);

/** Without either key, the whole body is the options, as it was before JupyterHub 6. */
export const startBody = v.looseObject({
  display_name: title,
  user_options: v.optional(v.nullable(optionsOf(START_WORDS))),
});
export const editBody = v.strictObject(
  {
    name: v.optional(v.nullable(v.string("name must be a string"))),
    display_name: title,
    user_options: v.optional(optionsOf(EDIT_WORDS)),
  },
  (issue) => `Unexpected fields: ${pythonText(issue.input)}`,
);
export const stopBody = v.looseObject({
  remove: v.optional(v.nullable(v.boolean("remove must be true or false"))),
});

/** A start that fails says which status its reason has. */
const start = {
  body: startBody,
  answers: { 201: empty, 202: empty },
  refuses: [409, 424],
};
const create = { body: startBody, answers: { 201: serverSchema }, refuses: [409] };
const change = {
  body: editBody,
  needsBody: true,
  answers: { 200: serverSchema },
  refuses: [409],
} as const;
const stop = { body: stopBody, answers: { 204: empty, 202: empty } };
const show = { answers: { 200: serverSchema } };
const progress = { answers: { 200: events(progressEventSchema) } };

const startWords = "201 it runs, 202 it is still starting";
const stopWords = "204 it is stopped, 202 it is still stopping";
const noDefault = "There is the default server always: 409";
const edit = "that is stopped: name, display name, options";

export const serverOperations = {
  "GET users/:name/server": { summary: "The default server", ...show },
  "POST users/:name/server": { summary: `Start the default server: ${startWords}`, ...start },
  "PUT users/:name/server": { summary: noDefault, ...create },
  "PATCH users/:name/server": { summary: `Change the default server ${edit}`, ...change },
  "DELETE users/:name/server": { summary: `Stop the default server: ${stopWords}`, ...stop },
  "GET users/:name/server/progress": { summary: "Follow its start", ...progress },
  "GET users/:name/servers/": { summary: "The default server", ...show },
  "POST users/:name/servers/": { summary: `Start the default server: ${startWords}`, ...start },
  "PUT users/:name/servers/": { summary: noDefault, ...create },
  "PATCH users/:name/servers/": { summary: `Change the default server ${edit}`, ...change },
  "DELETE users/:name/servers/": { summary: `Stop the default server: ${stopWords}`, ...stop },
  "GET users/:name/servers//progress": { summary: "Follow its start", ...progress },
  "GET users/:name/servers/:server": { summary: "A named server", ...show },
  "POST users/:name/servers/:server": {
    summary: `Start a named server, which is made when there is none: ${startWords}`,
    ...start,
  },
  "PUT users/:name/servers/:server": {
    summary: "Make a named server, without starting it",
    ...create,
  },
  "PATCH users/:name/servers/:server": { summary: `Change a named server ${edit}`, ...change },
  "DELETE users/:name/servers/:server": {
    summary: 'Stop a named server; `{"remove": true}` deletes it too',
    ...stop,
  },
  "GET users/:name/servers/:server/progress": { summary: "Follow its start", ...progress },
} satisfies Operations;
