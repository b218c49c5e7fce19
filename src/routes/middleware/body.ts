/** Bodies are small here: notebooks' uploads never enter Koa. */
import { PassThrough, type Readable } from "node:stream";
import getRawBody from "raw-body";
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../context.ts";

const FORM_LIMIT = 64 * 1024;
/** A pasted list of a whole school. */
const LIST_LIMIT = 1024 * 1024;
const FIELD_LIMIT = 200;
const MOST_TYPED = 300;

/** Only who is over others has lists to send: a thousand half-sent bodies of anybody must not fill the memory. */
function bodyLimit({ state: { identity } }: HubContext): number {
  if (identity === undefined) return FORM_LIMIT;
  const isStudent = "user" in identity && identity.user.role === "student";
  return isStudent ? FORM_LIMIT : LIST_LIMIT;
}

async function readBytes(ctx: HubContext): Promise<Buffer> {
  const bytes = await receiveBytes(ctx);
  ctx.state.assertStillThere?.();
  return bytes;
}

async function receiveBytes(ctx: HubContext): Promise<Buffer> {
  const limit = bodyLimit(ctx);
  if (ctx.get("content-encoding") !== "" && ctx.get("content-encoding") !== "identity") {
    throw new HubError("bad_request");
  }
  const declared = Number(ctx.get("content-length") || 0);
  if (declared > limit) throw tooLarge(ctx, limit);
  try {
    return await getRawBody(ctx.req, { limit });
  } catch (error) {
    if (error instanceof Error && "type" in error && error.type === "entity.too.large") {
      throw tooLarge(ctx, limit);
    }
    throw new HubError("bad_request", {}, { cause: error });
  }
}

async function readText(ctx: HubContext): Promise<string> {
  const bytes = await readBytes(ctx);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new HubError(ctx.state.api ? "bad_json" : "bad_request", {}, { cause: error });
  }
}

function tooLarge(ctx: HubContext, limit: number): HubError {
  // What is left of the body is not read: the connection cannot be used again.
  ctx.set("connection", "close");
  return new HubError("body_too_large", { limit: `${limit / 1024} KB` });
}

/** The form of this request, parsed at the first call. A body that is no form counts as an empty one. */
export async function readForm(ctx: HubContext): Promise<URLSearchParams> {
  ctx.state.form ??=
    ctx.is("multipart/form-data") === "multipart/form-data"
      ? await readParts(ctx)
      : await readFields(ctx);
  return ctx.state.form;
}

async function readFields(ctx: HubContext): Promise<URLSearchParams> {
  const isForm = ctx.is("urlencoded") === "urlencoded";
  const text = isForm ? await readText(ctx) : "";
  let separators = 0;
  for (let at = text.indexOf("&"); at >= 0; at = text.indexOf("&", at + 1)) separators += 1;
  if (separators >= FIELD_LIMIT) throw new HubError("bad_request");
  return new URLSearchParams(text);
}

/** As scripts send forms; files in it are nobody's business here. */
async function readParts(ctx: HubContext): Promise<URLSearchParams> {
  const bytes = await readBytes(ctx);
  const headers = { "content-type": ctx.get("content-type") };
  const form = new URLSearchParams();
  // Scripts that have all they need in the address send a form without parts.
  if (bytes.length === 0) return form;
  try {
    const parts = await new Response(new Uint8Array(bytes), { headers }).formData();
    for (const [name, value] of parts) {
      if (typeof value === "string") form.append(name, value);
    }
  } catch (error) {
    throw new HubError("bad_request", {}, { cause: error });
  }
  if (form.size > FIELD_LIMIT) throw new HubError("bad_request");
  return form;
}

/** The body as it comes in. Whoever reads it may stop early: the connection is still there for the answer. */
export function bodyStream(ctx: HubContext): Readable {
  const { req } = ctx;
  const body = new PassThrough();
  const endEarly = (): void => {
    if (!req.complete) body.destroy(new HubError("bad_request"));
  };
  req.once("close", endEarly);
  body.once("close", () => {
    req.off("close", endEarly);
    req.unpipe(body);
  });
  return req.pipe(body);
}

export function field(form: URLSearchParams, name: string): string {
  return form.get(name) ?? "";
}

/** As {@link field}, to be shown again: no longer than what a person types. */
export function typed(form: URLSearchParams, name: string): string {
  return field(form, name).slice(0, MOST_TYPED);
}

/** Whatever the JSON body holds; `undefined` when there is none. */
export async function readAnyJson(ctx: HubContext): Promise<unknown> {
  const text = await readText(ctx);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HubError("bad_json", {}, { cause: error });
  }
}

/** The JSON body as `schema` wants it; an absent body counts as `{}`. */
export async function readJson<Schema extends v.GenericSchema>(
  ctx: HubContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const body = await readAnyJson(ctx);
  // To valibot a list is an object with numbers for keys.
  if (Array.isArray(body)) throw new HubError("invalid_field", { reason: "not a JSON object" });
  const result = v.safeParse(schema, body === undefined ? {} : body);
  if (result.success) return result.output;
  const reason = result.issues.map(describeIssue).join("; ");
  throw new HubError("invalid_field", { reason });
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}
