/** One person, one name: every spelling comes to one canonical form, or is refused with a reason. */
import anyAscii from "any-ascii";
import { HubError } from "#src/errors.ts";
import type { UserName } from "#src/stores/records.ts";

const CANONICAL = /^[a-z0-9][a-z0-9_.@-]{0,63}$/;
const MAX_LENGTH = 64;
/** Longer texts are refused unread: some characters grow eighteenfold when they are decomposed. */
const MAX_TYPED = 512;
const MAX_DISPLAY_NAME = 100;

/**
 * Names that URLs, JupyterHub or the audit use for something else, that mean something to JavaScript, or that
 * Windows refuses as the name of a file (a student's work is handed out as `<name>.zip`). `admin` is not among
 * them: it has no meaning here, and JupyterHub's users expect to be able to choose it.
 */
const RESERVED: ReadonlySet<string> = new Set(
  `add preview passwords new
  hub user users user-redirect api static services login logout signup public
  homeroom console anonymous system
  constructor prototype null undefined
  con prn aux nul
  com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9`.split(
    /\s+/,
  ),
);

/** Throws a `name_` failure that says why. */
export function parseUserName(text: string): UserName {
  const name = canonicalForm(text);
  if (isAllowed(name)) {
    return name;
  }
  throw problemOf(text, name);
}

/** For looking a name up: `undefined` when nobody can have it. */
export function toUserName(text: string): UserName | undefined {
  const name = canonicalForm(text);
  return isAllowed(name) ? name : undefined;
}

function canonicalForm(text: string): string {
  if (text.length > MAX_TYPED) {
    return "";
  }
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").normalize("NFKC").toLowerCase().trim();
}

function isAllowed(name: string): name is UserName {
  return CANONICAL.test(name) && !RESERVED.has(name);
}

/** Why a name is refused. */
function problemOf(text: string, canonical: string): HubError {
  const name = shown(text);
  if (text.length > MAX_TYPED || canonical.length > MAX_LENGTH) {
    return new HubError("name_too_long", { name, limit: MAX_LENGTH });
  }
  if (canonical === "") {
    return new HubError("name_empty", { name });
  }
  if (RESERVED.has(canonical)) {
    return new HubError("name_reserved", { name });
  }
  const [character] = canonical.match(/[^a-z0-9_.@-]/u) ?? [];
  if (character === undefined) {
    return new HubError("name_start", { name });
  }
  if (/\s/u.test(character)) {
    return new HubError("name_space", { name });
  }
  if (/[\p{C}\p{Z}]/u.test(character)) {
    return new HubError("name_invisible", { name });
  }
  if (/\p{L}/u.test(character)) {
    // An а may look like an a.
    return new HubError("name_alphabet", { name, character });
  }
  return new HubError("name_character", { name, character });
}

/** What was typed, short and without what would break a line of a page or log. */
function shown(text: string): string {
  const clean = withoutControls(text.slice(0, MAX_TYPED)).trim();
  const characters = Array.from(clean);
  return characters.length > 40 ? `${characters.slice(0, 40).join("")}…` : clean;
}

/**
 * A user name for a person: `María López` → `maria`, then `maria.lopez`, then `maria2`. Names in any script
 * come out in letters that every keyboard has; of those that do not, `student1`.
 */
export function suggestUserName(displayName: string, taken: (name: UserName) => boolean): UserName {
  for (const candidate of candidates(givenNameFirst(displayName.slice(0, 200)))) {
    const name = toUserName(candidate);
    if (name !== undefined && !taken(name)) {
      return name;
    }
  }
  throw new TypeError("Every candidate was taken"); // They do not end.
}

/** A spreadsheet may have `López, María`. */
function givenNameFirst(displayName: string): string {
  const [family = "", given = ""] = displayName.split(",");
  return `${given} ${family}`;
}

function* candidates(displayName: string): Generator<string> {
  const words = anyAscii(displayName.normalize("NFC"))
    .toLowerCase()
    .replaceAll(/['`’]/g, "")
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => word.slice(0, 24));
  const [first, ...others] = words;
  if (first === undefined) {
    yield* numbered("student", 1);
    return;
  }
  const last = others.at(-1);
  const full = last === undefined ? first : `${first}.${last}`;
  // An initial says too little.
  const short = first.length > 1 ? first : full;
  yield short;
  if (full !== short) {
    yield full;
  }
  yield* numbered(short, 2);
}

function* numbered(base: string, start: number): Generator<string> {
  for (let number = start; ; number += 1) {
    yield base + String(number);
  }
}

/**
 * The name that people see: any script, one line, at most 100 characters. Without anything visible in it,
 * `fallback` stands for it. Throws `display_name_too_long`.
 */
export function cleanDisplayName(text: string | undefined, fallback: string): string {
  const name = displayable(text ?? "") || displayable(fallback);
  if (Array.from(name).length > MAX_DISPLAY_NAME) {
    throw new HubError("display_name_too_long", { limit: MAX_DISPLAY_NAME });
  }
  return name;
}

function displayable(text: string): string {
  const name = withoutControls(text.slice(0, 4 * MAX_DISPLAY_NAME).toWellFormed())
    .normalize("NFC")
    .replaceAll(/\s+/gu, " ")
    .trim();
  return /[^\p{C}\p{Z}\p{M}]/u.test(name) ? name : "";
}

/**
 * Control characters and line ends become spaces. Characters that turn the direction of the text around them
 * go; the joiners and marks that Persian, Indic and Arabic spelling needs stay.
 */
function withoutControls(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")
    .replaceAll(/[\u202A-\u202E\u2066-\u2069\uFEFF]/gu, "");
}
