/** What the scripts add to the pages, in a real browser over plain HTTP; and that nothing needs them. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { close, launchBrowser } from "#test/support/browser.ts";
import {
  type Sample,
  classRow,
  notebook,
  samples,
  statuses,
  teacherFrame,
} from "#test/support/page-models.ts";
import { SampleSite, openStream } from "#test/support/sample-site.ts";

const EVENTS = "/hub/admin/events";
const NOTEBOOK_EVENTS = "/hub/events/notebook/maria";
/** The page knows of a stream when its head has come, later than the site that answers it. */
const TELL_OPEN = `window.EventSource = class extends EventSource {
  constructor(url) {
    super(url);
    this.addEventListener("open", () => (window.hasStream = true));
  }
};`;

let browser: Browser;
let site: SampleSite;
let origin: string;
let context: BrowserContext;
let page: Page;

before(async () => {
  browser = await launchBrowser();
});
after(() => close(browser));
beforeEach(async () => {
  site = new SampleSite();
  origin = await site.listen();
  context = await browser.newContext();
  await context.addInitScript(TELL_OPEN);
  page = await context.newPage();
});
afterEach(async () => {
  await close(context);
  await site[Symbol.asyncDispose]();
});

function find(label: string): Sample {
  const sample = samples.find((entry) => entry.label === label);
  assert.ok(sample !== undefined, `no sample ${label}`);
  return sample;
}

function open(label: string, on: Page = page): Promise<unknown> {
  return on.goto(origin + SampleSite.path(find(label)));
}

/** Opens a page and waits for its stream; the answers are the streams, newest last. */
async function openLive(label: string, path: string): Promise<ServerResponse[]> {
  const streams: ServerResponse[] = [];
  site.handlers.set(path, (_request, response) => {
    openStream(response);
    streams.push(response);
  });
  await open(label);
  await until(() => page.evaluate<boolean>("window.hasStream === true"));
  assert.equal(streams.length, 1);
  return streams;
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, "it did not come to pass");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function sendPart(stream: ServerResponse | undefined, target: string, html: string): void {
  assert.ok(stream !== undefined);
  SampleSite.send(stream, "part", { target, html });
}

function redirectTo(path: string, label: string): void {
  site.handlers.set(path, (request, response) => {
    request.resume();
    response.writeHead(302, { location: SampleSite.path(find(label)) }).end();
  });
}

const rowOf = (status: Parameters<typeof classRow>[2]): string =>
  site.views.part("classRow", classRow("maria", "María López", status), teacherFrame);

