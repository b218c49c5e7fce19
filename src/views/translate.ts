/** Texts of the pages: catalogues in i18next's JSON v4, failures from their own table. */
import { readFileSync, readdirSync } from "node:fs";
import i18next, { type TFunction } from "i18next";
import type { Clock } from "#src/clock.ts";
import { type FailureData, failures, isFailureCode } from "#src/errors.ts";
import { type Check, findings } from "#src/services/box/findings.ts";
import { Formats } from "./formats.ts";

export interface Catalog {
  readonly [key: string]: string | Catalog;
}
export type Catalogs = Readonly<Record<string, Catalog>>;

/** A text taken apart, so that each place decides how a value is set into it. */
export type Segment = { readonly text: string } | { readonly param: string };
export type FailureReader = "student" | "teacher";

const ENGLISH = "en";
const RIGHT_TO_LEFT_SCRIPTS: readonly (string | undefined)[] = ["Arab", "Hebr", "Thaa", "Nkoo"];

export function readCatalogs(folder: string): Catalogs {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return Object.fromEntries(
    files.map((name) => {
      const catalog = JSON.parse(readFileSync(`${folder}/${name}`, "utf8")) as Catalog; // Ours; its test checks it.
      return [name.slice(0, -".json".length), catalog];
    }),
  );
}

/** The failure table as a catalogue, with the placeholders that catalogues have. */
export function englishFailures(): Catalog {
  const texts = Object.entries<{ student: string; teacher?: string }>(failures).map(
    ([code, { student, teacher }]): [string, Catalog] => [
      code,
      { student: doubleBraces(student), teacher: doubleBraces(teacher ?? student) },
    ],
  );
  return Object.fromEntries(texts);
}

/** The table of what the checks of the box find, as a catalogue. */
export function englishFindings(): Catalog {
  const texts = Object.entries<{ text: string; advice?: string }>(findings).map(
    ([code, { text, advice }]): [string, Catalog] => [
      code,
      {
        text: doubleBraces(text),
        ...(advice === undefined ? {} : { advice: doubleBraces(advice) }),
      },
    ],
  );
  return Object.fromEntries(texts);
}

function doubleBraces(text: string): string {
  return text.replaceAll(/\{(\w+)\}/g, "{{$1}}");
}

export class Translations {
  readonly languages: readonly string[];
  readonly #default: string;
  readonly #translators: ReadonlyMap<string, Translator>;

  constructor(
    catalogs: Catalogs,
    options: {
      readonly defaultLanguage: string;
      readonly clock: Clock;
      readonly timeZone?: string;
    },
  ) {
    this.languages = Object.keys(catalogs).toSorted();
    this.#default = options.defaultLanguage;
    const i18n = i18next.createInstance();
    // All catalogues are at hand, so nothing is left to wait for: a failure is thrown by the first text.
    void i18n.init({
      initAsync: false,
      fallbackLng: ENGLISH,
      resources: Object.fromEntries(
        Object.entries(catalogs).map(([language, { failure, finding, ...page }]) => [
          language,
          {
            page,
            failure: language === ENGLISH ? englishFailures() : (failure ?? {}),
            finding: language === ENGLISH ? englishFindings() : (finding ?? {}),
          },
        ]),
      ),
      ns: ["page", "failure", "finding"],
      defaultNS: "page",
      parseMissingKeyHandler: (key: string) => {
        throw new TypeError(`no catalogue has the text ${key}`);
      },
    });
    this.#translators = new Map(
      this.languages.map((language) => [
        language,
        new Translator(language, i18n.getFixedT(language), new Formats(language, options)),
      ]),
    );
  }

  for(language: string): Translator {
    const translator = this.#translators.get(language) ?? this.#translators.get(this.#default);
    if (translator === undefined) throw new TypeError(`no catalogue of ${this.#default}`);
    return translator;
  }

  choose(wanted: string | undefined, acceptLanguage: string | undefined): string {
    for (const tag of [wanted ?? "", ...preferences(acceptLanguage ?? "")]) {
      const known = this.#find(tag);
      if (known !== undefined) return known;
    }
    return this.#default;
  }

  /** `pt-BR` is served by `pt` when there is nothing closer. */
  #find(tag: string): string | undefined {
    const wanted = tag.toLowerCase();
    const base = wanted.split("-")[0];
    return (
      this.languages.find((language) => language.toLowerCase() === wanted) ??
      this.languages.find((language) => language === base)
    );
  }
}

/** The tags of an Accept-Language header, best first. */
function preferences(header: string): readonly string[] {
  return header
    .split(",", 20)
    .map((entry) => {
      const [tag = "", ...parameters] = entry.split(";").map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith("q="));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

export class Translator {
  readonly language: string;
  readonly direction: "ltr" | "rtl";
  readonly formats: Formats;
  readonly #t: TFunction;

  constructor(language: string, t: TFunction, formats: Formats) {
    const { script } = new Intl.Locale(language).maximize();
    this.language = language;
    this.direction = RIGHT_TO_LEFT_SCRIPTS.includes(script) ? "rtl" : "ltr";
    this.formats = formats;
    this.#t = t;
  }

  /** `count` chooses among the plural forms. */
  segments(key: string, count?: number, options: { readonly ordinal?: boolean } = {}): Segment[] {
    const text = this.#t(key, {
      ...(count === undefined ? {} : { count }),
      ...options,
      // Values never pass through i18next, which would look for nested keys in them.
      skipInterpolation: true,
    });
    return split(text);
  }

  failure(failure: FailureData, reader: FailureReader): Segment[] {
    return this.segments(`failure:${failure.code}.${reader}`);
  }

  finding({ code }: Pick<Check, "code">, part: "text" | "advice"): Segment[] {
    return isFailureCode(code)
      ? this.failure({ code, params: {} }, "teacher")
      : this.segments(`finding:${code}.${part}`);
  }
}

function split(text: string): Segment[] {
  return text
    .split(/\{\{(\w+)\}\}/)
    .map((piece, index) => (index % 2 === 0 ? { text: piece } : { param: piece }))
    .filter((segment) => !("text" in segment) || segment.text !== "");
}
