/**
 * Writes docs/api.yaml from the route table and the declarations in src/routes/api/schemas: `npm run docs`. The
 * schemas are the ones that read bodies and queries, and that the types of all answers come from.
 */
import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { stringify } from "yaml";
import { components, operations } from "#src/routes/api/schemas/all.ts";
import type { Answer, Operation } from "#src/routes/api/schemas/operation.ts";
import { type Handlers, type Route, routeTable } from "#src/routes/index.ts";
import type { Guard } from "#src/routes/middleware/require.ts";
import { JUPYTERHUB_VERSION } from "#src/version.ts";

export type Schema = Readonly<Record<string, unknown>>;

export interface Media {
  readonly schema?: Schema;
  /** What each event of a stream has in it. */
  readonly "x-event"?: Schema;
}

export interface DocumentedAnswer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, Media>>;
}

export interface DocumentedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Schema[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, Media>>;
  };
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
}

export interface ApiDocument {
  readonly openapi: string;
  readonly info: Schema;
  readonly servers: readonly Schema[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, DocumentedAnswer>>;
    readonly securitySchemes: Schema;
  };
}

const API = "hub/api";
const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** The routes below `{H}api`, with what `operations` calls them. */
export function apiRoutes(): readonly { readonly name: string; readonly route: Route }[] {
  const anyPart: unknown = new Proxy(
    {},
    { get: () => new Proxy({}, { get: () => () => undefined }) },
  );
  return routeTable(anyPart as Handlers) // Its handlers are never called here.
    .filter(([, path]) => path === API || path.startsWith(`${API}/`))
    .map((route) => ({ name: nameOf(route), route }));
}

/** `GET ` is `{H}api`, `GET /` the same with a slash. */
function nameOf([method, path]: Route): string {
  const rest = path.slice(API.length);
  return `${method} ${rest === "/" ? rest : rest.slice(1)}`;
}

export function apiDocument(): ApiDocument {
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  for (const { name, route } of apiRoutes()) {
    const operation = operations[name];
    // The one without a slash says the same.
    if (operation === undefined || name === "GET ") continue;
    const [method, path, guard] = route;
    const at = path.slice(API.length).replaceAll(/:(\w+)/g, "{$1}");
    (paths[at] ??= {})[method.toLowerCase()] = describe(method, at, guard, operation);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Homeroom's REST API",
      version: JUPYTERHUB_VERSION,
      description: `JupyterHub's API, and what ./homeroom asks besides. HEAD goes wherever GET goes, OPTIONS everywhere; any other
method answers 405 and says in Allow which there are. Below another base path the API is there: /jupyterhub/hub/api.`,
      license: { name: "BSD-3-Clause", identifier: "BSD-3-Clause" },
    },
    servers: [{ url: "/hub/api" }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(components).map(([name, schema]) => [name, jsonOf(schema, "output", name)]),
      ),
      responses,
      securitySchemes,
    },
  };
}

const securitySchemes = {
  token: {
    type: "http",
    scheme: "bearer",
    description: "An API token, in JupyterHub's form too: `Authorization: token …`",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "jupyterhub-hub-login",
    description: "A browser that is signed in; other methods than GET need `X-XSRFToken` too",
  },
};

function describe(
  method: string,
  path: string,
  guard: Guard,
  operation: Operation,
): DocumentedOperation {
  const parameters = [...pathParameters(path), ...queryParameters(operation)];
  return {
    operationId: idOf(method, path),
    summary: operation.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBodyOf(operation),
    responses: responsesOf(method, path, guard, operation),
    ...securityOf(guard),
  };
}

function requestBodyOf({ body, form, upload, needsBody }: Operation) {
  if (form !== undefined) {
    const content = { [FORM_TYPE]: { schema: jsonOf(v.object(form), "input") } };
    return { requestBody: { required: true, content } };
  }
  if (upload !== undefined) return { requestBody: { required: true, content: { [upload]: {} } } };
  if (body === undefined) return {};
  const content = { [JSON_TYPE]: { schema: jsonOf(body, "input") } };
  return { requestBody: { required: needsBody === true, content } };
}

