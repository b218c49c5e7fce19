/** What a list may be asked for. Numbers beyond all bounds are as good as the bound. */
import * as v from "valibot";

const wholeNumber = v.pipe(
  v.string(),
  v.regex(/^[+-]?\d+$/, "Invalid argument type, offset and limit must be integers"),
  v.transform((text) => Math.min(Math.abs(Number(text)), Number.MAX_SAFE_INTEGER)),
);

export const pageQuery = {
  offset: v.optional(wholeNumber),
  limit: v.optional(wholeNumber),
} as const;
