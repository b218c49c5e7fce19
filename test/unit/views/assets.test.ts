import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { loadAssets } from "#src/views/assets.ts";

const assets = loadAssets();

describe("the table of assets", () => {
  it("knows every file with its type", () => {
    const types = new Map(assets.all().map(({ path, type }) => [path, type]));
    assert.equal(types.get("css/app.css"), "text/css; charset=utf-8");
    assert.equal(types.get("js/page.js"), "text/javascript; charset=utf-8");
    assert.equal(types.get("icons/icons.svg"), "image/svg+xml");
    assert.equal(types.get("logo.png"), "image/png");
  });
  it("gives each an address that changes with its content", () => {
    const page = assets.get("js/page.js");
    assert.ok(page !== undefined);
    assert.match(page.hash, /^[0-9a-f]{12}$/);
    assert.equal(assets.url("/a/hub/", "js/page.js"), `/a/hub/static/js/page.js?v=${page.hash}`);
    assert.equal(new Set(assets.all().map(({ hash }) => hash)).size, assets.all().length);
  });
  it("keeps texts packed, too", () => {
    const css = assets.get("css/app.css");
    assert.ok(css?.gzip !== undefined);
    assert.deepEqual(gunzipSync(css.gzip), css.body);
    assert.equal(assets.get("logo.png")?.gzip, undefined);
  });
  it("knows nothing else", () => {
    for (const path of ["", "nope.css", "../layouts/base.njk", "css/../css/app.css", "__proto__"]) {
      assert.equal(assets.get(path), undefined);
    }
    assert.throws(() => assets.url("/hub/", "nope.css"), /nope\.css/);
  });
  it("has a logo that is a PNG", () => {
    const logo = assets.get("logo.png");
    assert.deepEqual([...(logo?.body.subarray(0, 4) ?? [])], [0x89, 0x50, 0x4e, 0x47]);
  });
});
