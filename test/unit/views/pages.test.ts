/** What holds for every page and part, whatever is on it. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { loadAssets } from "#src/views/assets.ts";
import { createViews } from "#src/views/render.ts";
import { type Element, attribute, elements, parseHtml, textContent } from "#test/support/html.ts";
import {
  type Sample,
  classOf,
  partSamples,
  sampleClock,
  samples,
  teacherFrame,
} from "#test/support/page-models.ts";

const views = createViews({ assets: loadAssets(), clock: sampleClock, timeZone: "UTC" });
const folder = fileURLToPath(new URL("../../../views/", import.meta.url));

function parse(sample: Sample): Element {
  return parseHtml(sample.render(views));
}

function only(root: Element, tag: string): Element {
  const [found, ...more] = [...elements(root)].filter((element) => element.tag === tag);
  assert.ok(found !== undefined && more.length === 0, `exactly one <${tag}>`);
  return found;
}

describe("every page", () => {
  for (const sample of samples) {
    it(`is well formed and has its landmarks: ${sample.label}`, () => {
      const root = parse(sample);
      const html = only(root, "html");
      assert.equal(attribute(html, "lang"), "en");
      assert.equal(attribute(html, "dir"), "ltr");
      for (const tag of ["header", "main", "footer", "h1"]) only(root, tag);
      assert.match(textContent(only(root, "title")), /^\S.* · Hillside School$/);
      const first = [...elements(only(root, "body"))][0];
      assert.ok(first !== undefined);
      assert.equal(attribute(first, "href"), "#main");
      checkReferences(root);
    });
  }
});

describe("every part", () => {
  for (const sample of partSamples) {
    it(`is one element with the id under which it is replaced: ${sample.label}`, () => {
      const [root, ...more] = parse(sample).children.filter((child) => typeof child !== "string");
      assert.ok(root !== undefined && more.length === 0);
      const expected =
        /^(row-.+|notebook-status|waiting-status|named-servers|class-tiles|newcomers)$/;
      assert.match(attribute(root, "id") ?? "", expected);
    });
  }
});

describe("every page and part", () => {
  for (const sample of [...samples, ...partSamples]) {
    it(`has nothing inline and nothing from elsewhere: ${sample.label}`, () => {
      for (const element of elements(parse(sample))) {
        assert.notEqual(element.tag, "style");
        if (element.tag === "script") {
          assert.equal(textContent(element), "");
          assert.match(attribute(element, "src") ?? "", /^\/hub\/static\/js\/\w+\.js\?v=\w+$/);
        }
        for (const { name, value } of element.attributes) {
          assert.doesNotMatch(name, /^(?:on|style$|srcdoc$)/);
          if (["href", "src", "action", "formaction"].includes(name)) {
            assert.match(value, /^(?:\/(?!\/)|#)/, `${name}="${value}"`);
          }
        }
      }
    });
  }

  it("sends every form with the visitor's token, by POST", () => {
    for (const sample of samples) {
      for (const form of elements(parse(sample))) {
        if (form.tag !== "form" || attribute(form, "method") === "dialog") continue;
        assert.equal(attribute(form, "method"), "post", sample.label);
        const names = [...elements(form)].map((element) => attribute(element, "name"));
        assert.equal(names.filter((name) => name === "_xsrf").length, 1, sample.label);
      }
    }
  });
});

/** Ids are unique, and what points to one finds it; every control has a name. */
function checkReferences(root: Element): void {
  const all = [...elements(root)];
  const ids = all.map((element) => attribute(element, "id")).filter((id) => id !== undefined);
  assert.deepEqual([...new Set(ids)], ids);
  for (const element of all) {
    for (const name of ["for", "form", "aria-labelledby", "aria-describedby", "data-meter"]) {
      for (const id of (attribute(element, name) ?? "").split(" ").filter(Boolean)) {
        assert.ok(ids.includes(id), `${name} names ${id}`);
      }
    }
    const question = attribute(element, "data-ask");
    assert.ok(question === undefined || ids.includes(question), `data-ask names ${question}`);
    const isControl = ["input", "select", "textarea"].includes(element.tag);
    const isHidden = element.attributes.some(({ name }) => name === "hidden");
    if (isControl && attribute(element, "type") !== "hidden" && !isHidden) {
      const id = attribute(element, "id");
      const isLabelled =
        all.some((label) => label.tag === "label" && attribute(label, "for") === id) ||
        all.some((label) => label.tag === "label" && [...elements(label)].includes(element));
      assert.ok(isLabelled, `a label for ${id ?? element.tag}`);
    }
  }
}

