/** What a page of somebody else's notebook cannot leave behind in the visitor's browser. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { close, launchBrowser } from "#test/support/browser.ts";
import { passwordOf, SharingWorld } from "#test/support/sharing-world.ts";

describe("a visited notebook in Chromium", { timeout: 10 * 60_000 }, () => {
  let world: SharingWorld;
  let browser: Browser;

  before(async () => {
    world = await SharingWorld.open();
    await world.start("tom");
    const options = { method: "POST", json: { user: "kofi" } };
    const shared = await world.byToken(await world.token("tom"), "hub/api/shares/tom/", options);
    assert.equal(shared.status, 200, shared.text);
    browser = await launchBrowser();
  });
  after(async () => {
    await close(browser);
    await world[Symbol.asyncDispose]();
  });

  it("leaves no service worker, which would be there when the password is given again", async () => {
    const page = await browser.newPage();
    await page.goto(`${world.box.origin}/hub/login?next=/hub/visit/tom`);
    await page.fill("[name=username]", "kofi");
    await page.fill("[name=password]", passwordOf("kofi"));
    await page.keyboard.press("Enter");
    // By the path alone: the sign-in page has the other one in its address.
    await page.waitForURL(({ pathname }) => pathname === "/hub/visit/tom");
    await page.click("main button[type=submit]");
    await page.waitForURL("**/user/tom/**");
    const script = "navigator.serviceWorker.register('/user/tom/worker.js')";
    const said = await page.evaluate<string>(`${script}.then(() => "registered", String)`);
    assert.match(said, /bad HTTP response code \(403\)/);
    assert.ok(!world.seen.some(({ url = "" }) => url.includes("worker.js")));
  });
});