describe("a live page", () => {
  it("shows new states as they come, and keeps the focus where it was", async () => {
    const streams = await openLive("class-full", EVENTS);
    await page.locator("#row-maria button").first().focus();
    sendPart(streams[0], "row-maria", rowOf(statuses.stopped));
    await page.locator("#row-maria .tag.stopped").waitFor();
    const focused = await page.evaluate("document.activeElement.closest('tr')?.id");
    assert.equal(focused, "row-maria");
    assert.equal(await page.locator("#row-maria button").first().textContent(), "Start");
  });

  it("keeps an open menu open", async () => {
    const streams = await openLive("class-full", EVENTS);
    await page.locator("#row-maria summary").click();
    sendPart(streams[0], "row-maria", rowOf(statuses.starting));
    await page.locator("#row-maria .tag.starting").waitFor();
    assert.ok(await page.locator("#row-maria >> text=New first password").isVisible());
  });

  it("reads out what happened to whom the person acted on, and to nobody else", async () => {
    const streams = await openLive("class-full", EVENTS);
    site.handlers.set("/hub/spawn/asha", (request, response) => {
      request.resume();
      response.writeHead(302, { location: "/hub/admin" }).end();
    });
    sendPart(streams[0], "row-maria", rowOf(statuses.stopped));
    await page.locator("#row-maria .tag.stopped").waitFor();
    assert.equal(await page.locator("#announcer").textContent(), "");
    await page.locator("#row-asha button").first().click();
    await until(() => site.requests.includes("POST /hub/spawn/asha"));
    const html = site.views.part(
      "classRow",
      classRow("asha", "आशा", statuses.starting),
      teacherFrame,
    );
    sendPart(streams[0], "row-asha", html);
    await until(async () => (await page.locator("#announcer").textContent()) === "आशा Starting");
  });

  it("stays where it is when the notebook opens, unless it is the waiting room", async () => {
    const home = await openLive("home-queued", NOTEBOOK_EVENTS);
    sendPart(
      home[0],
      "notebook-status",
      site.views.part("notebookStatus", notebook(statuses.running), teacherFrame),
    );
    assert.ok(home[0] !== undefined);
    SampleSite.send(home[0], "go", { url: SampleSite.path(find("logout-ask")) });
    await page.locator(".tag.working").waitFor();
    assert.match(page.url(), /home-queued/);

    const room = await openLive("waiting-queued", NOTEBOOK_EVENTS);
    assert.ok(room[0] !== undefined);
    SampleSite.send(room[0], "go", { url: SampleSite.path(find("logout-ask")) });
    await page.waitForURL(/logout-ask/);
    await page.goBack();
    assert.doesNotMatch(page.url(), /waiting-queued/, "Back does not lead into the waiting room");
  });

  it("says when the box cannot be reached, and goes on by itself", async () => {
    const streams = await openLive("class-full", EVENTS);
    site.handlers.set(EVENTS, (_request, response) => response.writeHead(502).end());
    streams[0]?.destroy();
    await page.locator("#lost:not(:empty)").waitFor();
    assert.match((await page.locator("#lost").textContent()) ?? "", /Trying to reach the box/);
    site.handlers.set(EVENTS, (_request, response) => openStream(response));
    await page.locator("#lost:empty").waitFor({ state: "attached" });
  });

  it("leads to the sign-in when the session ended meanwhile", async () => {
    const streams = await openLive("class-full", EVENTS);
    const path = SampleSite.path(find("class-full")).replace(/\?.*/, "");
    site.handlers.set(EVENTS, (_request, response) => response.writeHead(403).end());
    redirectTo(path, "login-session-ended");
    streams[0]?.destroy();
    await page.waitForURL(/login-session-ended/);
  });

  it("takes the list anew when people came or went, and keeps what is being searched", async () => {
    const streams = await openLive("class-full", EVENTS);
    await page.locator("#find").fill("lopez");
    const path = SampleSite.path(find("class-full")).replace(/\?.*/, "");
    site.handlers.set(path, (_request, response) => site.page(response, find("class-trouble")));
    assert.ok(streams[0] !== undefined);
    SampleSite.send(streams[0], "stale", {});
    await until(async () => (await page.locator("#class-rows tr").count()) === 3);
    assert.equal(await page.locator("#find").inputValue(), "lopez");
    assert.ok(await page.locator("#find").isVisible());
    assert.equal(await page.evaluate("document.activeElement.id"), "find");
    assert.equal(await page.locator("#class-rows tr:visible").count(), 1);
  });

  it("takes no notice of parts for other pages", async () => {
    const streams = await openLive("home-running", NOTEBOOK_EVENTS);
    sendPart(streams[0], "waiting-status", "<section id='waiting-status'></section>");
    sendPart(streams[0], "main", "<main id='other'></main>");
    const stopped = site.views.part("notebookStatus", notebook(statuses.stopped), teacherFrame);
    sendPart(streams[0], "notebook-status", stopped);
    await page.locator(".tag.stopped").waitFor();
    assert.equal(await page.locator("#other").count(), 0);
  });
});

