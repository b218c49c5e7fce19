/** The passwords that are tried first: a list of 50,000 that leaked most often, and the shapes of many more. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as v from "valibot";

const LIST = "@zxcvbn-ts/language-common/src/passwords.json";

/** Also with digits or a mark behind them; spelt with digits for letters, too (`p4ssw0rd`). */
const WORDS: ReadonlySet<string> = new Set(
  `password passwort passcode kennwort contrasena contrasenya motdepasse parola senha wachtwoord lozinka
  welcome willkommen bienvenue bienvenido benvenuto hello letmein letmeinn trustno access secret changeme
  default guest admin administrator root user username login test testing tester temp master computer laptop
  internet student students schueler etudiant estudiante pupil teacher lehrer docente school schule ecole
  escuela scuola class classroom homework homeroom jupyter jupyterhub notebook python
  iloveyou loveyou lovely princess prinzessin sunshine flower butterfly rainbow unicorn angel angels
  football fussball futbol soccer baseball basketball hockey cricket liverpool arsenal chelsea barcelona
  realmadrid juventus ronaldo messi superman batman spiderman pokemon minecraft fortnite roblox starwars
  dragon monkey tiger kitty shadow ninja hunter killer freedom whatever nothing forever michael jennifer
  jessica daniel charlie jordan ashley summer winter spring autumn monday friday january december
  chocolate cookie banana cheese pepper ginger orange purple
  abcd abcdef qwerty qwertz azerty asdf asdfgh zxcv`.split(/\s+/),
);

/** Rows of keys and orders that everyone knows, forwards and backwards. */
const RUNS = [
  "01234567890123456789",
  "abcdefghijklmnopqrstuvwxyz",
  "qwertyuiopasdfghjklzxcvbnm",
  "qwertzuiopasdfghjklyxcvbnm",
  "azertyuiopqsdfghjklmwxcvbn",
  "1q2w3e4r5t6y7u8i9o0p",
  "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
  "qazwsxedcrfvtgbyhnujm",
].flatMap((run) => [run, Array.from(run).toReversed().join("")]);

const LETTERS_OF_DIGITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "0": "o",
    "1": "i",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "@": "a",
    $: "s",
    "!": "i",
  }),
);

export function isCommonPassword(password: string): boolean {
  const text = password.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return (
    isRepeated(text) ||
    RUNS.some((run) => run.includes(text)) ||
    isCommonWord(text) ||
    leaked().includes(`\n${text}\n`)
  );
}

/** Shorter ones are refused for that. */
const LEAST_LENGTH = 8;

/**
 * Each between two line ends: one text of 180 KiB, searched in a tenth of a millisecond. A set of them would hold
 * ten times as much. Read when the first password is chosen.
 */
let list: string | undefined;

function leaked(): string {
  if (list === undefined) {
    const path = createRequire(import.meta.url).resolve(LIST);
    const passwords = v.parse(v.array(v.string()), JSON.parse(readFileSync(path, "utf8")));
    const long = passwords.filter((text) => text.length >= LEAST_LENGTH);
    list = `\n${long.join("\n")}\n`.toLowerCase();
  }
  return list;
}

/** `aaaaaaaa`, `abababab`, `123123123`, also when the last part is not complete. */
function isRepeated(text: string): boolean {
  return [1, 2, 3, 4].some((size) => {
    const unit = text.slice(0, size);
    return unit.repeat(Math.ceil(text.length / size)).slice(0, text.length) === text;
  });
}

function isCommonWord(text: string): boolean {
  // What follows the word: a year, a few digits, a mark.
  const words = [text, text.replace(/(?:\d|\p{P}|\p{S}){1,5}$/u, "")];
  return words.some((word) => WORDS.has(word) || WORDS.has(lettersOf(word)));
}

function lettersOf(word: string): string {
  return Array.from(word, (character) => LETTERS_OF_DIGITS.get(character) ?? character).join("");
}
