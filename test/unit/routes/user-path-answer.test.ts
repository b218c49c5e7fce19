import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { wantsPage } from "#src/routes/user-path-answer.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

function asks(method: string, url: string, accept?: string): boolean {
  return wantsPage({ method, url, headers: accept === undefined ? {} : { accept } });
}

describe("a person's request", () => {
  it("is a page's, with anything but JSON wanted", () => {
    assert.equal(asks("GET", "/user/a/lab", BROWSER), true);
    assert.equal(asks("HEAD", "/user/a/lab", BROWSER), true);
    assert.equal(asks("GET", "/user/a/lab"), true);
    assert.equal(asks("GET", "/user/a/apix?x=/api/", "*/*"), true);
  });

  it("is not a program's", () => {
    assert.equal(asks("GET", "/user/a/lab", "application/json"), false);
    assert.equal(asks("GET", "/user/a/api/kernels", BROWSER), false);
    assert.equal(asks("GET", "/user/a/api", BROWSER), false);
    assert.equal(asks("POST", "/user/a/lab", BROWSER), false);
  });
});
