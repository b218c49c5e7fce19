import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cleanReply } from "#src/entrypoint/response-headers.ts";

const LAB = { prefix: "/jupyterhub/user/maria/", rest: "lab" };

function clean(statusCode: number, rawHeaders: string[], place = LAB) {
  return cleanReply({ statusCode, rawHeaders }, place);
}

/** Without what is added to each reply. */
function passed(...rawHeaders: string[]): string[] | undefined {
  return clean(200, rawHeaders)?.headers.slice(0, -6);
}

describe("a container's reply", () => {
  it("keeps what describes its body, as it came", () => {
    const headers = [
      "Content-Type",
      "text/html; charset=UTF-8",
      "content-length",
      "12",
      "ETag",
      '"a"',
      "Cache-Control",
      "max-age=31536000, immutable",
      "Content-Encoding",
      "gzip",
      "Location",
      "/jupyterhub/user/maria/lab?",
      "Vary",
      "Accept",
      "X-Content-Type-Options",
      "nosniff",
      "Content-Disposition",
      'attachment; filename="é.ipynb"',
      "Date",
      "Sun, 22 Nov 2026 05:03:25 GMT",
      "Link",
      "</a.css>; rel=preload",
      "Link",
      "</b.css>; rel=preload",
    ];
    assert.deepEqual(passed(...headers), headers);
  });

  it("loses what would act beyond its path", () => {
    const names = [
      ..."Service-Worker-Allowed Clear-Site-Data Strict-Transport-Security Public-Key-Pins Alt-Svc Report-To".split(
        " ",
      ),
      ..."NEL Reporting-Endpoints Refresh X-Accel-Redirect X-Accel-Buffering X-Sendfile WWW-Authenticate".split(
        " ",
      ),
      ..."Access-Control-Allow-Origin access-control-allow-credentials Accept-CH Critical-CH Server".split(
        " ",
      ),
      ..."Set-Cookie2 X-Powered-By Origin-Trial Expect-CT Set-Login X-Homeroom-User".split(" "),
    ];
    assert.deepEqual(passed(...names.flatMap((name) => [name, "x"])), []);
  });

  it("loses what belongs to one connection, also by nomination", () => {
    assert.deepEqual(
      passed(
        "Connection",
        "close, X-Hop",
        "X-Hop",
        "1",
        "Keep-Alive",
        "timeout=1",
        "Trailer",
        "x",
        "Transfer-Encoding",
        "chunked",
        "Upgrade",
        "h2c",
        "Proxy-Authenticate",
        "Basic",
        "X-Stays",
        "1",
      ),
      ["X-Stays", "1"],
    );
  });

  it("keeps cookies of its own path alone", () => {
    const cookies = [
      ["_xsrf=2|a|b; Path=/jupyterhub/user/maria/", "_xsrf=2|a|b; Path=/jupyterhub/user/maria/"],
      [
        "a=b; expires=Tue, 22 Dec 2026 05:03:25 GMT; HttpOnly; Path=/jupyterhub/user/maria/lab; Domain=lan; SameSite=Lax; Max-Age=5; Secure; X=y",
        "a=b; Path=/jupyterhub/user/maria/lab; expires=Tue, 22 Dec 2026 05:03:25 GMT; HttpOnly; SameSite=Lax; Max-Age=5; Secure",
      ],
      [
        "username-box=x; path=/jupyterhub/user/maria",
        "username-box=x; Path=/jupyterhub/user/maria",
      ],
    ] as const;
    for (const [sent, kept] of cookies) {
      assert.deepEqual(passed("Set-Cookie", sent), ["Set-Cookie", kept]);
    }
    const dropped = [
      "a=b",
      "a=b; Path=/",
      "a=b; Path=/jupyterhub/",
      "a=b; Path=/jupyterhub/user/mariana/",
      "a=b; Path=/jupyterhub/user/maria/; Path=/",
      "a=b; Path=/; Path=/jupyterhub/user/maria/",
      'a=b; Path="/jupyterhub/user/maria/"',
      "jupyterhub-session-id=b; Path=/jupyterhub/user/maria/",
      "JupyterHub-Hub-Login=b; Path=/jupyterhub/user/maria/",
      "jupyterhub-session-id =b; Path=/jupyterhub/user/maria/",
      "=jupyterhub-session-id=b; Path=/jupyterhub/user/maria/",
      "jupyterhub-session-id; Path=/jupyterhub/user/maria/",
      "a b=c; Path=/jupyterhub/user/maria/",
      "a=b\tc; Path=/jupyterhub/user/maria/",
      `a=${"b".repeat(5000)}; Path=/jupyterhub/user/maria/`,
    ];
    for (const cookie of dropped) assert.deepEqual(passed("set-cookie", cookie), [], cookie);
  });

  it("sets no more cookies than a browser keeps", () => {
    const headers = Array.from({ length: 100 }, (_, index) => [
      "Set-Cookie",
      `c${index}=1; Path=/jupyterhub/user/maria/`,
    ]).flat();
    assert.equal(passed(...headers)?.length, 64);
  });

  it("is never framed, and tells no other site where it was read", () => {
    const reply = clean(200, [
      "X-Frame-Options",
      "ALLOWALL",
      "Referrer-Policy",
      "unsafe-url",
      "Content-Security-Policy",
      "frame-ancestors *; default-src 'self'",
    ]);
    assert.deepEqual(reply?.headers, [
      "Content-Security-Policy",
      "frame-ancestors *; default-src 'self'",
      "Content-Security-Policy",
      "frame-ancestors 'none'",
      "X-Frame-Options",
      "DENY",
      "Referrer-Policy",
      "same-origin",
    ]);
  });

  it("runs in an origin of its own when it is a user's file", () => {
    for (const rest of ["files/a.html", "nbconvert/html/a.ipynb", "files"]) {
      const headers = clean(200, [], { prefix: LAB.prefix, rest })?.headers;
      assert.deepEqual(headers, [
        "Content-Security-Policy",
        "frame-ancestors 'self'; sandbox allow-scripts",
        "X-Frame-Options",
        "SAMEORIGIN",
        "Referrer-Policy",
        "same-origin",
      ]);
    }
    const other = clean(200, [], { prefix: LAB.prefix, rest: "filesystem" })?.headers;
    assert.equal(other?.[1], "frame-ancestors 'none'");
  });

  it("is not kept for whoever sits there next, when a web app leaves that open", () => {
    const changed = ["Last-Modified", "Sun, 22 Nov 2026 05:03:25 GMT"];
    const web = { prefix: LAB.prefix, stripsPrefix: true, hosts: [] };
    const kept = (...headers: string[]) =>
      cleanReply({ statusCode: 200, rawHeaders: headers }, { ...LAB, web })?.headers.slice(0, -6);
    assert.deepEqual(kept(...changed), [...changed, "Cache-Control", "private, no-cache"]);
    for (const said of [
      ["cache-control", "max-age=60"],
      ["EXPIRES", "Sun, 22 Nov 2026 06:03:25 GMT"],
    ]) {
      assert.deepEqual(kept(...changed, ...said), [...changed, ...said]);
    }
    // Nothing to guess from: a browser asks again.
    assert.deepEqual(kept("ETag", '"last-modified"'), ["ETag", '"last-modified"']);
    // Jupyter's own go as they came.
    assert.deepEqual(passed(...changed), changed);
  });

  it("is refused when it is not one", () => {
    for (const status of [0, 99, 100, 101, 103, 199, 600, 999, 1000]) {
      assert.equal(clean(status, []), undefined, String(status));
    }
    assert.equal(clean(200, ["Content-Length", "5", "content-length", "5"]), undefined);
    for (const length of ["-1", "1,1", "0x10", "", "5 5", "9".repeat(30)]) {
      assert.equal(clean(200, ["Content-Length", length]), undefined, length);
    }
    assert.equal(clean(200, ["X", "a\u0000b"]), undefined);
    assert.equal(clean(200, ["X", "a\r\nSet-Cookie: b=c"]), undefined);
    assert.equal(clean(200, ["X y", "a"]), undefined);
    assert.equal(clean(200, ["", "a"]), undefined);
    assert.equal(clean(200, ["X", "a".repeat(17_000)]), undefined);
  });

  it("has no length without a body", () => {
    assert.deepEqual(clean(204, ["Content-Length", "5"])?.headers.includes("5"), false);
    assert.deepEqual(clean(304, ["Content-Length", "5"])?.headers.includes("5"), true);
  });
});
