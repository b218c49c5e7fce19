import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
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
