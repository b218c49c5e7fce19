/** JupyterLab's own extension for JupyterHub, as stock images have it: what it offers when the notebook was stopped. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { close, launchBrowser } from "#test/support/browser.ts";
import { createDockerRun, type DockerRun, docker } from "#test/support/docker.ts";
import { HttpClient } from "#test/support/http-client.ts";
import { buildOtherImage } from "#test/support/other-images.ts";
import { buildSingleuser } from "#test/support/singleuser-image.ts";
import { singleuserProfile } from "#test/support/singleuser-world.ts";
import { addPerson, createTestHub, signInFirst, type TestHub } from "#test/support/test-hub.ts";

const basePath = "/jupyterhub/";
const LAB = `**${basePath}user/maria/lab**`;

describe("JupyterLab as JupyterHub knows it", { timeout: 10 * 60_000 }, () => {
  let run: DockerRun;
  let box: TestHub;
  let browser: Browser;
  let page: Page;

  before(async () => {
    run = await createDockerRun();
    // By a name that says which build it is, so that a newer one is not taken for it.
    const singleuser = await buildSingleuser();
    const id = await docker("image", "inspect", "--format", "{{.Id}}", singleuser);
    const base = `${singleuser}:${id.slice(7, 19)}`;
    await docker("tag", singleuser, base);
    const image = await buildOtherImage("hub-extension", ["--build-arg", `BASE=${base}`]);
    const profiles = { default: singleuserProfile(image) };
    const config = { basePath, spawner: { pool: run.pool, profiles } };
    box = await createTestHub({ config, secrets: run.secrets });
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

  it("opens by way of the hub", async () => {
    await page.goto(`${box.origin}${basePath}hub/login?next=${basePath}hub/spawn`);
    await page.fill("[name=username]", "maria");
    await page.fill("[name=password]", "my own words");
    await page.keyboard.press("Enter");
    await page.waitForURL(LAB, { timeout: 120_000 });
    await page.waitForSelector("#jp-main-dock-panel");
  });

  it("says that the notebook was stopped, and starts it again", async () => {
    const socketPath = join(box.dataDir, "control.sock");
    const console_ = new HttpClient("http://localhost", { socketPath });
    const server = `${basePath}hub/api/users/maria/server`;
    const { status } = await console_.ask(server, { method: "DELETE" });
    // It has stopped, or takes its time.
    assert.ok(status === 204 || status === 202, String(status));
    const dialog = page.locator(".jp-Dialog");
    await dialog.waitFor({ timeout: 120_000 });
    assert.match(
      await dialog.innerText(),
      /Your server at \/jupyterhub\/user\/maria\/ is not running/,
    );
    const opened = page.context().waitForEvent("page");
    await dialog.locator("button.jp-mod-accept").click();
    const again = await opened;
    await again.waitForURL(LAB, { timeout: 120_000 });
    await again.waitForSelector("#jp-main-dock-panel");
  });
});