describe("stopping", () => {
  it("asks first, names the person, and takes no for an answer", async () => {
    await openLive("class-full", EVENTS);
    await page.locator("#row-maria button").first().click();
    const dialog = page.locator("#ask-stop");
    assert.match((await dialog.textContent()) ?? "", /Stop the notebook of María López\?/);
    await dialog.locator("text=Cancel").click();
    assert.ok(!site.requests.includes("POST /hub/stop/maria"));
    const focused = await page.evaluate("document.activeElement.closest('tr')?.id");
    assert.equal(focused, "row-maria");
  });

  it("asks about the notebook that is meant, where a person has more than one", async () => {
    await openLive("class-full", EVENTS);
    const button = page.locator("#row-noor .also button");
    const physics = "\u2068\u2068Physics, lesson 3\u2069 (\u2068Noor\u2069)\u2069";
    assert.equal(await button.getAttribute("aria-label"), `Stop ${physics}`);
    await button.click();
    const asked = (await page.locator("#ask-stop-named").textContent()) ?? "";
    assert.match(asked, /Stop \u2068Physics, lesson 3\u2069 \(\u2068Noor\u2069\)\?/);
  });

  for (const [label, place] of [
    ["home-named-full", "maria"],
    ["person-full", "maria"],
  ] as const) {
    it(`asks about the notebook that is meant: ${label}`, async () => {
      await open(label);
      await page.locator(`form[action="/hub/stop/${place}/physics"] button`).click();
      const asked = (await page.locator("#ask-stop-named").textContent()) ?? "";
      assert.match(asked, /Stop Physics, lesson 3\?/);
    });
  }

  it("is sent quietly after yes, also when the row changed meanwhile", async () => {
    const streams = await openLive("class-full", EVENTS);
    let body = "";
    site.handlers.set("/hub/stop/maria", (request, response) => {
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => response.writeHead(302, { location: "/hub/admin" }).end());
    });
    await page.locator("#row-maria button").first().click();
    sendPart(streams[0], "row-maria", rowOf(statuses.shortOfMemory));
    await page.locator("#row-maria .tag.low_memory").waitFor();
    await page.locator("#ask-stop >> text=Stop >> nth=-1").click();
    await until(() => body !== "");
    assert.equal(new URLSearchParams(body).get("_xsrf"), teacherFrame.xsrf);
    assert.match(page.url(), /class-full/);
  });

  it("shows the page again when it was refused", async () => {
    await openLive("home-queued", NOTEBOOK_EVENTS);
    site.handlers.set("/hub/stop/maria", (request, response) => {
      request.resume();
      response.writeHead(503).end("no");
    });
    const loads = (): number => site.requests.filter((line) => line.endsWith("home-queued")).length;
    const again = page.waitForEvent("load");
    await page.locator("#stop").click();
    await again;
    assert.equal(loads(), 2);
  });

  it("works as a plain form when there is no stream", async () => {
    site.handlers.set(NOTEBOOK_EVENTS, (_request, response) => response.writeHead(502).end());
    redirectTo("/hub/stop/maria", "home-notebook-stopped");
    await open("home-queued");
    await page.locator("#stop").click();
    await page.waitForURL(/home-notebook-stopped/);
  });
});

describe("a new first password", () => {
  it("is asked about and then leads to its page", async () => {
    await openLive("class-full", EVENTS);
    redirectTo("/hub/admin/people/maria/reset", "firstPasswords-reset");
    await page.locator("#row-maria summary").click();
    await page.locator("#row-maria >> text=New first password").click();
    const question = (await page.locator("#ask-reset").textContent()) ?? "";
    assert.match(question, /for María López\?.*María López is signed out/s);
    await page.locator("#ask-reset button >> nth=0").click();
    await page.waitForURL(/firstPasswords-reset/);
  });

  it("is copied over plain HTTP, too", async () => {
    await open("firstPasswords-some-refused");
    assert.equal(await page.evaluate("isSecureContext"), false);
    await page.locator("[data-copy]").click();
    await until(async () => (await page.locator("#announcer").textContent()) === "Copied");
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))",
    );
    await page.locator("#paste").focus();
    await page.keyboard.press("Control+V");
    assert.equal(
      await page.locator("#paste").inputValue(),
      "María López\tstudent1\tred-lamp-river-40\n",
    );
  });
});

describe("the class", () => {
  it("is searched by name and user name, without regard to case and accents", async () => {
    await openLive("class-full", EVENTS);
    const shown = (): Promise<string[]> =>
      page.evaluate<string[]>(
        "[...document.querySelectorAll('#class-rows tr')].filter((row) => row.checkVisibility()).map((row) => row.id)",
      );
    await page.locator("#find").fill("MARIA");
    assert.deepEqual(await shown(), ["row-maria"]);
    await page.locator("#find").fill("li.w");
    assert.deepEqual(await shown(), ["row-li.wei"]);
    await page.locator("#find").fill("nobody");
    assert.deepEqual(await shown(), []);
    await until(async () => (await page.locator("#announcer").textContent()) === "Nobody found");
  });

  it("names its buttons after the people, and its menus close by Escape", async () => {
    await openLive("class-full", EVENTS);
    const menu = page.locator("#row-maria summary");
    assert.equal(await menu.getAttribute("aria-label"), "More \u2068María López\u2069");
    await menu.click();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("details.menu[open]").count(), 0);
    const focused = "document.activeElement.matches('#row-maria summary')";
    assert.ok(await page.evaluate<boolean>(focused));
  });
});

