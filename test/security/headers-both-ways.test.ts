/** What passes between a browser and a container, end to end. */
import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { after, before, describe, it } from "node:test";
import { SECRET } from "#test/support/gateway-world.ts";
import { ListeningWorld } from "#test/support/listening-world.ts";

describe("headers", () => {
  let here: ListeningWorld;
  let cookie: string;
  let seen: { url: string; headers: IncomingHttpHeaders; raw: string[] };
  let reply: Record<string, string | string[]> = {};

  before(async () => {
    here = await ListeningWorld.start({ basePath: "/jupyterhub/" });
    cookie = await here.cookie("alice");
    await here.serve("alice", (req, res) => {
      seen = { url: req.url ?? "", headers: req.headers, raw: req.rawHeaders };
      res.writeHead(200, reply);
      res.end("fine");
    });
  });
  after(() => here[Symbol.asyncDispose]());

  it("reach the container without anything that opens the hub", async () => {
    const headers = {
      cookie: `${cookie}; jupyterhub-hub-login=hub-secret; other=1`,
      authorization: "Bearer api-token",
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-proto": "https",
      forwarded: "for=6.6.6.6",
      "x-real-ip": "6.6.6.6",
      "x-homeroom-user": "bob",
      te: "trailers",
      connection: "keep-alive, x-hop",
      "x-hop": "1",
      "x-app": "kept",
    };
    await here.ask("/jupyterhub/user/alice/x?token=secret-token&a=1", { headers });
    assert.equal(seen.url, "/jupyterhub/user/alice/x?a=1");
    const { connection, ...rest } = seen.headers;
    assert.equal(connection, "keep-alive");
    assert.deepEqual(rest, {
      host: here.host,
      cookie: "_xsrf=2|a1b2c3d4|0123456789abcdef|1795000000; other=1",
      authorization: `token ${SECRET}`,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": here.host,
      "x-forwarded-port": String(here.port),
      "x-homeroom-user": "alice",
      "x-homeroom-display-name": "alice",
      "x-app": "kept",
    });
    for (const secret of ["hub-secret", "api-token", "secret-token", "jupyterhub-session-id"]) {
      assert.ok(!seen.raw.join("\n").includes(secret), secret);
    }
  });

  it("reach the browser without anything that acts beyond the server's path", async () => {
    reply = {
      "set-cookie": [
        "jupyterhub-session-id=planted; Path=/jupyterhub/user/alice/",
        "jupyterhub-hub-login=planted; Path=/jupyterhub/hub/",
        "everywhere=1; Path=/",
        "_xsrf=2|a; Path=/jupyterhub/user/alice/; Domain=lan",
      ],
      "service-worker-allowed": "/",
      "clear-site-data": '"*"',
      "strict-transport-security": "max-age=1",
      "public-key-pins": "x",
      "alt-svc": 'h3=":1"',
      "report-to": "{}",
      nel: "{}",
      "secure-session-registration": '(ES256); path="/jupyterhub/user/alice/register"',
      "use-as-dictionary": 'match="/jupyterhub/hub/*"',
      "access-control-allow-origin": "*",
      refresh: "0; url=http://evil.example",
      "x-accel-redirect": "/etc",
      "x-frame-options": "ALLOWALL",
      server: "TornadoServer/6.5",
      "cache-control": "max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
    };
    const { headers } = await here.ask("/jupyterhub/user/alice/lab", { headers: { cookie } });
    delete headers.date;
    assert.deepEqual(headers, {
      "set-cookie": ["_xsrf=2|a; Path=/jupyterhub/user/alice/"],
      "cache-control": "max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
      "content-security-policy": "frame-ancestors 'none'",
      "x-frame-options": "DENY",
      "referrer-policy": "same-origin",
      connection: "close",
      "transfer-encoding": "chunked",
    });
  });

  it("leave no program of the container in the browser", async () => {
    reply = { "content-type": "text/javascript" };
    const path = "/jupyterhub/user/alice/sw.js";
    assert.equal((await here.ask(path, { headers: { cookie } })).status, 200);
    seen = { url: "", headers: {}, raw: [] };
    const headers = { cookie, "service-worker": "script" };
    assert.equal((await here.ask(path, { headers })).status, 403);
    assert.equal(seen.url, "", "it is not asked");
    reply = {};
  });

  it("keep a page out of frames also when it is an answer of ours", async () => {
    for (const path of [
      "/jupyterhub/user//x",
      "/jupyterhub/user/alice/lab",
      "/jupyterhub/user/alice",
    ]) {
      const { headers } = await here.ask(path);
      assert.equal(headers["x-frame-options"], "DENY", path);
      assert.match(String(headers["content-security-policy"]), /frame-ancestors 'none'/, path);
    }
  });
});
