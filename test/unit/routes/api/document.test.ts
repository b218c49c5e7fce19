import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { parse } from "yaml";
import { components, operations } from "#src/routes/api/schemas/all.ts";
import { apiDocument, apiPage, apiRoutes } from "#test/support/api-document.ts";

describe("docs/api.yaml", () => {
  it("is what routes and schemas say (npm run docs writes it anew)", async () => {
    const page = await readFile(new URL("../../../../docs/api.yaml", import.meta.url), "utf8");
    assert.equal(page, apiPage());
  });

  it("is an OpenAPI document", async () => {
    const result = await new Validator().validate(structuredClone({ ...apiDocument() }));
    assert.deepEqual(result, { valid: true });
  });

  it("has every route of the API, and no other", () => {
    const routes = apiRoutes().map(({ name }) => name);
    assert.deepEqual(routes.toSorted(), Object.keys(operations).toSorted());
  });

  it("says the same to those who read YAML 1.1", () => {
    assert.deepEqual(parse(apiPage(), { version: "1.1" }), parse(apiPage()));
  });

  it("allows an empty argument only where one is read", () => {
    const names = new Map<string, boolean>();
    for (const { parameters = [] } of Object.values(apiDocument().paths["/users"] ?? {})) {
      for (const { name, allowEmptyValue } of parameters) {
        names.set(String(name), allowEmptyValue === true);
      }
    }
    assert.deepEqual(Object.fromEntries(names), {
      offset: false,
      limit: false,
      include_stopped_servers: true,
      state: true,
      sort: false,
      name_filter: true,
    });
  });

  it("gives no two operations one name", () => {
    const ids = Object.values(apiDocument().paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    assert.deepEqual([...new Set(ids)], ids);
  });

  it("leads to every component that it has", () => {
    const text = apiPage();
    const idle = Object.keys(components).filter((name) => !text.includes(`/schemas/${name}"`));
    assert.deepEqual(idle, []);
  });
});
