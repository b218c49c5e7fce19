/**
 * What a container gets to see of a visitor's request: a new set of headers, built from a
 * list of what may pass, then ours. Nothing that opens the hub, and nothing about the connection, is on it.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { HUB_COOKIE, SITE_COOKIE } from "#src/session/cookies.ts";
import type { RequestContext } from "#src/session/request-context.ts";
import type { UserRecord } from "#src/stores/records.ts";
import { cookiePairs } from "./cookie-pairs.ts";
import type { Route } from "./routing-table.ts";
import { isOwnOfApp } from "./web-headers.ts";

const PASSING = new Set([
  "accept",
  "accept-charset",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-type",
  "dnt",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-event-id",
  "origin",
  "pragma",
  "priority",
  "range",
  "save-data",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "sec-fetch-user",
  "upgrade-insecure-requests",
  "user-agent",
]);

const PASSING_ON_UPGRADE = new Set([
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
]);

/**
 * Applications have headers of their own that begin with `x-`; they pass, unless they are of the kind that a
 * web server in front is believed to set, or by which it tells who visits. Names with an underscore never pass:
 * many frameworks cannot tell them from hyphens.
 */
const OWN_EXTENSION = /^x-[a-z0-9-]+$/;
const SPOKEN_BY_PROXIES =
  /^x-(?:forwarded|homeroom|real-|original-|rewrite-|accel-|remote-|client-|cluster-|envoy-|scheme|http-method|method-override|authenticated|auth-|script-name|sendfile|proxy|webauth-|rstudio-|user(?:-|$|name)|email|groups?$|ssl-)/;

export interface Visit {
  readonly route: Route;
  /** `{B}user/<name>/` */
  readonly prefix: string;
  /** The path behind the prefix, as it came. */
  readonly rest: string;
  /** Path and query for the container. */
  readonly forward: string;
  readonly visitor: UserRecord;
  readonly context: RequestContext;
  /** What a server that asks the hub who visits gets to see in place of the visitor's API token. */
  readonly pass?: string;
}

export function requestHeaders(req: IncomingMessage, visit: Visit): IncomingHttpHeaders {
  const headers = passing(req.headers, visit, false);
  return { ...headers, ...ownHeaders(visit) };
}

export function upgradeHeaders(req: IncomingMessage, visit: Visit): IncomingHttpHeaders {
  const headers = passing(req.headers, visit, true);
  return { ...headers, ...ownHeaders(visit), connection: "Upgrade", upgrade: "websocket" };
}

function passing(
  received: IncomingHttpHeaders,
  { route, context }: Visit,
  upgrade: boolean,
): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  const nominated = nominatedBy(received.connection);
  for (const [name, value] of Object.entries(received)) {
    if (value === undefined || nominated?.has(name) === true) continue;
    const passes = mayPass(name, upgrade) || (route.kind === "web" && isOwnOfApp(name));
    if (passes) headers[name] = value;
  }
  if (upgrade) {
    // A body has no place in an upgrade; framed as one, what follows would be read as another request.
    delete headers["content-length"];
  }
  const { referer } = received;
  if (referer !== undefined && isOwnPage(referer, context)) headers.referer = referer;
  const cookie = otherCookies(received.cookie);
  if (cookie !== "") headers.cookie = cookie;
  return headers;
}

function mayPass(name: string, upgrade: boolean): boolean {
  if (PASSING.has(name)) return true;
  if (upgrade && PASSING_ON_UPGRADE.has(name)) return true;
  return OWN_EXTENSION.test(name) && !SPOKEN_BY_PROXIES.test(name);
}

/** Headers that `Connection` names belong to this hop alone. */
function nominatedBy(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || /^(?:keep-alive|close|upgrade)$/i.test(connection)) {
    return undefined;
  }
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}

/** Every cookie but those that open the hub. */
function otherCookies(header: string | undefined): string {
  return cookiePairs(header)
    .filter(({ name }) => name !== HUB_COOKIE && name !== SITE_COOKIE)
    .map(({ text }) => text)
    .join("; ");
}

function ownHeaders({ route, prefix, visitor, context, pass }: Visit): IncomingHttpHeaders {
  const { scheme, host, address } = context;
  return {
    ...(host === "" ? {} : { host }),
    "x-forwarded-for": address,
    "x-forwarded-proto": scheme,
    "x-forwarded-host": host,
    "x-forwarded-port": portOf(host) ?? (scheme === "https" ? "443" : "80"),
    "x-homeroom-user": visitor.name,
    // Header values are Latin-1; a name is in any script.
    "x-homeroom-display-name": encodeURIComponent(visitor.displayName),
    ...(route.kind === "web" ? webHeaders(route, prefix, visitor) : {}),
    // Only Jupyter asks for the container's secret; to another application it would be a stranger's.
    ...(route.kind === "jupyter" ? { authorization: `token ${route.secret}` } : {}),
    ...(pass === undefined ? {} : { authorization: `token ${pass}` }),
  };
}

/** As web servers in front tell it to the applications behind them. */
function webHeaders(route: Route, prefix: string, visitor: UserRecord): IncomingHttpHeaders {
  return {
    "x-remote-user": visitor.name,
    // One that gets its whole path would take off the prefix for a second time.
    ...(route.upstream.stripsPrefix === true ? { "x-forwarded-prefix": prefix.slice(0, -1) } : {}),
  };
}

/** Addresses of other sites are nobody's business here. */
function isOwnPage(referer: string, { ownOrigins }: RequestContext): boolean {
  return ownOrigins.some((origin) => referer.startsWith(`${origin}/`));
}

function portOf(host: string): string | undefined {
  return /:(\d+)$/.exec(host)?.[1];
}
