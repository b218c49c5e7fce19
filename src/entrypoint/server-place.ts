/** Which of a person's servers an address means, and what of the address is that server's. */
import { encodeServerName } from "#src/services/servers/server-names.ts";
import type { ServerTarget } from "./target.ts";

export interface ServerPlace {
  /** `""` is the first one. */
  readonly server: string;
  /** `{B}user/<name>/` or `{B}user/<name>/<server>/`. */
  readonly prefix: string;
  /** What follows the prefix in the path, as it came. */
  readonly rest: string;
  /** The one spelling of the address that counts, when it came in another. */
  readonly moved?: string;
}

/** `named` says whose the first part of the rest is: a server of that name, or else the first one's (`""`). */
export function placeOf(
  { prefix, rest, query }: ServerTarget,
  named: (name: string) => string,
): ServerPlace {
  const slash = rest.indexOf("/");
  const segment = slash === -1 ? rest : rest.slice(0, slash);
  // It was decoded once when the target was parsed, so it can be.
  const server = segment === "" ? "" : named(decodeURIComponent(segment));
  if (server === "") return { server, prefix, rest };
  const own = `${prefix}${encodeServerName(server)}/`;
  const ownRest = slash === -1 ? "" : rest.slice(slash + 1);
  const place = { server, prefix: own, rest: ownRest };
  if (slash !== -1 && segment === encodeServerName(server)) return place;
  return { ...place, moved: `${own}${ownRest}${query === "" ? "" : `?${query}`}` };
}
