/**
 * Holds answers of `{H}api` against docs/api.yaml: address, method, status, type and shape. The test clients do it
 * with every answer that they get, so whatever a test makes the hub say has to be written there.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { isFailureCode } from "#src/errors.ts";
import type { ApiDocument, DocumentedAnswer, DocumentedOperation, Schema } from "./api-document.ts";

export interface ApiAnswer {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The JSON that was sent, if it was some. */
  readonly sent?: unknown;
}

interface Place {
  readonly path: string;
  readonly pattern: RegExp;
  readonly operations: Readonly<Record<string, DocumentedOperation>>;
}

const file = new URL("../../docs/api.yaml", import.meta.url);
const document = parse(readFileSync(file, "utf8")) as ApiDocument; // The test of the document says that it is one.
const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
for (const word of ["x-event", "components"]) ajv.addKeyword(word);
addFormats.default(ajv);
ajv.addSchema({ $id: "api", components: document.components }, "api");
const compiled = new Map<string, ValidateFunction>();

/** Those with fewer placeholders first: `/users/{name}/servers/` is no server without a name. */
const places: readonly Place[] = Object.entries(document.paths)
  .map(([path, operations]) => ({ path, operations, pattern: patternOf(path) }))
  .toSorted((one, other) => count(one.path) - count(other.path));

const API_PATH = /^(?:\/(?!user\/)[^/?]+)?\/hub\/api(?<rest>\/[^?]*)?(?:\?|$)/;
/** No address has others. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** Refused before the address was looked at. */
const EARLY = new Set([
  "bad_target",
  "bad_host",
  "bad_request",
  "hub_stopping",
  "sign_in_required",
]);

/** Throws an AssertionError where the answer is none of those that the document has. Other addresses are not its business. */
export function checkApiAnswer(answer: ApiAnswer): void {
  const found = API_PATH.exec(answer.path);
  if (found === null) return;
  const path = found.groups?.["rest"] ?? "/";
  const what = `${answer.method} ${answer.path} answered ${answer.status}`;
  const place = places.find(({ pattern }) => pattern.test(path));
  if (!METHODS.includes(answer.method)) {
    checkRefusal(answer, what, place === undefined ? [404] : [405]);
    if (answer.status === 405 && place !== undefined) checkAllow(answer, place, what);
    return;
  }
  if (place === undefined) {
    checkRefusal(answer, what, [404]);
    return;
  }
  if (answer.method === "OPTIONS") {
    if (answer.status === 200) checkEmpty(answer, what);
    else checkRefusal(answer, what, []);
    return;
  }
  const method = (answer.method === "HEAD" ? "GET" : answer.method).toLowerCase();
  const operation = place.operations[method];
  if (operation === undefined) {
    // There a browser comes with a person before it.
    if (!isPage(place) || !isHtml(answer)) checkRefusal(answer, what, [405]);
    if (answer.status === 405) checkAllow(answer, place, what);
    return;
  }
  const declared = operation.responses[String(answer.status)];
  assert.ok(declared, `${what}, which docs/api.yaml does not have: ${answer.text.slice(0, 300)}`);
  checkContent(answer, resolved(declared), what);
  if (answer.status < 300) checkSent(answer, operation, what);
}

function isPage({ operations }: Place): boolean {
  return Object.values(operations).some(({ responses }) =>
    Object.values(responses).some(({ content }) => content?.["text/html"] !== undefined),
  );
}

function isHtml({ headers }: ApiAnswer): boolean {
  return headers["content-type"]?.startsWith("text/html") === true;
}

function checkContent(answer: ApiAnswer, { content = {} }: DocumentedAnswer, what: string): void {
  const types = Object.keys(content);
  if (answer.method === "HEAD") {
    assert.equal(answer.text, "", `${what} with a body`);
    return;
  }
  if (types.length === 0) {
    checkEmpty(answer, what);
    return;
  }
  const type = answer.headers["content-type"]?.split(";", 1)[0] ?? "";
  const media = content[type];
  assert.ok(media, `${what} with ${type || "no type"}, not ${types.join(" or ")}`);
  if (type === "application/json") check(media.schema ?? {}, jsonOf(answer.text, what), what);
  const event = media["x-event"];
  if (event !== undefined) {
    for (const data of eventsIn(answer.text)) check(event, jsonOf(data, what), `${what}: an event`);
  }
}

/** What the hub took is what the document says that it takes. */
function checkSent({ sent }: ApiAnswer, { requestBody }: DocumentedOperation, what: string): void {
  if (sent === undefined || sent === null || requestBody === undefined) return;
  const schema = requestBody.content["application/json"]?.schema;
  if (schema !== undefined) check(schema, sent, `${what}: what was sent`);
}

function checkRefusal(answer: ApiAnswer, what: string, statuses: readonly number[]): void {
  if (answer.method === "HEAD") {
    assert.equal(answer.text, "", `${what} with a body`);
    return;
  }
  const body = jsonOf(answer.text, what);
  check({ $ref: "#/components/schemas/Failure" }, body, what);
  const { code } = body as { code: string }; // As it was just checked.
  assert.ok(isFailureCode(code), `${what} with the unknown code ${code}`);
  assert.ok(
    statuses.includes(answer.status) || EARLY.has(code),
    `${what} (${code}) in place of ${statuses.join(" or ")}`,
  );
}

function checkAllow({ headers }: ApiAnswer, place: Place, what: string): void {
  const methods = Object.keys(place.operations).map((method) => method.toUpperCase());
  const expected = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"];
  const allowed = (headers.allow ?? "").split(/,\s*/);
  assert.deepEqual(allowed.toSorted(), expected.toSorted(), `${what} with this Allow`);
}

function checkEmpty({ text }: ApiAnswer, what: string): void {
  assert.equal(text, "", `${what} with a body`);
}

function check(schema: Schema, value: unknown, what: string): void {
  const key = JSON.stringify(schema);
  const validate = compiled.get(key) ?? compile(key);
  if (validate(value)) return;
  const reasons = ajv.errorsText(validate.errors, { dataVar: "it", separator: "\n  " });
  assert.fail(
    `${what}, which is not as docs/api.yaml says:\n  ${reasons}\n${JSON.stringify(value, undefined, 1).slice(0, 2000)}`,
  );
}

function compile(key: string): ValidateFunction {
  const schema: unknown = JSON.parse(key.replaceAll('"#/components/', '"api#/components/'));
  const validate = ajv.compile(schema as Schema); // From the document.
  compiled.set(key, validate);
  return validate;
}

function resolved(answer: DocumentedAnswer): DocumentedAnswer {
  const name = answer.$ref?.split("/").at(-1);
  return name === undefined ? answer : (document.components.responses[name] ?? answer);
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    assert.fail(`${what} with what is no JSON: ${text.slice(0, 300)}`);
  }
}

/** A stream may be broken off in the middle of one. */
function eventsIn(text: string): readonly string[] {
  const whole = text.slice(0, text.lastIndexOf("\n\n") + 1);
  return whole.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}

function count(path: string): number {
  return path.split("{").length;
}
