/** Names of servers: what may stand in an address and beside the notebook's own paths. */
import { HubError } from "#src/errors.ts";

const MOST_CHARACTERS = 64;
const MOST_DISPLAYED = 255;
/** What may be written in an address in one way only, whatever reads it. */
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}._~@-]| (?! ))*(?<! )$/u;
/** Letters, marks, digits, punctuation, symbols, and single spaces in between. */
const DISPLAYED = /^[\p{L}\p{M}\p{N}\p{P}\p{S}](?:[\p{L}\p{M}\p{N}\p{P}\p{S}]| (?! ))*(?<! )$/u;

/**
 * Below `/user/<person>/`, these are pages and interfaces of the first notebook itself: a server of that name would
 * stand in front of them.
 */
const TAKEN: ReadonlySet<string> = new Set(
  `api lab tree doc retro nbclassic notebooks consoles terminals edit view files nbconvert static lsp proxy
  custom login logout kernelspecs metrics services user hub oauth_callback robots.txt favicon.ico`.split(
    /\s+/,
  ),
);

/** One spelling of a name that was typed. */
export function serverNameOf(text: string): string {
  return text.normalize("NFC");
}

/** Throws `server_name_wrong`, `server_name_taken`. */
export function parseServerName(text: string): string {
  const name = serverNameOf(text);
  if (name.length > MOST_CHARACTERS || !NAME.test(name)) {
    throw new HubError("server_name_wrong", { name: shown(text), limit: MOST_CHARACTERS });
  }
  if (TAKEN.has(name.toLowerCase())) throw new HubError("server_name_taken", { name: shown(text) });
  return name;
}

/** A name as it stands in every address: `@` and `~` stay as they are (JupyterHub's `url_escape_path`). */
export function encodeServerName(name: string): string {
  return encodeURIComponent(name).replaceAll("%40", "@");
}

/** Throws `server_title_wrong`. */
export function parseServerTitle(text: string): string {
  const title = text.normalize("NFC");
  if (title.length <= MOST_DISPLAYED && DISPLAYED.test(title)) return title;
  throw new HubError("server_title_wrong", { name: shown(text), limit: MOST_DISPLAYED });
}

/** Short, and without what would break a line of a page or log. */
function shown(text: string): string {
  const clean = text.slice(0, 200).toWellFormed().replaceAll(/\p{C}/gu, "\ufffd");
  const characters = Array.from(clean);
  return characters.length > 80 ? `${characters.slice(0, 80).join("")}…` : clean;
}
