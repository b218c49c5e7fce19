import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { requestHeaders, upgradeHeaders, type Visit } from "#src/entrypoint/request-headers.ts";
import type { RequestContext } from "#src/session/request-context.ts";
import { makeId } from "#src/stores/ids.ts";
import { userRecord } from "#test/support/records.ts";

const context: RequestContext = {
  id: "K7-4201",
  via: "network",
  address: "192.168.1.20",
  scheme: "http",
  host: "box.lan:8000",
  origin: "http://box.lan:8000",
  ownOrigins: ["http://box.lan:8000", "https://school.example"],
};
const maria = userRecord("maria", { displayName: "María López 学" });
const visit: Visit = {
  route: {
    userId: maria.id,
    serverName: "",
    serverId: makeId<"server">(),
    generation: 3,
    upstream: { host: "10.213.0.2", port: 8888 },
    secret: "the-containers-secret",
    kind: "jupyter",
  },
  prefix: "/user/maria/",
  rest: "lab",
  forward: "/user/maria/lab",
  visitor: maria,
  context,
};

/** Only the headers of a request are looked at. */
function from(headers: IncomingHttpHeaders): IncomingMessage {
  return { headers } as IncomingMessage;
}

const OWN = {
  host: "box.lan:8000",
  "x-forwarded-for": "192.168.1.20",
  "x-forwarded-proto": "http",
  "x-forwarded-host": "box.lan:8000",
  "x-forwarded-port": "8000",
  "x-homeroom-user": "maria",
  "x-homeroom-display-name": "Mar%C3%ADa%20L%C3%B3pez%20%E5%AD%A6",
  authorization: "token the-containers-secret",
};

