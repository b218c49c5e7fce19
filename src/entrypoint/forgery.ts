/**
 * Requests that a foreign page made a browser send. Jupyter skips its own checks for requests that carry its
 * token, and the proxy puts the token there; so both checks are made here.
 */
import type { IncomingMessage } from "node:http";
import { XSRF_COOKIE } from "#src/session/cookies.ts";
import { cookiePairs } from "./cookie-pairs.ts";
import type { Route } from "./routing-table.ts";
import { queryValues } from "./target.ts";

export interface ForgeryCheck {
  readonly req: IncomingMessage;
  /** The raw query. */
  readonly query: string;
  /** Of our pages. */
  readonly ownOrigins: readonly string[];
}

/** What jupyter-server-proxy opens: a port of the container, and its name there. */
const PROXIED_PORT = /^proxy\/(?:absolute\/)?(?:[^/:@%]+:)?(?<port>\d+)(?:\/|$)/;

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** What speaks against a request with a cookie, in Jupyter's words; `undefined` when nothing does. */
export function requestForgery(check: ForgeryCheck, kind: Route["kind"]): string | undefined {
  const { req } = check;
  const method = req.method ?? "";
  if (SAFE.has(method)) return undefined;
  const { origin } = req.headers;
  if (origin !== undefined && !check.ownOrigins.includes(origin))
    return "Blocking Cross Origin request";
  // Other applications know nothing of `_xsrf`; every browser sends `Origin` with these methods.
  if (kind === "web") return origin === undefined ? `Origin missing from ${method}` : undefined;
  return xsrfProblem(check, method);
}

/**
 * Whether another app answers here, which checks for itself what comes to it: jupyter-server-proxy leaves that to the
 * apps behind it. Jupyter's own port is no such app. `rest` is the path after the server's name.
 */
export function isProxiedApp(rest: string, ownPort: number): boolean {
  const port = Number(PROXIED_PORT.exec(rest)?.groups?.["port"]);
  // A greater one is taken without its upper bits where addresses are looked up.
  return port <= 65_535 && port !== ownPort;
}

/**
 * An upgrade is a GET without any of a browser's protection: the origin decides. Programs send none; they show
 * the `_xsrf` value of this path instead, which a foreign page cannot read.
 */
export function upgradeForgery(check: ForgeryCheck): string | undefined {
  const { origin } = check.req.headers;
  if (origin !== undefined) {
    return check.ownOrigins.includes(origin) ? undefined : "Blocking Cross Origin request";
  }
  return xsrfProblem(check, "GET");
}

/**
 * The value that was sent must be that of an `_xsrf` cookie that the browser sent along. Who set the cookie
 * does not matter: on another path, where a foreign page could set it, the browser would not send it here.
 */
function xsrfProblem({ req, query }: ForgeryCheck, method: string): string | undefined {
  const sent = [
    ...queryValues(query, XSRF_COOKIE),
    ...headerValues(req, "x-xsrftoken"),
    ...headerValues(req, "x-csrftoken"),
  ].find((value) => value !== "");
  if (sent === undefined) return `'_xsrf' argument missing from ${method}`;
  const cookies = cookiePairs(req.headers.cookie).filter(({ name }) => name === XSRF_COOKIE);
  if (cookies.some(({ value }) => value !== "" && value === sent)) return undefined;
  return `XSRF cookie does not match ${method} argument`;
}

function headerValues(req: IncomingMessage, name: string): string[] {
  const value = req.headers[name];
  return typeof value === "string" ? [value] : [];
}
