/** What a class may be called, and when two names are one. */
import { HubError } from "#src/errors.ts";

export const MOST_CHARACTERS = 100;

/** Nothing that is not seen, and nothing that a URL does not carry: a group's name is a part of its address. */
const NOT_ALLOWED = /[\p{C}\p{Zl}\p{Zp}\\]/u;
/** Persian and Indic spelling needs the joiners; they are no letters by themselves. */
const JOINERS = /[\u200C\u200D]/gu;
const VISIBLE = /[^\p{C}\p{Z}\p{M}]/u;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

/** Throws `group_name_wrong`. */
export function parseGroupName(text: string): string {
  const name = text.normalize("NFC").trim();
  const isGood =
    text.isWellFormed() &&
    text.length <= 8 * MOST_CHARACTERS &&
    Array.from(name).length <= MOST_CHARACTERS &&
    VISIBLE.test(name) &&
    !NOT_ALLOWED.test(name.replaceAll(JOINERS, "")) &&
    !DOT_SEGMENT.test(name);
  if (!isGood) {
    throw new HubError("group_name_wrong", { limit: MOST_CHARACTERS });
  }
  return name;
}

/** The same for all spellings of a name that people would take for one class. */
export function groupKey(name: string): string {
  return name
    .normalize("NFKC")
    .replaceAll(JOINERS, "")
    .replaceAll(/\s+/gu, " ")
    .trim()
    .toLowerCase()
    .toUpperCase();
}
