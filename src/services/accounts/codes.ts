/** Codes that are read out, written on a board and typed by children: short, in letters that nobody mistakes. */
import { createHash, randomInt, timingSafeEqual } from "node:crypto";

/**
 * What nobody mistakes for another when it is read out or written down: no 0 and O, 1 I and L, 2 and Z, 5 and S,
 * 8 and B, U and V; no vowels, so that it never is a word.
 */
const ALPHABET = "34679CDFGHJKMNPQRTVWXY";

/** So many groups of so many characters each, with a dash between them. */
export function makeCode(groups: number, length: number): string {
  const group = (): string =>
    Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join("");
  return Array.from({ length: groups }, group).join("-");
}

/** Capital and full-width letters, spaces and dashes do not matter; it takes as long whatever was typed. */
export function isSameCode(typed: string, code: string): boolean {
  return timingSafeEqual(digest(typed), digest(code));
}

function digest(code: string): Buffer {
  const letters = code
    .slice(0, 100)
    .normalize("NFKC")
    .toUpperCase()
    .replaceAll(/[\s\p{Dash}]/gu, "");
  return createHash("sha256").update(letters).digest();
}
