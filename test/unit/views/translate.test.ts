import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { failures } from "#src/errors.ts";
import { loadAssets } from "#src/views/assets.ts";
import { createViews } from "#src/views/render.ts";
import {
  type Catalog,
  Translations,
  englishFailures,
  englishFindings,
  readCatalogs,
} from "#src/views/translate.ts";
import { type Element, attribute, parseHtml } from "#test/support/html.ts";
import { partSamples, sampleClock, samples } from "#test/support/page-models.ts";
import { catalogsWithPseudo, locales } from "#test/support/pseudo-locales.ts";

const views = createViews({
  assets: loadAssets(),
  clock: sampleClock,
  timeZone: "UTC",
  catalogs: catalogsWithPseudo(),
});
const english = readCatalogs(locales)["en"] ?? {};

function keysOf(catalog: Catalog, prefix = ""): string[] {
  return Object.entries(catalog).flatMap(([key, entry]) =>
    typeof entry === "string" ? [prefix + key] : keysOf(entry, `${prefix}${key}.`),
  );
}

describe("the English catalogue", () => {
  it("has no text that no page shows", () => {
    const shown = new Set<string>();
    for (const sample of [...samples, ...partSamples]) {
      const html = sample.render(views, { language: "en-XK" });
      for (const [, key = ""] of html.matchAll(/⟦(.*?)⟧/g)) shown.add(key);
    }
    // English needs other forms for other numbers than the samples have.
    const plain = (key: string): string => key.replace(/(?:_ordinal)?_(?:one|two|few|other)$/, "");
    const shownPlain = new Set([...shown].map(plain));
    const unused = keysOf(english).filter((key) => !shownPlain.has(plain(key)));
    assert.deepEqual(unused, []);
  });

  it("leaves failures to their own table", () => {
    assert.equal(english["failure"], undefined);
    assert.deepEqual(Object.keys(englishFailures()), Object.keys(failures));
  });

  it("has the general form of every text with forms", () => {
    const keys = new Set(keysOf(english));
    for (const key of keys) {
      const base = /^(.*)_(?:one|two|few|many|zero)$/.exec(key)?.[1];
      // Only names of texts with a number: "files_now" and the like have no such ending.
      if (base !== undefined && keys.has(`${base}_other`)) continue;
      assert.ok(base === undefined || !/\{\{count\}\}/.test(textAt(english, key)), key);
    }
  });

  it("is plain text with quotation marks that need no care", () => {
    for (const key of keysOf(english)) assert.doesNotMatch(textAt(english, key), /[<>&"]/, key);
  });
});

function textAt(catalog: Catalog, path: string): string {
  let found: string | Catalog | undefined = catalog;
  for (const key of path.split(".")) found = typeof found === "object" ? found[key] : undefined;
  assert.ok(typeof found === "string");
  return found;
}

describe("every other catalogue", () => {
  const files = readdirSync(locales).filter((name) => name !== "en.json");
  for (const file of files) {
    it(`has the texts and placeholders of the English one: ${file}`, () => {
      const catalog = JSON.parse(readFileSync(`${locales}/${file}`, "utf8")) as Catalog; // Checked below.
      const whole = { ...english, failure: englishFailures(), finding: englishFindings() };
      const plain = (key: string): string => key.replace(/_(?:zero|one|two|few|many|other)$/, "");
      const expected = new Set(keysOf(whole).map(plain));
      assert.deepEqual(new Set(keysOf(catalog).map(plain)), expected);
      for (const key of keysOf(catalog)) {
        const twin = keysOf(whole).find((candidate) => plain(candidate) === plain(key)) ?? "";
        assert.deepEqual(
          placeholders(textAt(catalog, key)),
          placeholders(textAt(whole, twin)),
          key,
        );
      }
    });
  }
});

function placeholders(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(/\{\{(\w+)\}\}/g), ([, name = ""]) => name))].sort();
}

