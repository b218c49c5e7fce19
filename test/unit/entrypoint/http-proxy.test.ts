import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";

describe("the package http-proxy", () => {
  it("is its maintained rewrite under the old name", () => {
    const manifest: unknown = createRequire(import.meta.url)("http-proxy/package.json");
    assert.ok(typeof manifest === "object" && manifest !== null && "name" in manifest);
    assert.equal(manifest.name, "http-proxy-3");
  });
});
