/** How the pages look and read in a real browser: sizes, colours, directions, paper. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { close, launchBrowser } from "#test/support/browser.ts";
import { type Sample, samples } from "#test/support/page-models.ts";
import { SampleSite } from "#test/support/sample-site.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const screenshots = fileURLToPath(new URL("../../test-results/pages/", import.meta.url));

let site: SampleSite;
let origin: string;
let browser: Browser;

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  site = new SampleSite();
  origin = await site.listen();
  browser = await launchBrowser();
});
after(async () => {
  await close(browser);
  await site[Symbol.asyncDispose]();
});

/** One state of each page that shows most of what it has; the others differ from it in words. */
const CHIEF = (
  "setup-refused login-wrong first-refused home-failed home-running home-named-refused spawn-refused " +
  "deleteServer-own-files waiting-starting waiting-failed " +
  "asleep-failed account-refused logout-ask message-not-found class-full addPeople-preview " +
  "signUp-taken signUpPassword-near signUpClasses-many " +
  "firstPasswords-added shownOnce-only roster-full person-full person-refused " +
  "person-locked removePerson-running trash-full restorePerson-taken erasePerson-refused log-failed"
).split(" ");

interface Look {
  readonly theme: "light" | "dark";
  readonly width: number;
  readonly language: string;
}
const looks: readonly Look[] = ["en", "ar-XB"].flatMap((language) =>
  ([1280, 320] as const).flatMap((width) =>
    (["light", "dark"] as const).map((theme) => ({ language, width, theme })),
  ),
);
/** In these, every state is looked at. */
const WHOLE = ["en, 1280 px, light", "ar-XB, 320 px, dark"];
/** The long, accented one: what fits here fits in German. */
const longest: Look = { language: "en-XA", width: 320, theme: "light" };

function describeLook({ theme, width, language }: Look): string {
  return `${language}, ${width} px, ${theme}`;
}

async function openContext({ width, theme }: Look): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: theme,
    reducedMotion: "reduce",
  });
  await context.addInitScript(
    "window.violations = [];" +
      "addEventListener('securitypolicyviolation', (event) => violations.push(event.blockedURI + ' ' + event.violatedDirective));",
  );
  return context;
}

async function check(page: Page, sample: Sample, look: Look): Promise<readonly string[]> {
  const errors: string[] = [];
  page.removeAllListeners("pageerror");
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(origin + SampleSite.path(sample, { language: look.language }));
  const violations = await page.evaluate<string[]>("violations");
  const overflow = await overflowOf(page);
  const findings = await findingsOf(page);
  const name = `${sample.label}-${look.width}-${look.theme}-${look.language}.png`;
  // For people to look at: what is checked was found before.
  await page.screenshot({ path: screenshots + name, fullPage: true }).catch(String);
  return [
    ...errors,
    ...violations.map((violation) => `refused by the content policy: ${violation}`),
    ...(overflow > 0 ? [`${overflow} px wider than the screen`] : []),
    ...findings,
  ];
}

function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
}

async function findingsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate<string[]>(
    `axe.run({ runOnly: ${JSON.stringify(RULES)} }).then((result) =>
      result.violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))`,
  );
}

describe("every page is accessible, fits and keeps its own rules", () => {
  for (const look of looks) {
    it(describeLook(look), async () => {
      await using context = await openContext(look);
      const page = await context.newPage();
      const found: string[] = [];
      const isWhole = WHOLE.includes(describeLook(look));
      for (const sample of isWhole ? samples : CHIEF.map(find)) {
        const problems = await check(page, sample, look);
        found.push(...problems.map((problem) => `${sample.label}: ${problem}`));
      }
      assert.deepEqual(found, []);
    });
  }

  it("fits in 320 px with texts that are longer by half", async () => {
    await using context = await openContext(longest);
    const page = await context.newPage();
    for (const sample of samples) {
      await page.goto(origin + SampleSite.path(sample, { language: longest.language }));
      assert.ok((await overflowOf(page)) <= 0, sample.label);
    }
  });

  it("would tell of a page that is not", async () => {
    await using context = await openContext({ theme: "light", width: 320, language: "en" });
    const page = await context.newPage();
    await page.goto(origin + SampleSite.path(find("login-wrong")));
    await page.evaluate(
      `document.querySelector("label").remove();
       document.querySelector("h1").setAttribute("style", "color: red");
       document.querySelector("main").append(document.createElement("pre"));
       document.querySelector("pre").textContent = "W".repeat(99);`,
    );
    assert.ok((await overflowOf(page)) > 0);
    assert.match((await findingsOf(page)).join(), /\blabel: /);
    assert.notDeepEqual(await page.evaluate("violations"), []);
  });
});

