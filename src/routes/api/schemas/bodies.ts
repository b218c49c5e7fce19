/** Bodies and queries by their schemas, refused in JupyterHub's words: the message of a schema is the whole sentence. */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../../context.ts";
import { readAnyJson } from "../../middleware/body.ts";

export type Json = Readonly<Record<string, unknown>>;

/** What a schema says about a value that it does not take. */
export type Words = (issue: Pick<v.BaseIssue<unknown>, "input">) => string;

interface BodyWords {
  /** What is said of anything but a JSON object. */
  readonly notDict: (body: unknown) => string;
  /** The key whose problem is told before others. */
  readonly first?: string;
}

/** Throws `invalid_field` with one thing that is wrong. */
export function parseBody<Schema extends v.GenericSchema>(
  schema: Schema,
  body: unknown,
  { notDict, first }: BodyWords,
): v.InferOutput<Schema> {
  if (!isDict(body)) throw invalid(notDict(body));
  return parse(schema, body, first);
}

/** The body of this request; an absent one, and `null`, counts as an empty object. */
export async function readBody<Schema extends v.GenericSchema>(
  ctx: HubContext,
  schema: Schema,
  words: BodyWords,
): Promise<v.InferOutput<Schema>> {
  return parseBody(schema, (await readAnyJson(ctx)) ?? {}, words);
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

/** Of several problems one is told: that of the key `first`, else a key that is not known. */
function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  first?: string,
): v.InferOutput<Schema> {
  const { success, output, issues } = v.safeParse(schema, value);
  if (success) return output;
  const told =
    issues.find(({ path }) => first !== undefined && path?.[0].key === first) ??
    issues.find(({ expected }) => expected === "never") ??
    issues[0];
  throw invalid(told.message);
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
