/** What many answers have in them. */
import * as v from "valibot";

/** JupyterHub's times have microseconds, Homeroom's own milliseconds. */
export const timeSchema = v.pipe(v.string(), v.isoTimestamp());

export const nullableTime = v.nullable(timeSchema);

/** Every refusal below `{H}api`. */
export const failureSchema = v.strictObject({
  status: v.pipe(v.number(), v.integer(), v.minValue(400)),
  /** JupyterHub's words where it has some. */
  message: v.string(),
  /** Which entry of src/errors.ts it is. */
  code: v.pipe(v.string(), v.regex(/^[a-z_]+$/)),
  /** For commands, which say it in the teacher's words. */
  params: v.optional(v.record(v.string(), v.union([v.string(), v.number()]))),
});

/** A whole number that cannot be negative. */
export const countSchema = v.pipe(v.number(), v.integer(), v.minValue(0));

const nextPageSchema = v.strictObject({
  offset: countSchema,
  limit: countSchema,
  url: v.string(),
});

export const paginationSchema = v.strictObject({
  offset: countSchema,
  limit: countSchema,
  total: countSchema,
  next: v.nullable(nextPageSchema),
});

/** Bare, or a page of it for clients that accept `application/jupyterhub-pagination+json`. */
export function inPages<Items extends v.GenericSchema>(items: Items) {
  return v.union([items, v.strictObject({ items, _pagination: paginationSchema })]);
}

/** What some visitors see only in part. */
export const display = v.strictObject({ display_name: v.string() });
