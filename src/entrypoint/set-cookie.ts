/** Cookies that a container may leave in a visitor's browser: below its own path, and none of ours. */
import { HUB_COOKIE, SITE_COOKIE } from "#src/session/cookies.ts";
import { isBelow, outsideCookiePath, type WebPlace } from "./web-place.ts";

const RESERVED = new Set([HUB_COOKIE.toLowerCase(), SITE_COOKIE.toLowerCase()]);
/** RFC 6265: the characters of a name and of a value, quotes included. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\x20-\x7e\x80-\xff]*$/;
const LONGEST = 4096;
/** `Domain` would hand the cookie to other hosts; what is not known here does not pass either. */
const KEPT_ATTRIBUTES = new Set([
  "expires",
  "max-age",
  "httponly",
  "secure",
  "samesite",
  "partitioned",
]);

/**
 * The cookie as it is passed on, or `undefined` when it is not. The path must be written out: a browser's own
 * guess, and the last of several, are not relied on. A web app's is brought below its prefix instead.
 */
export function cleanSetCookie(line: string, prefix: string, web?: WebPlace): string | undefined {
  if (line.length > LONGEST) return undefined;
  const [pair = "", ...attributes] = line.split(";");
  const equals = pair.indexOf("=");
  if (equals === -1) return undefined;
  const name = pair.slice(0, equals).trim();
  const value = pair.slice(equals + 1).trim();
  if (!NAME.test(name) || !VALUE.test(value) || RESERVED.has(name.toLowerCase())) return undefined;

  const kept = [`${name}=${value}`];
  const paths: string[] = [];
  for (const attribute of attributes) {
    const [key, setting] = splitOnce(attribute.trim());
    const known = key.trim().toLowerCase();
    if (known === "path") paths.push(setting.trim());
    else if (KEPT_ATTRIBUTES.has(known)) kept.push(attribute.trim());
  }
  const [path] = paths;
  if (web !== undefined) {
    kept.splice(1, 0, `Path=${outsideCookiePath(paths.at(-1), web)}`);
    return kept.join("; ");
  }
  if (paths.length !== 1 || path === undefined || !isBelow(path, prefix)) return undefined;
  kept.splice(1, 0, `Path=${path}`);
  return kept.join("; ");
}

function splitOnce(text: string): [string, string] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}
