/** A notebook that has a name, in the box's own JupyterLab: what its page says when it is closed under it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { close, launchBrowser } from "#test/support/browser.ts";
import { createDockerRun, type DockerRun } from "#test/support/docker.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { addPerson, createTestHub, signInFirst, type TestHub } from "#test/support/test-hub.ts";

const basePath = "/jupyterhub/";
const hub = `${basePath}hub/`;
const place = "maria/%C3%A9t%C3%A9%202";

describe("the page of a notebook with a name", { timeout: 10 * 60_000 }, () => {
  let run: DockerRun;
  let box: TestHub;
  let browser: Browser;
  let page: Page;

  before(async () => {
    run = await createDockerRun();
    const namedServers = { allow: true, limitPerUser: 2, home: "shared" as const };
    const spawner = { image: await notebookImage(), pool: run.pool, namedServers };
    const overrides = { spawnerLabels: run.labels };
    box = await createTestHub({ config: { basePath, spawner }, secrets: run.secrets, overrides });
    const owner = await box.setUp();
    const person = { displayName: "María López", username: "maria" };
    const password = await addPerson(owner, basePath, person);
    await signInFirst(box.client(), basePath, "maria", password, "my own words");
    browser = await launchBrowser();
    page = await browser.newPage();
  });
  after(async () => {
    await close(browser);
    await box?.[Symbol.asyncDispose]();
    await run?.[Symbol.asyncDispose]();
  });

  async function waitForLab(path: string): Promise<void> {
    await page.waitForURL(`**${basePath}user/${path}/lab**`, { timeout: 120_000 });
    await page.waitForSelector(".homeroom-links", { timeout: 120_000 });
  }

  it("opens the same one again after it was stopped", async () => {
    await page.goto(`${box.origin}${hub}login`);
    await page.fill("[name=username]", "maria");
    await page.fill("[name=password]", "my own words");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**${hub}home`);
    await page.fill("[name=name]", "été 2");
    await page.click("text=Make and open it");
    await waitForLab(place);
    await box.command("DELETE", `users/${place.replace("/", "/servers/")}`, {});
    const notice = page.locator(".homeroom-notice >> text=This notebook was closed");
    await notice.waitFor({ timeout: 120_000 });
    await page.locator(".homeroom-notice a").click();
    await waitForLab(place);
    const first = await box.command("GET", "users/maria");
    assert.match(first.text, /"server":null/, "the first one is not started in its place");
  });

  it("leads to the person's page when they have another name", async () => {
    await box.command("PATCH", "accounts/maria", { name: "m.lopez" });
    const notice = page.locator(".homeroom-notice >> text=no longer at this address");
    await notice.waitFor({ timeout: 120_000 });
    await page.locator(".homeroom-notice a").click();
    await page.waitForURL(`**${hub}home`);
    await page.locator("#named-servers >> text=été 2").waitFor();
  });
});
