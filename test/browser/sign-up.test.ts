/** A student makes an account in one browser, and the teacher sees it at once in another. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { close, launchBrowser } from "#test/support/browser.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import { OWNER, OWNER_PASSWORD, type TestHub, createTestHub } from "#test/support/test-hub.ts";

const PASSWORD = "green paper boats";
let box: TestHub;
let browser: Browser;
let teacher: Page;

before(async () => {
  box = await createTestHub({
    config: { basePath: "/jupyterhub/" },
    overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
  });
  await box.setUp();
  browser = await launchBrowser();
  teacher = await newPage();
  await teacher.goto(url("login"));
  await teacher.fill("#field-username", OWNER);
  await teacher.fill("#field-password", OWNER_PASSWORD);
  await teacher.click("button[type=submit]");
  await teacher.waitForURL(url("admin"));
});
after(async () => {
  await close(browser);
  await box[Symbol.asyncDispose]();
});

function url(path: string): string {
  return `${box.origin}/jupyterhub/hub/${path}`;
}

/** Of a browser of its own. */
async function newPage(): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  return context.newPage();
}

async function join(name: string, code: string): Promise<Page> {
  const page = await newPage();
  await page.goto(url("login"));
  await page.getByRole("link", { name: "New here? Make an account" }).click();
  await page.fill("#field-display_name", name);
  await page.fill("#field-code", code);
  await page.keyboard.press("Enter");
  await page.getByText(`You will sign in as ${name.toLowerCase()}`).waitFor();
  await page.fill("#field-password", PASSWORD);
  await page.fill("#field-password_repeat", PASSWORD);
  await page.getByRole("button", { name: "Make my account" }).dblclick();
  await page.waitForURL(url("home"));
  return page;
}

describe("a class that is joined with a code", () => {
  let code: string;

  it("shows the code big, and its address to copy", async () => {
    await teacher.getByRole("link", { name: "Students who join by themselves" }).click();
    await teacher.getByRole("button", { name: "Make a code" }).click();
    code = (await teacher.locator(".joincode bdi").textContent()) ?? "";
    assert.match(code, /^\w{4}-\w{4}$/);
    assert.equal(await teacher.locator("#address-1").textContent(), url(`signup?code=${code}`));
    assert.ok(await teacher.getByRole("button", { name: "Copy the address" }).isVisible());
  });

  it("shows the teacher who is new without loading the page, and takes an answer", async () => {
    await teacher.goto(url("admin"));
    assert.equal(await teacher.locator("#newcomers").isVisible(), false);
    await join("Nia", code);
    await teacher.getByRole("heading", { name: "New in your class: 1 person" }).waitFor();
    await teacher.locator("#row-nia .mark").waitFor();
    await teacher.evaluate("window.isSamePage = true");
    await teacher.getByRole("button", { name: /Belongs here.*Nia/ }).click();
    await teacher.locator("#newcomers").waitFor({ state: "hidden" });
    await teacher.locator("#row-nia .mark").waitFor({ state: "detached" });
    assert.equal(await teacher.evaluate("window.isSamePage"), true);
  });

  it("asks before somebody is refused, who is then signed out", async () => {
    const student = await join("Pip", code);
    await teacher.getByRole("button", { name: /Refuse.*Pip/ }).click();
    const question = teacher.getByRole("dialog");
    assert.match((await question.textContent()) ?? "", /Refuse Pip\?/);
    await question.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await teacher.locator("#newcomers").isVisible(), true);
    await teacher.getByRole("button", { name: /Refuse.*Pip/ }).click();
    await question.getByRole("button", { name: "Refuse" }).click();
    await teacher.locator("#newcomers").waitFor({ state: "hidden" });
    await teacher.locator("#row-pip").waitFor({ state: "detached" });
    // By itself: to load it anew here would meet that it is just doing so.
    await student.waitForURL(/\/login\?/);
  });

  it("keeps what was typed when the student goes back", async () => {
    const page = await newPage();
    await page.goto(url(`signup?code=${code}`));
    await page.fill("#field-display_name", "Zoë Müller");
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("You will sign in as zoe").waitFor();
    await page.getByRole("button", { name: "Back" }).click();
    assert.equal(await page.inputValue("#field-display_name"), "Zoë Müller");
    assert.equal(await page.inputValue("#field-username"), "");
    assert.equal(await page.inputValue("#field-code"), code);
  });
});