describe("a page in a made-up language", () => {
  it("shows no text outside the catalogue", () => {
    for (const sample of [...samples, ...partSamples]) {
      const root = parseHtml(sample.render(views, { language: "en-XA" }));
      for (const text of readTexts(root)) {
        assert.doesNotMatch(text.replaceAll("Hillside School", ""), /[A-Za-z]/, sample.label);
      }
    }
  });

  it("runs from right to left where its script does, in all six plural forms", () => {
    for (const sample of samples) {
      const html = sample.render(views, { language: "ar-XB" });
      assert.match(html, /<html lang="ar-XB" dir="rtl"/);
    }
  });
});

/** What is read or heard, without names, passwords and log lines, which stay as they are. */
function* readTexts(element: Element): Generator<string> {
  for (const name of [
    "aria-label",
    "title",
    "placeholder",
    "alt",
    "data-text",
    "data-copied",
    "data-l",
    "data-none",
    "data-some",
    "data-words",
  ]) {
    yield (attribute(element, name) ?? "").replaceAll(/\u2068.*?\u2069/g, "");
  }
  if (["bdi", "time", "pre", "textarea"].includes(element.tag)) return;
  for (const child of element.children) {
    if (typeof child === "string") yield child.replaceAll(/\u2068.*?\u2069/g, "");
    else yield* readTexts(child);
  }
}

describe("choosing a language", () => {
  const catalog = { hello: "x" };
  const translations = new Translations(
    { en: catalog, es: catalog, "pt-BR": catalog, ar: catalog },
    { defaultLanguage: "es", clock: sampleClock },
  );
  it("takes what the person chose before what the browser asks for", () => {
    assert.equal(translations.choose("ar", "en"), "ar");
  });
  it("takes the best that the browser asks for and the box has", () => {
    assert.equal(translations.choose(undefined, "fr, en;q=0.5, ar;q=0.9"), "ar");
    assert.equal(translations.choose(undefined, "en-GB,en;q=0.9"), "en");
    assert.equal(translations.choose(undefined, "PT-br"), "pt-BR");
  });
  it("passes over what the browser refuses", () => {
    assert.equal(translations.choose(undefined, "ar;q=0, en;q=0.1"), "en");
  });
  it("falls back to the box's own", () => {
    for (const header of [undefined, "", "xx", "*", ";;;q=,", "en;q=x"]) {
      assert.equal(translations.choose("tlh", header), "es");
    }
  });
});

describe("a text that is not there", () => {
  const translations = new Translations(
    { en: { greeting: "Hello {{name}}" } },
    { defaultLanguage: "en", clock: sampleClock },
  );
  it("is an error, not its key on the screen", () => {
    assert.throws(() => translations.for("en").segments("no.such"), /no\.such/);
  });
  it("comes apart at its placeholders", () => {
    assert.deepEqual(translations.for("en").segments("greeting"), [
      { text: "Hello " },
      { param: "name" },
    ]);
  });
  it("is taken from the English catalogue when its own language lacks it", () => {
    const partly = new Translations(
      { en: { greeting: "Hello" }, es: {} },
      { defaultLanguage: "en", clock: sampleClock },
    );
    assert.deepEqual(partly.for("es").segments("greeting"), [{ text: "Hello" }]);
  });
});

describe("failures", () => {
  it("have a sentence for each reader", () => {
    const translator = new Translations(
      { en: {} },
      { defaultLanguage: "en", clock: sampleClock },
    ).for("en");
    const failure = { code: "image_missing", params: { image: "x" } } as const;
    assert.match(JSON.stringify(translator.failure(failure, "student")), /not installed/);
    assert.deepEqual(translator.failure(failure, "teacher")[1], { param: "image" });
    const same = { code: "last_owner", params: { name: "x" } } as const;
    assert.deepEqual(translator.failure(same, "teacher"), translator.failure(same, "student"));
  });
});