describe("the frame of a page", () => {
  it("has the colours that the visitor chose, and the system's without a choice", () => {
    const html = (theme: "system" | "dark"): string =>
      find("home-running").render(views, { theme });
    assert.match(html("dark"), /<html [^>]*data-theme="dark"/);
    assert.match(html("dark"), /<meta name="color-scheme" content="dark">/);
    assert.doesNotMatch(html("system"), /data-theme/);
  });

  it("marks where the visitor is, and shows staff the class", () => {
    const entries = (label: string): string[] =>
      [...elements(parse(find(label)))]
        .filter(({ tag }) => tag === "nav")
        .flatMap((nav) => [...elements(nav)].filter(({ tag }) => tag === "a"))
        .map((link) => (attribute(link, "aria-current") ?? "") + textContent(link));
    assert.deepEqual(entries("home-running"), ["pageMy notebook", "My account"]);
    assert.deepEqual(entries("class-full"), ["pageClass", "People", "My notebook", "My account"]);
    assert.deepEqual(entries("login-empty"), []);
    assert.deepEqual(entries("first-empty"), [], "nothing else is open before the own password");
  });

  it("signs out by a form, and by the page that asks where there is no form token", () => {
    const all = (label: string): Element[] => [...elements(parse(find(label)))];
    const leads = (label: string, name: string): boolean =>
      all(label).some((element) => attribute(element, name) === "/hub/logout");
    assert.ok(leads("home-running", "action") && !leads("home-running", "href"));
    assert.ok(leads("asleep-own", "href") && !leads("asleep-own", "action"));
  });

  it("stays below the base path", () => {
    const below = <Value>(value: Value): Value =>
      JSON.parse(JSON.stringify(value).replaceAll('"/', '"/a/b/')) as Value; // Texts for texts.
    for (const sample of samples) {
      const root = parseHtml(sample.render(views, { change: below }));
      for (const element of elements(root)) {
        for (const { name, value } of element.attributes) {
          if (["href", "src", "action", "formaction"].includes(name)) {
            assert.match(value, /^(?:\/a\/b\/|#)/, sample.label);
          }
        }
      }
    }
  });
});

describe("the sign-in form", () => {
  it("has the fields of JupyterHub's, and one of ours", () => {
    const root = parse(find("login-wrong"));
    const form = only(root, "form");
    assert.equal(attribute(form, "action"), "/hub/login?next=%2Fhub%2Fhome");
    const fields = [...elements(form)].map((element) => attribute(element, "name"));
    assert.deepEqual(
      fields.filter((name) => name !== undefined),
      ["_xsrf", "username", "password", "keep"],
    );
    const error = [...elements(root)].find(
      (element) => attribute(element, "class") === "login_error",
    );
    assert.ok(error !== undefined && error.tag === "p");
    assert.match(textContent(error), /do not match/);
  });

  it("lets password managers fill it in", () => {
    const inputs = [...elements(parse(find("login-empty")))].filter(({ tag }) => tag === "input");
    const byName = new Map(inputs.map((input) => [attribute(input, "name"), input]));
    for (const [name, autocomplete] of [
      ["username", "username"],
      ["password", "current-password"],
    ]) {
      const input = byName.get(name);
      assert.ok(input !== undefined);
      assert.equal(attribute(input, "autocomplete"), autocomplete);
      assert.equal(attribute(input, "dir"), "ltr");
      assert.equal(attribute(input, "autocapitalize"), "none");
      assert.equal(attribute(input, "spellcheck"), "false");
    }
  });
});

describe("a field that was refused", () => {
  it("says why beside it and in a summary that leads to it", () => {
    const root = parse(find("setup-refused"));
    const all = [...elements(root)];
    const field = all.find((element) => attribute(element, "name") === "username");
    assert.ok(field !== undefined);
    assert.equal(attribute(field, "aria-invalid"), "true");
    assert.match(attribute(field, "aria-describedby") ?? "", /\berror-username\b/);
    const summary = all.find((element) => attribute(element, "role") === "alert");
    assert.ok(summary !== undefined);
    const links = [...elements(summary)].map((element) => attribute(element, "href"));
    assert.ok(links.includes(`#${attribute(field, "id")}`));
  });
});

describe("the student's page", () => {
  it("has the links that JupyterHub's clients look for", () => {
    const ids = (label: string): (string | undefined)[] =>
      [...elements(parse(find(label)))].map((element) => attribute(element, "id"));
    assert.ok(ids("home-stopped").includes("start"));
    assert.ok(!ids("home-stopped").includes("stop"));
    assert.ok(ids("home-running").includes("stop"));
    const start = [...elements(parse(find("home-stopped")))].find(
      (element) => attribute(element, "id") === "start",
    );
    assert.ok(start !== undefined && start.tag === "a");
    assert.equal(attribute(start, "href"), "/hub/spawn");
  });

  it("never speaks of servers, containers, tokens or spawning", () => {
    const ofStudents =
      /^(?:login|first|home|waiting|asleep|logout|account|signUp|signUpPassword|signUpClosed|spawn|visit|deleteServer|message)-(?!engine-away)/;
    for (const sample of samples) {
      if (!ofStudents.test(sample.label)) continue;
      if (sample.label.includes("of-other")) continue;
      const words = [...elements(parse(sample))]
        .filter(({ tag }) => tag === "main")
        .map((main) => studentText(main))
        .join(" ");
      assert.doesNotMatch(words, /\b(?:spawn|server|token|container|hub|docker)/i, sample.label);
    }
  });
});

/** Without what is folded away for the teacher, and addresses that are there to be copied. */
function studentText(element: Element): string {
  if (element.tag === "details" || element.tag === "textarea") return "";
  return element.children
    .map((child) => (typeof child === "string" ? child : studentText(child)))
    .join(" ");
}

describe("the class page", () => {
  it("leads to adding students when there is nobody but staff", () => {
    assert.match(find("class-empty").render(views), /There are no students yet/);
    assert.doesNotMatch(find("class-full").render(views), /There are no students yet/);
  });
});

describe("the waiting room", () => {
  it("comes again by itself without script while something is under way", () => {
    const hasRefresh = (label: string): boolean =>
      [...elements(parse(find(label)))].some(
        (element) =>
          element.tag === "noscript" &&
          [...elements(element)].some((meta) => attribute(meta, "content") === "4"),
      );
    for (const label of ["queued", "starting", "stopping"])
      assert.ok(hasRefresh(`waiting-${label}`));
    for (const label of ["failed", "stopped", "running"])
      assert.ok(!hasRefresh(`waiting-${label}`));
  });

  it("names JupyterHub's progress stream", () => {
    const main = only(parse(find("waiting-queued")), "main");
    const url = "/hub/api/users/maria/server/progress?_xsrf=abc";
    assert.equal(attribute(main, "data-progress-url"), url);
  });

  it("says that it takes long after a minute, and before that leaves it to the script", () => {
    const late = (label: string): Element | undefined =>
      [...elements(parse(find(label)))].find(
        (element) => /longer than usual/.test(textContent(element)) && element.tag === "p",
      );
    const soon = late("waiting-starting");
    assert.ok(soon !== undefined);
    assert.equal(attribute(soon, "data-show-after"), "44");
    assert.equal(attribute(soon, "hidden"), "");
    const now = late("waiting-late");
    assert.ok(now !== undefined);
    assert.equal(attribute(now, "hidden"), undefined);
  });
});

describe("a model with a field missing", () => {
  it("is refused instead of leaving a gap", () => {
    for (const [label, field] of [
      ["login-empty", "action"],
      ["home-running", "openUrl"],
      ["class-full", "displayName"],
      ["firstPasswords-added", "password"],
      ["log-lines", "refreshUrl"],
    ] as const) {
      const without = <Value>(value: Value): Value => withoutField(value, field);
      assert.throws(() => find(label).render(views, { change: without }), label);
    }
  });
});

function withoutField<Value>(value: Value, field: string): Value {
  return JSON.parse(
    JSON.stringify(value, (key: string, entry: unknown) => (key === field ? undefined : entry)),
  ) as Value; // What is left is deliberately not a Value.
}

describe("weight", () => {
  it("keeps the class page of 40 within 30 KB, styles within 6 KB and scripts within 20 KB", () => {
    const page = Buffer.byteLength(views.page("class", classOf(40), teacherFrame));
    assert.ok(page <= 30 * 1024, `${page} bytes of HTML`);
    const assets = loadAssets().all();
    const zipped = (kind: string): number =>
      assets
        .filter(({ path }) => path.startsWith(`${kind}/`))
        .reduce((sum, { body }) => sum + gzipSync(body).length, 0);
    assert.ok(zipped("css") <= 6 * 1024, `${zipped("css")} bytes of CSS`);
    assert.ok(zipped("js") <= 20 * 1024, `${zipped("js")} bytes of scripts`);
  });

  it("asks for six files at most", () => {
    for (const sample of samples) {
      const files = new Set(
        [...elements(parse(sample))].flatMap((element) =>
          ["link", "script", "img", "use"].includes(element.tag)
            ? [(attribute(element, "href") ?? attribute(element, "src") ?? "").replace(/#.*/, "")]
            : [],
        ),
      );
      assert.ok(files.size + 1 <= 6, `${sample.label} asks for ${files.size + 1}`);
    }
  });
});

describe("the sources of the pages", () => {
  const read = (part: string): [string, string][] =>
    readdirSync(folder + part, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:njk|css|js)$/.test(name))
      .map((name) => [`${part}/${name}`, readFileSync(`${folder}${part}/${name}`, "utf8")]);
  const templates = ["layouts", "pages", "parts"].flatMap(read);

  it("never declare data safe, and quote every attribute", () => {
    for (const [name, source] of templates) {
      assert.doesNotMatch(source, /\|\s*(?:safe|urlize|dump)\b/, name);
      assert.doesNotMatch(source, /=\{\{/, name);
      assert.doesNotMatch(source, /\{%\s*autoescape/, name);
    }
  });

  it("check every address that comes from a model", () => {
    const addresses = /(?:href|src|action|formaction)="\{\{ (.*?) \}\}/g;
    for (const [name, source] of templates) {
      for (const [, expression = ""] of source.matchAll(addresses)) {
        assert.match(expression, /\| url$|^asset\(/, `${name}: ${expression}`);
      }
    }
  });

  it("know no left and right", () => {
    for (const [, source] of read("assets/css")) {
      const rules = source.replaceAll(/\/\*.*?\*\//gs, "");
      assert.equal(/\b(?:left|right)\b/.exec(rules)?.[0], undefined);
      assert.equal(
        /(?<![\w-])(?:(?:min|max)-)?(?:width|height)\s*:(?!.*\))/.exec(rules)?.[0],
        undefined,
      );
    }
  });

  it("hold no text of their own", () => {
    for (const [name, source] of templates) {
      const bare = source
        .replace(/\{% block width %\}\w+\{% endblock %\}/, "")
        .replaceAll(/\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}/gs, "")
        .replaceAll(/<[^>]*>| data-follows|[\w-]+="[^"]*"/g, "");
      assert.equal(/[A-Za-z]+/.exec(bare)?.[0], undefined, name);
    }
  });
});

function find(label: string): Sample {
  const sample = samples.find((entry) => entry.label === label);
  assert.ok(sample !== undefined, `no sample ${label}`);
  return sample;
}
