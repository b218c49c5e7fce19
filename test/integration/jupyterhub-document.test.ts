/**
 * What JupyterHub's own description of its API says (its rest-api.yml, fetched from PyPI), held against ours and
 * against the answers of a hub: addresses, arguments, statuses, and the models with every key that they name.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import {
  type ApiDocument,
  type DocumentedOperation,
  type Schema,
  apiDocument,
} from "#test/support/api-document.ts";
import { type Classrooms, createClassrooms } from "#test/support/classrooms.ts";
import { jupyterHubDocument } from "#test/support/jupyterhub-document.ts";
import { type Ask, asked } from "#test/support/jupyterhub-questions.ts";
import { eventually } from "#test/support/raw-sockets.ts";

/** Where their description says what their hub does not do, or where this one is tested elsewhere. */
const left: Readonly<Record<string, string>> = {
  "POST /authorizations/token": "404 since JupyterHub 2.0",
  "POST /oauth2/token": "a server's own question, in jupyterhub-oauth.test.ts",
};
/** It says that this is a list; their hub answers by name, and so does this one. */
const ANSWERED_BY_NAME = "GET /services";
/** Keys of their models that are not here: tokens of services are in no list. */
const ABSENT = ["Server.state", "Token.service", "NewToken.service"];
/** Their hub, too, gives all services whatever these say. */
const NOT_TAKEN = ["GET /services: offset", "GET /services: limit"];
const NOT_ANSWERED = [
  // Their hub refuses with 403 as well.
  "POST /users/{name}/activity: 401",
  "GET /users/{name}/tokens: 401",
  // Secrets do not belong into addresses.
  "GET /authorizations/cookie/{cookie_name}/{cookie_value}: 200",
];

describe("JupyterHub's own description of its API", { timeout: 600_000 }, () => {
  let theirs: ApiDocument;
  let rooms: Classrooms;
  const ours = apiDocument();
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const base = "/jupyterhub/hub/api";
  let isOver = false;

  before(async () => {
    theirs = withNulls(await jupyterHubDocument()) as ApiDocument; // Of the same form.
    ajv.addSchema({ $id: "theirs", components: theirs.components }, "theirs");
    rooms = await createClassrooms({
      basePath: "/jupyterhub/",
      services: { culler: { scopes: ["list:users"] } },
      spawner: { namedServers: { allow: true, limitPerUser: 3, home: "shared" } },
      onShutdown: () => (isOver = true),
    });
  });
  after(() => rooms[Symbol.asyncDispose]());

  function each(document: ApiDocument): Map<string, DocumentedOperation> {
    return new Map(
      Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods)
          .filter(([method]) => method !== "parameters")
          .map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
      ),
    );
  }

  async function ask([what, json, as = "owner"]: Ask) {
    const [method = "", path = ""] = what.split(" ");
    const options = { method, ...(json === undefined ? {} : { json }) };
    // That one is a page, and pages take no token.
    return path.startsWith("/oauth2/authorize")
      ? rooms.ask(as, base + path, options)
      : rooms.askByToken(as, base + path, options);
  }

  it("has no address that is not here, and every one is asked below", () => {
    const here = new Set(Array.from(each(ours).keys(), bare));
    const missing = [...each(theirs).keys()].filter((name) => !here.has(bare(name)));
    assert.deepEqual(missing, []);
    const known = new Set([...Object.keys(asked), ...Object.keys(left)]);
    assert.deepEqual([...each(theirs).keys()].toSorted(), [...known].toSorted());
  });

  it("has no argument and no key of a body that is not taken here", () => {
    const here = new Map(Array.from(each(ours), ([name, operation]) => [bare(name), operation]));
    const strange = [...each(theirs)].flatMap(([name, operation]) => {
      const own = here.get(bare(name));
      if (own === undefined || name in left) return [];
      const taken = new Set([...queryOf(own, ours), ...bodyOf(own, ours)]);
      const isAny =
        own.requestBody?.content["application/json"]?.schema?.["properties"] === undefined;
      const body = isAny && own.requestBody !== undefined ? [] : bodyOf(operation, theirs);
      return [...queryOf(operation, theirs), ...body]
        .filter((key) => !taken.has(key))
        .map((key) => `${name}: ${key}`);
    });
    assert.deepEqual(strange, NOT_TAKEN);
  });

  it("has no status that is not here", () => {
    const here = new Map(
      Array.from(each(ours), ([name, { responses }]) => [bare(name), responses]),
    );
    const strange = [...each(theirs)].flatMap(([name, { responses }]) =>
      Object.keys(responses)
        .filter((status) => !(name in left) && !(status in (here.get(bare(name)) ?? {})))
        .map((status) => `${name}: ${status}`),
    );
    assert.deepEqual(strange, NOT_ANSWERED);
  });

  for (const [name, { first = [], ask: question, status }] of Object.entries(asked)) {
    it(`${name} is answered as it says`, async () => {
      await rooms.stage();
      for (const each of first) {
        const { status, text } = await ask(each);
        assert.ok(status < 300, `${each[0]}: ${text}`);
      }
      const answer = await ask(question);
      assert.equal(answer.status, status, answer.text.slice(0, 300));
      const declared = each(theirs).get(name)?.responses[String(status)];
      assert.ok(declared, `${status} is not among its answers`);
      const schema = declared.content?.["application/json"]?.schema;
      if (schema === undefined || name === ANSWERED_BY_NAME) return;
      const body: unknown = JSON.parse(answer.text);
      const validate = ajv.compile(absolute(schema));
      assert.ok(
        validate(body),
        `${ajv.errorsText(validate.errors)}\n${answer.text.slice(0, 1000)}`,
      );
    });
  }

  it("names no key of a model that is not here", () => {
    const models = [
      "User",
      "Server",
      "Group",
      "Service",
      "Token",
      "NewToken",
      "Share",
      "ShareCode",
    ];
    const missing = models.flatMap((model) => {
      const has = propertiesOf({ $ref: `#/components/schemas/${model}` }, ours);
      return propertiesOf({ $ref: `#/components/schemas/${model}` }, theirs)
        .filter((key) => !has.includes(key))
        .map((key) => `${model}.${key}`);
    });
    assert.deepEqual(missing, ABSENT);
  });

  it("ends the hub when it is asked to", async () => {
    assert.ok(await eventually(() => isOver, 60_000));
  });
});