/** `getUsersName`. A slash at the end names the default server. */
function idOf(method: string, path: string): string {
  const named = path === "/" ? "/version" : path.replace(/\/$/, "/default");
  const words = named.replaceAll(/\W+(\w)?/g, (_, first = "") => String(first).toUpperCase());
  return method.toLowerCase() + words;
}

function securityOf(guard: Guard) {
  if (guard === "anyone") return { security: [{}, { token: [] }, { session: [] }] };
  if (guard === "console") return { "x-control-socket-only": true };
  if (guard === "signed_in" || guard === "first_password") {
    return { security: [{ token: [] }, { session: [] }] };
  }
  // One of several scopes is enough.
  return { security: [...[guard].flat().map((scope) => ({ token: [scope] })), { session: [] }] };
}

function pathParameters(path: string): readonly Schema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters({ query = {} }: Operation): readonly Schema[] {
  return Object.entries(query).map(([name, schema]) => ({
    name,
    in: "query",
    schema: jsonOf(schema as v.GenericSchema, "input"), // Queries have nothing asynchronous.
    ...(v.is(schema as v.GenericSchema, "") ? { allowEmptyValue: true } : {}),
  }));
}

const refusalWords: Readonly<Record<number, string>> = {
  400: "It cannot be read, or is not possible",
  403: "Not signed in, or not allowed",
  404: "Nothing that the caller may know of",
  405: "There is nothing to do with this method",
  409: "Something else is in the way",
  413: "Too much text",
  424: "The server could not be started, or does not run",
  429: "Too many tries, or changes",
  503: "The box cannot do it now",
};

const responses = Object.fromEntries(
  Object.entries(refusalWords).map(([status, description]) => [
    `Refused${status}`,
    { description, content: { [JSON_TYPE]: { schema: { $ref: "#/components/schemas/Failure" } } } },
  ]),
);

function responsesOf(
  method: string,
  path: string,
  guard: Guard,
  { answers, refuses = [], body, form, upload }: Operation,
): DocumentedOperation["responses"] {
  const refusals = new Set([400, 503, ...refuses].filter((status) => !(status in answers)));
  // Whoever changes something by a session says that it is no other page that asks.
  if ((guard !== "anyone" || method !== "GET") && !(403 in answers)) refusals.add(403);
  if (path.includes("{")) refusals.add(404);
  // A student's many changes.
  if (method !== "GET" && guard !== "console") refusals.add(429);
  if (body !== undefined || form !== undefined || upload !== undefined) refusals.add(413);
  return Object.fromEntries([
    ...Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)] as const),
    ...[...refusals]
      .toSorted((one, other) => one - other)
      .map(
        (status) => [String(status), { $ref: `#/components/responses/Refused${status}` }] as const,
      ),
  ]);
}

function answerOf(answer: Answer): DocumentedAnswer {
  if (!("is" in answer)) {
    return { description: "OK", content: { [JSON_TYPE]: { schema: jsonOf(answer, "output") } } };
  }
  const words = { schema: { type: "string" } };
  switch (answer.is) {
    case "empty":
      return { description: "Nothing more to say" };
    case "text":
      return { description: "OK", content: { "text/plain": words } };
    case "page":
      return { description: "A page", content: { "text/html": words } };
    case "events": {
      const event = jsonOf(answer.data, "output");
      return {
        description: "Events",
        content: { "text/event-stream": { ...words, "x-event": event } },
      };
    }
  }
}

/** `own`: that component itself, and not only where it is. */
function jsonOf(schema: v.GenericSchema, typeMode: "input" | "output", own?: string): Schema {
  const { [own ?? ""]: _, ...others } = components;
  const config: ConversionConfig = {
    typeMode,
    errorMode: "throw",
    definitions: others,
    // What JSON Schema cannot say, the code that reads it does.
    ignoreActions: ["transform", "raw_transform", "check", "raw_check"],
    overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  };
  const { $schema: _schema, $defs: _defs, ...json } = toJsonSchema(schema, config);
  return json;
}

export function apiPage(): string {
  const head = "# Made from src/routes/index.ts and src/routes/api/schemas by: npm run docs\n";
  return (
    head +
    stringify(apiDocument(), {
      lineWidth: 110,
      aliasDuplicateObjects: false,
      // Many readers still take a bare `off` for false.
      compat: "yaml-1.1",
    })
  );
}

if (import.meta.main) {
  process.stdout.write(apiPage());
}
