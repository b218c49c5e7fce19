/** First passwords: read from a card and typed once by a child, replaced at the first sign-in. */
import { randomInt } from "node:crypto";
import { words } from "./first-password-words.ts";

/** Without 0 and 1, which look like letters. */
const DIGITS = "23456789";

/** Such as `lamp-river-tiger-427`: three of some 700 words and three digits, 37 bits at least. */
export function makeFirstPassword(): string {
  const parts = Array.from({ length: 3 }, () => pick(words));
  const number = Array.from({ length: 3 }, () => pick(DIGITS)).join("");
  return [...parts, number].join("-");
}

function pick(choices: ArrayLike<string>): string {
  const choice = choices[randomInt(choices.length)];
  if (choice === undefined) {
    throw new TypeError("There is nothing to choose from");
  }
  return choice;
}
