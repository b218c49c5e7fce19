/** The hub's own cookies. */

/** Opens the hub's pages; path `{B}hub/`. */
export const HUB_COOKIE = "jupyterhub-hub-login";
/** Opens `/user/…`; path `{B}`. */
export const SITE_COOKIE = "jupyterhub-session-id";
/** Form token, readable by scripts; path `{B}hub/`. */
export const XSRF_COOKIE = "_xsrf";

/** Tells a browser in which somebody has signed in before; path `{B}hub/`. It opens nothing. */
export const DEVICE_COOKIE = "homeroom-device";

const OURS: ReadonlySet<string> = new Set([HUB_COOKIE, SITE_COOKIE, XSRF_COOKIE, DEVICE_COOKIE]);

const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
/** RFC 6265, so that nothing in a value can begin another cookie or attribute. */
const VALUE = /^[!#-+\--:<-[\]-~]*$/;
const PATH = /^\/[!-:<-~]*$/;

/**
 * Values by name, as they were sent. Of a name that comes twice the first counts, as everywhere; but one of ours
 * that comes twice was planted by somebody, and so counts as none.
 */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  const doubled = new Set<string>();
  for (const [name, value] of cookiesIn(header)) {
    if (cookies.has(name)) {
      doubled.add(name);
    } else {
      cookies.set(name, value);
    }
  }
  for (const name of doubled) {
    if (OURS.has(name)) {
      cookies.delete(name);
    }
  }
  return cookies;
}

/** All values of one name: what else runs on this host may have a cookie of that name on another path. */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  return cookiesIn(header).flatMap(([each, value]) => (each === name ? [value] : []));
}

function cookiesIn(header = ""): readonly (readonly [name: string, value: string])[] {
  return header.split(";").flatMap((pair) => {
    const separator = pair.indexOf("=");
    const name = pair.slice(0, Math.max(separator, 0)).trim();
    return name === "" ? [] : [[name, pair.slice(separator + 1).trim()] as const];
  });
}

interface CookieAttributes {
  readonly path: string;
  readonly httpOnly: boolean;
  /** On https alone: a browser does not keep a secure cookie that came over plain HTTP. */
  readonly secure: boolean;
  /** Without it the cookie ends with the browser. */
  readonly maxAgeSeconds?: number;
}

/** The value of a `Set-Cookie` header. Throws `TypeError` for what cannot stand in one. */
export function serializeCookie(name: string, value: string, attributes: CookieAttributes): string {
  const { path, httpOnly, secure, maxAgeSeconds } = attributes;
  if (!NAME.test(name) || !VALUE.test(value) || !PATH.test(path)) {
    throw new TypeError(`A cookie called ${JSON.stringify(name)} cannot be written`);
  }
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${Math.floor(maxAgeSeconds)}`]),
    ...(httpOnly ? ["HttpOnly"] : []),
    ...(secure ? ["Secure"] : []),
    "SameSite=Lax",
  ].join("; ");
}

/** The value of a `Set-Cookie` header that takes a cookie back. */
export function clearCookie(name: string, path: string): string {
  const attributes = { path, httpOnly: true, secure: false, maxAgeSeconds: 0 };
  return `${serializeCookie(name, "", attributes)}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
}
