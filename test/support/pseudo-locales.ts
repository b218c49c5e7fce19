/** Made-up languages: `en-XA` is long and accented, `ar-XB` runs from right to left, `en-XK` shows the keys. */
import { fileURLToPath } from "node:url";
import {
  type Catalog,
  type Catalogs,
  englishFailures,
  englishFindings,
  readCatalogs,
} from "#src/views/translate.ts";

const ACCENTED: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from(
    "AÅBƁCÇDÐEÉFƑGĜHĤIÎJĴKĶLĻMṀNÑOÖPÞQǪRŔSŠTŢUÛVṼWŴXẊYÝZŽaåbƀcçdðeéfƒgĝhĥiîjĵkķlļmṁnñoöpþqǫrŕsštţuûvṽwŵxẋyýzž".matchAll(
      /(.)(.)/gu,
    ),
  ).map(([, plain = "", accented = ""]) => [plain, accented]),
);
const RIGHT_TO_LEFT = "\u202e";
const END = "\u202c";
const ARABIC_FORMS = ["zero", "one", "two", "few", "many", "other"];

export const locales = fileURLToPath(new URL("../../views/locales", import.meta.url));

export function catalogsWithPseudo(): Catalogs {
  const real = readCatalogs(locales);
  const english = { ...real["en"], failure: englishFailures(), finding: englishFindings() };
  return {
    ...real,
    "en-XA": change(english, (text) => `[${accented(text)}${"·".repeat(text.length * 0.4)}]`),
    "ar-XB": allForms(change(english, (text) => `${RIGHT_TO_LEFT}${text}${END}`)),
    "en-XK": change(english, (_text, key) => `⟦${key}⟧`),
  };
}

/** The placeholders stay as they are. */
function accented(text: string): string {
  return text.replaceAll(/\{\{\w+\}\}|[A-Za-z]/g, (found) => ACCENTED[found] ?? found);
}

function change(
  catalog: Catalog,
  ofText: (text: string, key: string) => string,
  prefix = "",
): Catalog {
  return Object.fromEntries(
    Object.entries(catalog).map(([key, entry]) => [
      key,
      typeof entry === "string"
        ? ofText(entry, prefix + key)
        : change(entry, ofText, `${prefix}${key}.`),
    ]),
  );
}

/** English has two plural forms where Arabic has six. */
function allForms(catalog: Catalog): Catalog {
  const entries = Object.entries(catalog).flatMap(([key, entry]): [string, string | Catalog][] => {
    if (typeof entry !== "string") return [[key, allForms(entry)]];
    if (!key.endsWith("_other")) return [[key, entry]];
    const base = key.slice(0, -"other".length);
    return ARABIC_FORMS.map((form) => [base + form, entry]);
  });
  return Object.fromEntries(entries);
}
