/** Ids are the only names that reach Docker, paths and keys; secrets are what a browser or container holds. */
import { createHash, randomBytes } from "node:crypto";
import type { Id, SecretHash } from "./records.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const ID_PATTERN = /^[a-z2-7]{16}$/;

export function makeId<Kind extends string>(): Id<Kind> {
  const bytes = randomBytes(16);
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte & 31)).join("") as Id<Kind>;
}

export function isId<Kind extends string>(text: string): text is Id<Kind> {
  return ID_PATTERN.test(text);
}

/** A 256-bit secret, as text for a cookie. */
export function makeSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function hashSecret(secret: string): SecretHash {
  return createHash("sha256").update(secret).digest("hex") as SecretHash;
}