describe("the list of people", () => {
  it("is searched by name and by where the account stands, both at once", async () => {
    await open("roster-full");
    const shown = (): Promise<string[]> =>
      page.evaluate<string[]>(
        "[...document.querySelectorAll('#people-rows tr')].filter((row) => row.checkVisibility()).map((row) => row.querySelector('.user').textContent)",
      );
    await page.locator("#find-state").selectOption("locked");
    assert.deepEqual(await shown(), ["jose"]);
    await page.locator("#find").fill("maria");
    assert.deepEqual(await shown(), []);
    await until(async () => (await page.locator("#announcer").textContent()) === "Nobody found");
    await page.locator("#find-state").selectOption("");
    assert.deepEqual(await shown(), ["maria"]);
  });
});

describe("a log", () => {
  const isAtItsEnd = () =>
    page.evaluate<boolean>(
      "(({ scrollTop, scrollHeight, clientHeight }) => clientHeight > 0 && scrollHeight > clientHeight && " +
        "scrollTop + clientHeight > scrollHeight - 2)(document.querySelector('.log'))",
    );

  it("begins with its newest lines in sight", async () => {
    await open("log-lines");
    await until(isAtItsEnd);
  });

  it("does so, too, where it is opened", async () => {
    await open("person-full");
    await page.locator("summary >> text=Last lines of the log").click();
    await until(isAtItsEnd);
  });
});

describe("a person's page", () => {
  it("asks before it locks, names the person, and takes no for an answer", async () => {
    await open("person-full");
    redirectTo("/hub/admin/people/kofi/disable", "person-locked");
    await page.locator("text=Lock this account >> nth=0").click();
    const question = (await page.locator("#ask-lock").textContent()) ?? "";
    assert.match(question, /Lock the account of Kofi Mensah\? Kofi Mensah is signed out/);
    await page.locator("#ask-lock >> text=Cancel").click();
    assert.match(page.url(), /person-full/);
    await page.locator("text=Lock this account >> nth=0").click();
    await page.locator("#ask-lock button >> nth=0").click();
    await page.waitForURL(/person-locked/);
  });

  it("asks before a new user name closes what is open, and not for the same one", async () => {
    await open("person-full");
    redirectTo("/hub/admin/people/kofi/rename", "person-renamed");
    const save = page.locator("form[action$='/rename'] button[type=submit]");
    await page.fill("[name=username]", "kofi2");
    await save.click();
    const question = (await page.locator("#ask-rename").textContent()) ?? "";
    assert.match(question, /the first notebook, Physics, lesson 3,/);
    await page.locator("#ask-rename >> text=Cancel").click();
    assert.match(page.url(), /person-full/);
    await page.fill("[name=username]", "kofi");
    await save.click();
    await page.waitForURL(/person-renamed/);
  });
});

describe("passwords", () => {
  it("are shown on request", async () => {
    await open("login-prefilled");
    const field = page.locator("#field-password");
    assert.equal(await field.getAttribute("type"), "password");
    await page.locator("text=Show password").click();
    assert.equal(await field.getAttribute("type"), "text");
  });

  it("are judged in words while they are typed", async () => {
    await open("first-empty");
    const meter = page.locator("#meter-password");
    for (const [password, word] of [
      ["short", "Too short"],
      ["aaaaaaaaaaaaaaaa", "Easy to guess. Make it longer."],
      ["lampriver", "Easy to guess. Make it longer."],
      ["lamp river x", "Good"],
      ["three words work well", "Strong"],
    ] as const) {
      await page.locator("#field-password").fill(password);
      assert.equal(await meter.textContent(), word);
    }
  });
});

