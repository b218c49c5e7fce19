import assert from "node:assert/strict";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { isProxiedApp, requestForgery, upgradeForgery } from "#src/entrypoint/forgery.ts";

const ownOrigins = ["http://box.lan", "https://school.example"];
const TOKEN = "2|abc|def|1";

/** Only method and headers are looked at. */
function asked(method: string, headers: IncomingHttpHeaders, query = "") {
  return { req: { method, headers } as IncomingMessage, query, ownOrigins };
}

describe("a request that reads", () => {
  it("is nobody's forgery", () => {
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      const headers = { origin: "http://evil.example" };
      assert.equal(requestForgery(asked(method, headers), "jupyter"), undefined);
      assert.equal(requestForgery(asked(method, headers), "web"), undefined);
    }
  });
});

describe("a request that changes something", () => {
  const cookie = `_xsrf=${TOKEN}`;
  const fine: readonly [string, IncomingHttpHeaders, string][] = [
    ["header", { cookie, "x-xsrftoken": TOKEN }, ""],
    ["other header", { cookie, "x-csrftoken": TOKEN }, ""],
    ["query", { cookie }, "a=1&_xsrf=2%7Cabc%7Cdef%7C1"],
    ["own origin", { cookie, "x-xsrftoken": TOKEN, origin: "http://box.lan" }, ""],
    ["public origin", { cookie, "x-xsrftoken": TOKEN, origin: "https://school.example" }, ""],
    ["several cookies", { cookie: `_xsrf=other; ${cookie}`, "x-xsrftoken": TOKEN }, ""],
  ];
  for (const [what, headers, query] of fine) {
    it(`is ours with the token of its path: ${what}`, () => {
      assert.equal(requestForgery(asked("POST", headers, query), "jupyter"), undefined);
    });
  }

  it("is refused in Jupyter's words without the token", () => {
    const problem = requestForgery(asked("POST", { cookie }), "jupyter");
    assert.equal(problem, "'_xsrf' argument missing from POST");
    const none = requestForgery(
      asked("DELETE", { cookie: "_xsrf=", "x-xsrftoken": "" }),
      "jupyter",
    );
    assert.equal(none, "'_xsrf' argument missing from DELETE");
  });

  it("is refused when token and cookie differ, or there is no cookie", () => {
    for (const headers of [{ cookie, "x-xsrftoken": "x" }, { "x-xsrftoken": TOKEN }]) {
      const problem = requestForgery(asked("PUT", headers), "jupyter");
      assert.equal(problem, "XSRF cookie does not match PUT argument");
    }
  });

  it("is refused from another origin, token or not", () => {
    for (const origin of ["null", "http://box.lan:81", "https://box.lan", "http://BOX.lan", ""]) {
      const headers = { cookie, "x-xsrftoken": TOKEN, origin };
      assert.notEqual(requestForgery(asked("PATCH", headers), "jupyter"), undefined, origin);
    }
  });

  it("must name its origin where nobody knows of tokens", () => {
    const web = (headers: IncomingHttpHeaders) => requestForgery(asked("POST", headers), "web");
    assert.equal(web({ origin: "http://box.lan" }), undefined);
    assert.equal(web({ cookie, "x-xsrftoken": TOKEN }), "Origin missing from POST");
    assert.notEqual(web({ origin: "null" }), undefined);
  });
});

describe("an app behind jupyter-server-proxy", () => {
  it("is another port of the container", () => {
    for (const rest of [
      "proxy/9000",
      "proxy/9000/a",
      "proxy/absolute/9000/",
      "proxy/localhost:9000/b",
    ]) {
      assert.equal(isProxiedApp(rest, 8888), true, rest);
    }
  });

  it("is not Jupyter by another way, and not what only looks alike", () => {
    for (const rest of [
      "proxy/8888/user/sam/api/kernels",
      "proxy/08888/api/kernels",
      "proxy/74424/api/kernels",
      "proxy/absolute/8888/api/kernels",
      "proxy/127.0.0.1:8888/api/kernels",
      "proxy/9000x/api",
      "proxy/%39000/api",
      "proxy/a%3A8888:9000/",
      "proxy/",
      "api/kernels",
      "api/proxy/9000/",
      "files/proxy/9000/",
    ]) {
      assert.equal(isProxiedApp(rest, 8888), false, rest);
    }
  });
});

describe("an upgrade", () => {
  it("needs our origin", () => {
    assert.equal(upgradeForgery(asked("GET", { origin: "http://box.lan" })), undefined);
    assert.notEqual(upgradeForgery(asked("GET", { origin: "http://box.lan.evil" })), undefined);
  });

  it("without an origin needs the token of its path", () => {
    const cookie = `_xsrf=${TOKEN}`;
    assert.equal(upgradeForgery(asked("GET", { cookie, "x-xsrftoken": TOKEN })), undefined);
    assert.equal(upgradeForgery(asked("GET", { cookie }, `_xsrf=${TOKEN}`)), undefined);
    assert.equal(upgradeForgery(asked("GET", { cookie })), "'_xsrf' argument missing from GET");
  });

  it("is not made ours by a token under a foreign origin", () => {
    const headers = {
      cookie: `_xsrf=${TOKEN}`,
      "x-xsrftoken": TOKEN,
      origin: "http://evil.example",
    };
    assert.notEqual(upgradeForgery(asked("GET", headers)), undefined);
  });
});
