/**
 * `next=`: where to go after signing in or starting. A path on this box, or nothing: whatever could lead a
 * browser elsewhere is dropped as if it had not been sent.
 */
import type { HubContext } from "./context.ts";

const BASE = "http://box.invalid";

export function safeNext(
  next: string | null | undefined,
  ownOrigins: readonly string[],
): string | undefined {
  if (next === null || next === undefined || next.length > 4096) return undefined;
  let path = next;
  for (const origin of ownOrigins) {
    if (path.toLowerCase().startsWith(`${origin.toLowerCase()}/`)) {
      path = path.slice(origin.length);
      break;
    }
  }
  // Spaces are no danger: programs put file names in as they are, and what is answered has them encoded.
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (!path.startsWith("/") || path.startsWith("//") || /[\\\u0000-\u001f\u007f]/.test(path)) {
    return undefined;
  }
  if (/^\/+(?:%5c|%2f|%09|%0a|%0d)/i.test(path)) return undefined;
  if (!URL.canParse(path, BASE)) return undefined;
  const url = new URL(path, BASE);
  // Dot segments may have left a path that a browser would read as a host.
  if (url.origin !== BASE || url.pathname.startsWith("//")) return undefined;
  return `${url.pathname}${url.search}${url.hash}`;
}

/** The `next=` of a request, in its address or its form, as far as it leads anywhere. */
export function nextOf(ctx: HubContext): string | undefined {
  const next = ctx.query["next"] ?? ctx.state.form?.get("next");
  return typeof next === "string" ? safeNext(next, ctx.state.request.ownOrigins) : undefined;
}

/** `url` with `name=value` in its query; `url` is a path of ours. */
export function withQuery(
  path: string,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** A user name as it stands in a path: `@` and `~` stay as they are (JupyterHub's `url_escape_path`). */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name).replaceAll("%40", "@");
}
