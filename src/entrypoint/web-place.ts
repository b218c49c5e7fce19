/**
 * Where a web app believes it is, and where browsers find it. Jupyter is told its address and keeps to it; other
 * applications name `/` in redirects and cookies, or know no other address at all.
 */
import type { Visit } from "./request-headers.ts";

export interface WebPlace {
  /** `{B}user/<name>/` */
  readonly prefix: string;
  /** The app gets its paths without the prefix. */
  readonly stripsPrefix: boolean;
  /** Hosts that stand for the app itself in the addresses that it makes. */
  readonly hosts: readonly string[];
}

/** `undefined` for Jupyter. */
export function webPlace({ route, prefix, context }: Visit): WebPlace | undefined {
  if (route.kind !== "web") return undefined;
  const { host, port, stripsPrefix = false } = route.upstream;
  const own = context.ownOrigins.map((origin) => origin.replace(/^https?:\/\//, ""));
  return { prefix, stripsPrefix, hosts: [...own, `${host}:${port}`] };
}

/** `/user/maria/a?b` → `/a?b`. Never `//a`, which some would read as a host. */
export function withoutPrefix(forward: string, prefix: string): string {
  return `/${forward.slice(prefix.length).replace(/^\/+/, "")}`;
}

/**
 * A redirect as the browser is to read it. Addresses that the app makes of the `Host` that it was asked for are its
 * own; those of other sites are left as they are.
 */
export function outsideLocation(location: string, place: WebPlace): string {
  const [whole, authority] = /^(?:https?:)?\/\/([^/?#]*)/i.exec(location) ?? [];
  if (whole === undefined || authority === undefined) {
    return location.startsWith("/") ? outsidePath(location, place) : location;
  }
  if (!place.hosts.includes(authority.toLowerCase())) return location;
  const path = location.slice(whole.length);
  return outsidePath(path.startsWith("/") ? path : `/${path}`, place);
}

/** Below the server's own path, whatever the app names; browsers would take a path left out from the page's address. */
export function outsideCookiePath(path: string | undefined, place: WebPlace): string {
  const { prefix, stripsPrefix } = place;
  if (path === undefined || !path.startsWith("/")) return prefix;
  if (isBelow(path, prefix)) return path;
  return stripsPrefix && isPlain(path) ? outsidePath(path, place) : prefix;
}

function outsidePath(path: string, { prefix, stripsPrefix }: WebPlace): string {
  // An app that was told its prefix by a header names it itself.
  if (!stripsPrefix || isBelow(path, prefix)) return path;
  return prefix + path.replace(/^\/+/, "");
}

export function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) || `${path}/` === prefix;
}

function isPlain(path: string): boolean {
  return !/(?:^|\/)\.{1,2}(?:\/|$)/.test(path);
}