describe("headers for a container", () => {
  it("are ours alone when the client sends none", () => {
    assert.deepEqual(requestHeaders(from({}), visit), OWN);
  });

  it("keep what a notebook needs", () => {
    const sent = {
      accept: "*/*",
      "accept-encoding": "gzip, br",
      "accept-language": "es",
      "cache-control": "no-cache",
      "content-length": "12",
      "content-type": "application/json",
      "if-none-match": '"a"',
      "if-modified-since": "Sun, 22 Nov 2026 05:03:25 GMT",
      range: "bytes=0-9",
      "user-agent": "Mozilla",
      "x-requested-with": "XMLHttpRequest",
      "x-xsrftoken": "2|a",
      "last-event-id": "7",
      origin: "http://box.lan:8000",
      "x-an-apps-own": "1",
    };
    assert.deepEqual(requestHeaders(from(sent), visit), { ...sent, ...OWN });
  });

  it("lose everything that opens the hub, and what only a web server in front may say", () => {
    const sent: IncomingHttpHeaders = {
      authorization: "Bearer a-hub-token",
      "proxy-authorization": "Basic x",
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-user": "teacher",
      "x-forwarded-prefix": "/x",
      forwarded: "for=6.6.6.6",
      via: "1.1 evil",
      "x-real-ip": "6.6.6.6",
      "x-homeroom-user": "teacher",
      "x-homeroom-poll": "1",
      "x-remote-user": "teacher",
      "x-original-url": "/user/bob/",
      "x-rewrite-url": "/user/bob/",
      "x-http-method-override": "DELETE",
      "x-client-ip": "6.6.6.6",
      "x-homeroom_user": "teacher",
      x_homeroom_user: "teacher",
      "remote-user": "teacher",
      cookie: "jupyterhub-hub-login=a; jupyterhub-session-id=b",
    };
    assert.deepEqual(requestHeaders(from(sent), visit), OWN);
  });

  it("lose what belongs to one connection, also by nomination", () => {
    const sent: IncomingHttpHeaders = {
      connection: "close, X-Secret-Hop, Accept",
      "x-secret-hop": "1",
      accept: "*/*",
      "keep-alive": "timeout=5",
      te: "trailers",
      trailer: "x",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      "http2-settings": "x",
      "proxy-connection": "keep-alive",
      expect: "100-continue",
    };
    assert.deepEqual(requestHeaders(from(sent), visit), OWN);
  });

  it("cannot be made ours by nomination", () => {
    const sent = { connection: "authorization, x-homeroom-user, host" };
    assert.deepEqual(requestHeaders(from(sent), visit), OWN);
  });

  it("carry every cookie but the hub's, in order", () => {
    const cookie =
      "a=1; jupyterhub-session-id=S; _xsrf=2|x|y; jupyterhub-hub-login=H; a=2; nameless; b=c=d";
    assert.equal(requestHeaders(from({ cookie }), visit).cookie, "a=1; _xsrf=2|x|y; a=2; b=c=d");
  });

  it("name no other site's page", () => {
    const referer = (text: string) => requestHeaders(from({ referer: text }), visit).referer;
    assert.equal(
      referer("http://box.lan:8000/user/maria/lab"),
      "http://box.lan:8000/user/maria/lab",
    );
    assert.equal(referer("https://school.example/hub/home"), "https://school.example/hub/home");
    assert.equal(referer("http://box.lan:8000.evil/x"), undefined);
    assert.equal(referer("http://bank.example/account?id=7"), undefined);
  });

  it("show the container's secret to Jupyter alone", () => {
    const web = { ...visit, route: { ...visit.route, kind: "web" as const } };
    assert.equal(requestHeaders(from({ authorization: "Basic x" }), web).authorization, undefined);
  });

  it("tell a web app who visits, whatever the client says of that", () => {
    const claims = [
      ..."x-remote-user x-forwarded-prefix x-webauth-user x-rstudio-username x-user x-username".split(
        " ",
      ),
      ..."x-user-id x-email x-groups remote-user x_remote_user x-ssl-client-cn".split(" "),
    ];
    const sent = Object.fromEntries(claims.map((name) => [name, "root"]));
    const { authorization: _, ...own } = OWN;
    const route = { ...visit.route, kind: "web" as const };
    const kept = requestHeaders(from({ ...sent, "x-users-choice": "1" }), { ...visit, route });
    assert.deepEqual(kept, { ...own, "x-users-choice": "1", "x-remote-user": "maria" });
    const upstream = { ...route.upstream, kind: "web" as const, stripsPrefix: true as const };
    const stripped = { ...visit, route: { ...route, upstream } };
    assert.deepEqual(requestHeaders(from(sent), stripped), {
      ...own,
      "x-remote-user": "maria",
      "x-forwarded-prefix": "/user/maria",
    });
    assert.equal(upgradeHeaders(from(sent), stripped)["x-remote-user"], "maria");
  });

  it("keep what web apps have made up for themselves, and nothing that a server would act on", () => {
    const web = { ...visit, route: { ...visit.route, kind: "web" as const } };
    const { authorization: _, ...own } = OWN;
    const made = { "marimo-session-id": "s1", "hx-request": "true", "csrf-token": "t" };
    const withheld = [
      ..."authorization proxy proxy-authorization proxy-connection cookie2 forwarded via from".split(
        " ",
      ),
      ..."remote-user remote-addr client-ip true-client-ip cf-connecting-ip ssl-client-verify".split(
        " ",
      ),
      ..."te trailer transfer-encoding upgrade expect http2-settings sec-websocket-key".split(" "),
      ..."user email auth-user oidc-claim-sub script-name access-control-request-method".split(" "),
      ..."remote_user marimo_session_id x-forwarded-user x-real-ip x-remote-user".split(" "),
    ];
    const sent = { ...made, ...Object.fromEntries(withheld.map((name) => [name, "x"])) };
    const expected = { ...made, ...own, "x-remote-user": "maria" };
    assert.deepEqual(requestHeaders(from(sent), web), expected);
    assert.deepEqual(requestHeaders(from(sent), visit), OWN);
    const hop = { ...made, connection: "keep-alive, hx-request" };
    assert.equal(requestHeaders(from(hop), web)["hx-request"], undefined);
  });

  it("name the port of the scheme when the host has none", () => {
    const plain = { ...visit, context: { ...context, host: "box.lan", scheme: "https" as const } };
    assert.equal(requestHeaders(from({}), plain)["x-forwarded-port"], "443");
  });
});

describe("headers of an upgrade", () => {
  const sent = {
    connection: "keep-alive, Upgrade",
    upgrade: "WebSocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    "sec-websocket-protocol": "v1.kernel.websocket.jupyter.org",
    "sec-websocket-extensions": "permessage-deflate",
    origin: "http://box.lan:8000",
  };

  it("keep the handshake", () => {
    assert.deepEqual(upgradeHeaders(from(sent), visit), {
      ...sent,
      ...OWN,
      connection: "Upgrade",
      upgrade: "websocket",
    });
  });

  it("announce no body", () => {
    const headers = upgradeHeaders(from({ ...sent, "content-length": "0" }), visit);
    assert.equal(headers["content-length"], undefined);
  });

  it("leave the handshake out of other requests", () => {
    assert.deepEqual(requestHeaders(from(sent), visit), { origin: sent.origin, ...OWN });
  });
});
