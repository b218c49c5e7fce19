/** Bodies and queries by their schemas, refused in JupyterHub's words: the message of a schema is the whole sentence. */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../../context.ts";
import { readAnyJson } from "../../middleware/body.ts";

export type Json = Readonly<Record<string, unknown>>;

/** What a schema says about a value that it does not take. */
export type Words = (issue: Pick<v.BaseIssue<unknown>, "input">) => string;

/** Throws `invalid_field` with the first thing that is wrong. `notDict` says so of what is no JSON object. */
export function parseBody<Schema extends v.GenericSchema>(
  schema: Schema,
  body: unknown,
  notDict: (body: unknown) => string,
): v.InferOutput<Schema> {
  if (!isDict(body)) throw invalid(notDict(body));
  return parse(schema, body);
}

export async function readBody<Schema extends v.GenericSchema>(
  ctx: HubContext,
  schema: Schema,
  notDict: (body: unknown) => string,
): Promise<v.InferOutput<Schema>> {
  return parseBody(schema, (await readAnyJson(ctx)) ?? {}, notDict);
}

/** Of several with one name the last, as JupyterHub takes it; names that are not asked for say nothing. */
export function readQuery<Entries extends v.ObjectEntries>(
  ctx: HubContext,
  entries: Entries,
): v.InferOutput<v.ObjectSchema<Entries, undefined>> {
  const query = new URLSearchParams(ctx.querystring);
  const given = Object.keys(entries).flatMap((name) => {
    const value = query.getAll(name).at(-1)?.trim();
    return value === undefined ? [] : [[name, value] as const];
  });
  return parse(v.object(entries), Object.fromEntries(given));
}

/** Keys that are not known come first, in whatever order they stand. */
function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [first] = result.issues;
  throw invalid((result.issues.find(({ expected }) => expected === "never") ?? first).message);
}

export function isDict(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function invalid(reason: string): HubError {
  return new HubError("invalid_field", { reason });
}

/** The object that the keys of an issue stand in; of unknown keys the input is the key. */
export function dictOf(issue: v.BaseIssue<unknown>): unknown {
  return issue.path?.[0].input ?? issue.input;
}
