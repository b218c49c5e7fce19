/**
 * The request target, parsed once: it is refused when it is not canonical, and what was
 * authorised is what is forwarded. Pure, so that every spelling can be tried without a socket.
 */
import { toUserName } from "#src/services/accounts/names.ts";
import type { UserName } from "#src/stores/records.ts";

export type Target =
  | { readonly is: "refused" }
  /** Pages, API and whatever lies outside the base path. */
  | { readonly is: "hub" }
  /** Another spelling of a server's address: GET is led to the one that counts. */
  | { readonly is: "moved"; readonly status: 301 | 302; readonly location: string }
  /** Below `{B}user/`, with what cannot be a user's name. */
  | { readonly is: "nobody" }
  | ServerTarget;

export interface ServerTarget {
  readonly is: "server";
  readonly name: UserName;
  /** `{B}user/<name>/` */
  readonly prefix: string;
  /** What follows the prefix in the path, as it came. */
  readonly rest: string;
  /** Path and query as they came. */
  readonly address: string;
  readonly query: string;
  /** Path and query for the container: the same bytes, without `token` fields and without an empty query. */
  readonly forward: string;
}

const PRINTABLE = /^\/[\x21\x22\x24-\x7e]*$/;
const BAD_PERCENT = /%(?![0-9a-fA-F]{2})/;
/** Control characters and the backslash, which some servers read as a slash. */
const BAD_ENCODED = /%(?:[01][0-9a-fA-F]|7[fF]|5[cC])/;
const DOT_SEGMENT = /(?:^|\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)/i;
const ENCODED_SLASH = /%2f/i;

export function parseTarget(url: string, basePath: string): Target {
  if (!PRINTABLE.test(url)) return { is: "refused" };
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? "" : url.slice(mark + 1);
  if (!isCanonicalPath(path)) return { is: "refused" };

  const users = `${basePath}user/`;
  if (!path.startsWith(users) || path.length === users.length) {
    return hasCleanSlashes(path, basePath) ? { is: "hub" } : { is: "refused" };
  }

  const slash = path.indexOf("/", users.length);
  const segment = path.slice(users.length, slash === -1 ? undefined : slash);
  if (segment === "" || ENCODED_SLASH.test(segment)) return { is: "refused" };
  const name = toUserName(decodeURIComponent(segment));
  if (name === undefined) return { is: "nobody" };

  const prefix = `${users}${name}/`;
  const rest = slash === -1 ? "" : path.slice(slash + 1);
  const search = mark === -1 ? "" : `?${query}`;
  if (segment !== name) return { is: "moved", status: 302, location: `${prefix}${rest}${search}` };
  if (slash === -1) return { is: "moved", status: 301, location: `${prefix}${search}` };
  return {
    is: "server",
    name,
    prefix,
    rest,
    address: url,
    query,
    forward: forwarded(url, path, query),
  };
}

function isCanonicalPath(path: string): boolean {
  if (path.includes("\\") || DOT_SEGMENT.test(path)) return false;
  if (!path.includes("%")) return true;
  if (BAD_PERCENT.test(path) || BAD_ENCODED.test(path)) return false;
  try {
    // Overlong and cut-off UTF-8 is read in as many ways as there are servers.
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Empty segments and encoded slashes have no place in the hub's own addresses, except behind what stands
 * for a server's name: that part is led on to the server. The name of a class may have slashes in it.
 */
function hasCleanSlashes(path: string, basePath: string): boolean {
  const redirects = [`${basePath}hub/user-redirect/`, `${basePath}user-redirect/`];
  if (redirects.some((prefix) => path.startsWith(prefix))) return true;
  const servers = `${basePath}hub/user/`;
  const groups = `${basePath}hub/api/groups/`;
  let own = path.startsWith(`${basePath}hub/`) ? withoutServerName(path, basePath) : path;
  if (path.startsWith(groups)) own = groups + path.slice(groups.length).replace(/^[^/]+/, "name");
  if (path.startsWith(servers)) {
    const end = path.indexOf("/", servers.length);
    if (end > servers.length) own = path.slice(0, end + 1);
  }
  return !own.includes("//") && !ENCODED_SLASH.test(own);
}

/** What stands for a server's name says there whether it can be one; the first one has none. */
function withoutServerName(path: string, basePath: string): string {
  const own = path.slice(basePath.length);
  const [, before, name, after = ""] =
    /^(hub\/api\/users\/[^/]+\/servers\/|hub\/spawn(?:-pending)?\/[^/]+\/)([^/]*)(\/.*)?$/.exec(
      own,
    ) ?? [];
  if (before === undefined) return path;
  const isNameless = name === "" && after === "/progress" && before.endsWith("/servers/");
  return name === "" && !isNameless ? path : `${basePath}${before}name${after}`;
}

/**
 * A token in an address ends up in histories and logs, so none goes further than here. http-proxy drops the
 * question mark of an empty query; dropped here, what it sends is what was parsed.
 */
function forwarded(url: string, path: string, query: string): string {
  if (query === "") return path;
  const fields = query.split("&");
  const kept = fields.filter((field) => fieldName(field) !== "token");
  if (kept.length === fields.length) return url;
  const left = kept.join("&");
  return left === "" ? path : `${path}?${left}`;
}

/** The values of one field of a raw query. */
export function queryValues(query: string, name: string): string[] {
  if (query === "") return [];
  return query
    .split("&")
    .filter((field) => field.includes("=") && fieldName(field) === name)
    .map((field) => decodeField(field.slice(field.indexOf("=") + 1)));
}

function fieldName(field: string): string {
  const equals = field.indexOf("=");
  return decodeField(equals === -1 ? field : field.slice(0, equals));
}

function decodeField(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