describe("touch", () => {
  it("finds every control at least 44 px high", async () => {
    await using context = await openContext({ ...longest, language: "en" });
    const page = await context.newPage();
    for (const sample of samples) {
      await page.goto(origin + SampleSite.path(sample));
      const small = await page.evaluate<string[]>(
        `[...document.querySelectorAll("button, summary, select, textarea, input:not([type=hidden]), .btn, nav a")]
          .filter((element) => element.checkVisibility() && !["checkbox", "radio"].includes(element.type))
          .map((element) => [element.getBoundingClientRect().height, element.outerHTML])
          .filter(([height]) => height < 44)
          .map(([height, html]) => height + " " + html.slice(0, 80))`,
      );
      assert.deepEqual(small, [], sample.label);
    }
  });
});

describe("on paper", () => {
  const cards = (): Sample => find("firstPasswords-added");

  for (const format of ["A4", "Letter"]) {
    it(`puts ten cards on a page of ${format}`, async () => {
      await using context = await openContext({ theme: "dark", width: 1280, language: "en" });
      const page = await context.newPage();
      for (const [label, expected] of [
        ["firstPasswords-ten", 1],
        ["firstPasswords-added", 2],
      ] as const) {
        await page.goto(origin + SampleSite.path(find(label)));
        const pdf = await page.pdf({ format });
        const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length;
        assert.equal(pages, expected, label);
      }
    });
  }

  it("shows the cards alone, black on white", async () => {
    await using context = await openContext({ theme: "dark", width: 800, language: "en" });
    const page = await context.newPage();
    await page.goto(origin + SampleSite.path(cards()));
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.screenshot({ path: `${screenshots}cards-print.png`, fullPage: true });
    for (const selector of ["header", "footer", ".note", "[data-print]", "details"]) {
      assert.equal(await page.locator(selector).first().isVisible(), false, selector);
    }
    const colours = await page.evaluate<string[]>(
      `[document.body, document.querySelector(".logincard")].map((element) =>
        getComputedStyle(element).color + " on " + getComputedStyle(document.body).backgroundColor)`,
    );
    assert.deepEqual(colours, Array(2).fill("rgb(0, 0, 0) on rgb(255, 255, 255)"));
  });
});

describe("colours that the reader forces", () => {
  it("leave status, fields and buttons to be seen", async () => {
    await using context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      forcedColors: "active",
    });
    const page = await context.newPage();
    for (const label of ["class-full", "login-wrong", "waiting-starting"]) {
      await page.goto(origin + SampleSite.path(find(label)));
      await page.screenshot({ path: `${screenshots}${label}-forced.png`, fullPage: true });
    }
    await page.goto(origin + SampleSite.path(find("class-full")));
    const shape = await page.evaluate<string>(
      `(() => { const style = getComputedStyle(document.querySelector(".working"), "::before");
        return style.backgroundColor === getComputedStyle(document.body).backgroundColor ? "unseen" : "seen"; })()`,
    );
    assert.equal(shape, "seen");
  });
});

function find(label: string): Sample {
  const sample = samples.find((entry) => entry.label === label);
  assert.ok(sample !== undefined, `no sample ${label}`);
  return sample;
}