/** Whatever the placeholders are called. */
function bare(name: string): string {
  return name.replaceAll(/\{\w+\}/g, "{}");
}

function resolve(schema: Schema | undefined, document: ApiDocument): Schema {
  const ref = schema?.["$ref"];
  if (typeof ref !== "string") return schema ?? {};
  let found: unknown = document;
  for (const part of ref.split("/").slice(1)) found = (found as Schema)[part];
  return resolve(found as Schema, document); // A description leads to descriptions.
}

function propertiesOf(schema: Schema, document: ApiDocument): readonly string[] {
  const { properties = {}, allOf = [] } = resolve(schema, document) as {
    properties?: Schema;
    allOf?: readonly Schema[];
  };
  return [...Object.keys(properties), ...allOf.flatMap((part) => propertiesOf(part, document))];
}

function queryOf({ parameters = [] }: DocumentedOperation, document: ApiDocument): string[] {
  return parameters
    .map((parameter) => resolve(parameter, document))
    .filter((parameter) => parameter["in"] === "query")
    .map((parameter) => String(parameter["name"]));
}

function bodyOf({ requestBody }: DocumentedOperation, document: ApiDocument): readonly string[] {
  return propertiesOf(requestBody?.content["application/json"]?.schema ?? {}, document);
}

/** Their hub says null of whatever there is not, and their description forgets it. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== "object" || value === null) return value;
  const all = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, withNulls(part)]),
  );
  const type = all["type"];
  if (typeof type !== "string" || "in" in all || "flows" in all) return all;
  const choices: unknown = all["enum"];
  return {
    ...all,
    type: [type, "null"],
    ...(Array.isArray(choices) ? { enum: [...(choices as readonly unknown[]), null] } : {}),
  };
}

function absolute(schema: Schema): Schema {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"theirs#/components/');
  return JSON.parse(text) as Schema; // The same with whole references.
}