describe("a refused form", () => {
  it("puts the focus on what is wrong", async () => {
    await open("setup-refused");
    assert.equal(await page.evaluate("document.activeElement.id"), "problem");
  });

  it("counts down after too many tries, without reading every second aloud", async () => {
    await open("login-too-many");
    const seconds = page.locator("[data-value=seconds]");
    await until(async () => Number(await seconds.textContent()) < 40);
    assert.equal(await page.locator("#problem").getAttribute("role"), null);
  });
});

describe("after signing out", () => {
  it("nothing of Lab is left in the browser", async () => {
    await open("home-stopped");
    await page.evaluate(
      `new Promise((resolve) => {
        localStorage.setItem("lab", "x");
        sessionStorage.setItem("lab", "x");
        const opening = indexedDB.open("JupyterLab", 1);
        opening.onsuccess = () => (opening.result.close(), resolve());
      })`,
    );
    await open("login-signed-out");
    await until(() =>
      page.evaluate<boolean>(
        "indexedDB.databases().then((all) => all.length === 0 && localStorage.length === 0 && sessionStorage.length === 0)",
      ),
    );
  });

  it("a form is sent once by a double click", async () => {
    for (const [label, place] of [
      ["removePerson-running", "main"],
      ["first-empty", "main"],
      ["home-running", "header"],
    ] as const) {
      await open(label);
      const form = page.locator(`${place} form[method=post]`).last();
      const button = form.locator("button[type=submit]");
      const action = (await form.getAttribute("action")) ?? "";
      const path = new URL(action, origin).pathname;
      const answers: (() => void)[] = [];
      site.handlers.set(path, (request, response) => {
        request.resume();
        const location = SampleSite.path(find("logout-ask"));
        answers.push(() => response.writeHead(302, { location }).end());
      });
      await page.evaluate(
        "for (const field of document.querySelectorAll('main input:not([type=hidden])')) field.value = 'many words here'",
      );
      await button.scrollIntoViewIfNeeded();
      const box = (await button.boundingBox()) ?? assert.fail(label);
      // By the mouse itself: what clicks an element waits for the answer that is held back.
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.dblclick(x, y, { delay: 20 });
      await until(() => answers.length > 0);
      await page.mouse.click(x, y);
      for (const answer of answers) answer();
      await page.waitForURL(/logout-ask/);
      assert.deepEqual(
        site.requests.filter((line) => line === `POST ${path}`),
        [`POST ${path}`],
        label,
      );
    }
  });

  it("a page that the browser kept is loaded again", async () => {
    await open("account-plain");
    const loads = (): number =>
      site.requests.filter((line) => line.endsWith("account-plain")).length;
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
    await until(() => loads() === 2);
  });
});

describe("without script", () => {
  let plain: BrowserContext;
  let plainPage: Page;
  beforeEach(async () => {
    plain = await browser.newContext({ javaScriptEnabled: false });
    plainPage = await plain.newPage();
  });
  afterEach(() => close(plain));

  it("the waiting room looks again every four seconds", async () => {
    await open("waiting-queued", plainPage);
    const loads = (): number =>
      site.requests.filter((line) => line.endsWith("waiting-queued")).length;
    await until(() => loads() >= 2);
  });

  it("a teacher stops a notebook and makes a first password", async () => {
    redirectTo("/hub/stop/maria", "class-stopped-one");
    await open("class-full", plainPage);
    await plainPage.locator("#row-maria button").first().click();
    await plainPage.waitForURL(/class-stopped-one/);

    redirectTo("/hub/admin/people/maria/reset", "firstPasswords-reset");
    await open("class-full", plainPage);
    await plainPage.locator("#row-maria summary").click();
    await plainPage.locator("#row-maria >> text=New first password").click();
    await plainPage.waitForURL(/firstPasswords-reset/);
    assert.ok(await plainPage.locator("text=red-lamp-river-40").first().isVisible());
  });

  it("nothing is shown that needs it", async () => {
    for (const label of ["login-empty", "firstPasswords-added", "class-full", "log-lines"]) {
      await open(label, plainPage);
      assert.equal(await plainPage.locator("[data-script]:visible").count(), 0, label);
    }
  });
});
