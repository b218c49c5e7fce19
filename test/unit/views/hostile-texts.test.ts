/** Whatever people are called, whatever they paste and whatever a notebook prints: a page stays the page it is. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkNames } from "#src/services/box/findings.ts";
import { loadAssets } from "#src/views/assets.ts";
import type { Views } from "#src/views/pages.ts";
import { createViews } from "#src/views/render.ts";
import { type Element, elements, parseHtml, textContent } from "#test/support/html.ts";
import { type Sample, partSamples, sampleClock, samples } from "#test/support/page-models.ts";
import { catalogsWithPseudo } from "#test/support/pseudo-locales.ts";

const views = createViews({
  assets: loadAssets(),
  clock: sampleClock,
  timeZone: "UTC",
  catalogs: catalogsWithPseudo(),
});

const payloads: readonly string[] = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)' x='",
  "</textarea></title></pre><svg onload=alert(1)>",
  "{{7*7}}{{ frame.xsrf }}{% include 'pages/login.njk' %}",
  "$t(login.title) {{count}} %s ${7*7}",
  "javascript:alert(1)//",
  "&lt;b&gt; &amp; &#60;i&#62;",
  "\u202egnp.exe \u2066\u2069 \u200f",
  "👩🏽‍🔬🏳️‍🌈 \u0000\u0007\u001b[31m",
  "a".repeat(64),
  "\\\\`backslash` --> <!-- ]]> \u2028",
];

/** Whatever somebody else than the hub decides. */
const FREE_TEXTS: ReadonlySet<string> = new Set([
  "displayName",
  "boxTitle",
  "name",
  "username",
  "list",
  "code",
  "password",
  "address",
  "detail",
  "reason",
  "image",
  "log",
  "lines",
  "classes",
  "device",
  "oldName",
  "newName",
  "value",
  "problems",
]);

function withFreeText(text: string): <Value>(value: Value) => Value {
  const replaced = <Value>(value: Value, key: string): Value => {
    if (Array.isArray(value)) return value.map((entry) => replaced(entry, key)) as Value;
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value).map(([inner, entry]) => [
        inner,
        replaced(entry, inner),
      ]);
      return Object.fromEntries(entries) as Value; // The same keys, each with the same type of value.
    }
    const isFailureCode = key === "code" && /^[a-z]+(?:_[a-z]+)*$/.test(String(value));
    const isWord = value === "added" || value === "reset";
    const isText = typeof value === "string" && !isWord && !value.startsWith("/hub/");
    const isCheck = key === "name" && checkNames.some((name) => name === value);
    const isFree = isText && FREE_TEXTS.has(key) && !isFailureCode && !isCheck;
    return (isFree ? text : value) as Value;
  };
  return (value) => replaced(value, "");
}

function shape(element: Element): string {
  const attributes = element.attributes.map(({ name }) => name).join(" ");
  const children = element.children.filter((child) => typeof child !== "string").map(shape);
  return `<${element.tag} ${attributes}>${children.join("")}`;
}

function render(sample: Sample, texts: Views, text: string, language: string): Element {
  return parseHtml(sample.render(texts, { language, change: withFreeText(text) }));
}

describe("hostile text", () => {
  for (const [index, payload] of payloads.entries()) {
    it(`adds no element and no attribute: payload ${index + 1}`, () => {
      for (const sample of [...samples, ...partSamples]) {
        for (const language of ["en", "ar-XB"]) {
          const harmless = render(sample, views, "x", language);
          const hostile = render(sample, views, payload, language);
          assert.equal(shape(hostile), shape(harmless), sample.label);
        }
      }
    });
  }

  it("reaches the reader as it is", () => {
    const page = samples.find(({ label }) => label === "removePerson-running");
    assert.ok(page !== undefined);
    for (const payload of payloads) {
      const root = render(page, views, payload, "en");
      const shown = [...elements(root)].filter(({ tag }) => tag === "bdi").map(textContent);
      assert.ok(shown.includes(payload), payload);
    }
  });

  it("is set apart from the direction of the text around it", () => {
    const heading = samples.find(({ label }) => label === "removePerson-running");
    assert.ok(heading !== undefined);
    const html = heading.render(views, { change: withFreeText("\u202eevil") });
    assert.match(html, /<h1>Remove <bdi>\u202eevil<\/bdi>\?<\/h1>/);
    assert.match(html, /<title>Remove \u2068\u202eevil\u2069\?/);
  });

  it("is not looked up as a text of the catalogue", () => {
    const page = samples.find(({ label }) => label === "first-empty");
    assert.ok(page !== undefined);
    const html = page.render(views, { change: withFreeText("$t(login.title)") });
    assert.match(html, /Hello <bdi>\$t\(login\.title\)<\/bdi>/);
  });
});

describe("an address in a model", () => {
  it("is refused when it leads away from the site or into a script", () => {
    const page = samples.find(({ label }) => label === "shownOnce-only");
    assert.ok(page !== undefined);
    for (const bad of [
      "javascript:alert(1)",
      "//evil.example/",
      "/\\evil.example/",
      "https://x.y/",
      "",
    ]) {
      const change = <Value>(value: Value): Value =>
        JSON.parse(JSON.stringify(value).replaceAll('"/hub/admin"', JSON.stringify(bad))) as Value;
      assert.throws(() => page.render(views, { change }), /path of this site/, bad);
    }
  });
});
