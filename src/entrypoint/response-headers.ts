/**
 * What a visitor's browser gets to see of a container's reply. The container is its user's, the
 * origin is everyone's: whatever would act beyond the server's own path is left out.
 */
import type { IncomingMessage } from "node:http";
import { cleanSetCookie } from "./set-cookie.ts";
import { outsideLocation, type WebPlace } from "./web-place.ts";

interface CleanReply {
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them. */
  readonly headers: string[];
  /** The body's length is known beforehand. */
  readonly hasLength: boolean;
}

const DROPPED = new Set([
  // Of this connection alone; Node writes its own.
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // Would hold for the whole origin, or longer than the page.
  "accept-ch",
  "activate-storage-access",
  "alt-svc",
  "clear-site-data",
  "critical-ch",
  // With the hub's own, its windows would be of one group with the hub's.
  "cross-origin-opener-policy",
  "cross-origin-opener-policy-report-only",
  "expect-ct",
  "nel",
  "origin-agent-cluster",
  "origin-trial",
  "public-key-pins",
  "public-key-pins-report-only",
  "refresh",
  "report-to",
  "reporting-endpoints",
  "sec-session-registration",
  "secure-session-registration",
  "service-worker-allowed",
  "set-login",
  "strict-transport-security",
  "use-as-dictionary",
  // A browser's own password prompt would look like the box's.
  "www-authenticate",
  "authentication-info",
  // Orders to a web server in front, and banners.
  "server",
  "set-cookie2",
  "x-powered-by",
  "x-sendfile",
  // Set anew below.
  "referrer-policy",
  "x-frame-options",
]);
const DROPPED_FAMILIES = /^(?:access-control-|x-accel-|x-homeroom-)/;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;
const LARGEST = 16 * 1024;
const MOST_COOKIES = 32;

/**
 * `undefined`: not a reply that can be passed on. The reason phrase is never looked at: Node would refuse
 * some of them in the middle of writing ours.
 */
export function cleanReply(
  reply: Pick<IncomingMessage, "statusCode" | "rawHeaders">,
  place: { readonly prefix: string; readonly rest: string; readonly web?: WebPlace | undefined },
): CleanReply | undefined {
  const status = reply.statusCode ?? 0;
  if (status < 200 || status > 599) return undefined;
  const raw = reply.rawHeaders;
  const nominated = nominatedIn(raw);
  const headers: string[] = [];
  let size = 0;
  let lengths = 0;
  let cookies = 0;

  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const value = raw[index + 1] ?? "";
    size += name.length + value.length + 4;
    if (size > LARGEST || !TOKEN.test(name) || !TEXT.test(value)) return undefined;
    const key = name.toLowerCase();
    if (DROPPED.has(key) || DROPPED_FAMILIES.test(key) || nominated?.has(key) === true) continue;
    if (key === "content-length") {
      lengths += 1;
      if (lengths > 1 || !LENGTH.test(value)) return undefined;
      // RFC 9110: these have no body, whatever the length says.
      if (status === 204 || status === 205) continue;
    }
    if (key === "set-cookie") {
      const cookie = cleanSetCookie(value, place.prefix, place.web);
      cookies += 1;
      if (cookie !== undefined && cookies <= MOST_COOKIES) headers.push(name, cookie);
      continue;
    }
    const isAddress = key === "location" || key === "content-location";
    headers.push(
      name,
      isAddress && place.web !== undefined ? outsideLocation(value, place.web) : value,
    );
  }
  headers.push(...keeping(headers, place), ...framing(place), "Referrer-Policy", "same-origin");
  return { status, headers, hasLength: lengths === 1 };
}

/**
 * Policies add up, so ours stands beside the container's own.
 *
 * Notebook pages are never framed: a page of the same origin could read the frame, its `_xsrf` cookie
 * included. Files of a user do stand in frames of a notebook's output; they run in an origin of their own
 * (`sandbox` without `allow-same-origin`), where there is nothing to read, so the origin's own pages may frame them.
 * Web apps stand in frames of their own pages, and have no `_xsrf` to read there.
 */
function framing({ rest, web }: { readonly rest: string; readonly web?: unknown }): string[] {
  if (web !== undefined) {
    return ["Content-Security-Policy", "frame-ancestors 'self'", "X-Frame-Options", "SAMEORIGIN"];
  }
  const isContent = /^(?:files|nbconvert)(?:\/|$)/.test(rest);
  return isContent
    ? [
        "Content-Security-Policy",
        "frame-ancestors 'self'; sandbox allow-scripts",
        "X-Frame-Options",
        "SAMEORIGIN",
      ]
    : ["Content-Security-Policy", "frame-ancestors 'none'", "X-Frame-Options", "DENY"];
}

/**
 * Of a reply that says when it was changed and nothing else, browsers make up how long it lasts, and show it without
 * asking, also to whoever sits there next. Jupyter says itself what may be kept.
 */
function keeping(headers: readonly string[], { web }: { readonly web?: unknown }): string[] {
  if (web === undefined) return [];
  const names = new Set(headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()));
  const isGuessed =
    names.has("last-modified") && !names.has("cache-control") && !names.has("expires");
  return isGuessed ? ["Cache-Control", "private, no-cache"] : [];
}

function nominatedIn(raw: readonly string[]): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() !== "connection") continue;
    names ??= new Set();
    for (const name of (raw[index + 1] ?? "").split(",")) names.add(name.trim().toLowerCase());
  }
  return names;
}
