/** The story of a lesson, as its people live it: `./homeroom up`, Chromium, JupyterLab, a real cell. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Appliance, startAppliance } from "#test/support/appliance.ts";
import { close, launchBrowser } from "#test/support/browser.ts";
import { NotebookPage } from "#test/support/notebook-page.ts";

const SHOTS = "test-results/lesson";
const OWNER_PASSWORD = "green tea at four";
const MARIA_PASSWORD = "blue birds sing";

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`a lesson in the browser at ${basePath}`, { timeout: 20 * 60_000 }, () => {
    let box: Appliance;
    let browser: Browser;
    let atTeacher: BrowserContext;
    let atMaria: BrowserContext;
    let teacher: Page;
    let maria: Page;
    let notebook: NotebookPage;
    let setupCode: string;
    let firstPassword: string;
    const name = basePath === "/" ? "root" : "path";
    const address = (path: string): string => box.origin + basePath + path;
    const shot = (page: Page, what: string): Promise<unknown> =>
      // For people to look at: the story goes on without it.
      page.screenshot({ path: `${SHOTS}/${name}-${what}.png`, timeout: 30_000 }).catch(String);

    before(async () => {
      await mkdir(SHOTS, { recursive: true });
      browser = await launchBrowser();
      box = await startAppliance({ basePath });
    });
    after(async () => {
      await close(browser);
      await box?.[Symbol.asyncDispose]();
    });

    let count = 0;
    afterEach(async () => {
      count += 1;
      if (maria !== undefined) await shot(maria, `after-${String(count).padStart(2, "0")}`);
    });

    it("prints address and set-up code", () => {
      assert.ok(box.output().includes(new URL(box.origin).port), box.output());
      const code = /set-up code: (\S+)/.exec(box.output())?.[1];
      assert.ok(code, box.output());
      setupCode = code;
    });

    it("makes the owner's account", async () => {
      atTeacher = await browser.newContext();
      teacher = await atTeacher.newPage();
      await teacher.goto(box.origin + basePath);
      await shot(teacher, "setup");
      await teacher.fill("[name=code]", setupCode.toLowerCase());
      await teacher.fill("[name=display_name]", "Ada Lovelace");
      await teacher.fill("[name=username]", "ada");
      await teacher.fill("[name=password]", OWNER_PASSWORD);
      await teacher.fill("[name=password_repeat]", OWNER_PASSWORD);
      await teacher.click("button[type=submit]");
      await teacher.waitForURL(address("hub/admin"));
      await shot(teacher, "class-empty");
    });

    it("adds María and Jose and shows their first passwords", async () => {
      for (const [displayName, username] of [
        ["María López", "maria"],
        ["Jose", "jose"],
      ] as const) {
        await teacher.goto(address("hub/admin/people/add"));
        await teacher.fill("[name=display_name]", displayName);
        await teacher.fill("[name=username]", username);
        await teacher.click("form[action$='people/add'] button[type=submit] >> nth=0");
        await teacher.waitForURL(/people\/passwords\//);
        const shown = await shownPassword(teacher);
        if (username === "maria") firstPassword = shown;
      }
      await shot(teacher, "first-password");
    });

    it("lets María sign in and choose her own password", async () => {
      atMaria = await browser.newContext();
      maria = await atMaria.newPage();
      await signIn(maria, address("hub/login"), "Maria ", firstPassword);
      await maria.waitForURL(/hub\/first/);
      await shot(maria, "first-sign-in");
      await chooseOwnPassword(maria, MARIA_PASSWORD);
      await maria.waitForURL(address("hub/home"));
      await shot(maria, "home");
    });

    it("opens her notebook through the waiting room", async () => {
      await maria.click("#start");
      await maria.waitForURL(/spawn-pending\/maria|user\/maria\/lab/);
      await shot(maria, "waiting");
      notebook = new NotebookPage(maria);
      await notebook.waitForLab();
      assert.equal(new URL(maria.url()).pathname, `${basePath}user/maria/lab`);
    });

    it("runs a big number and a plot, and saves them", async () => {
      await notebook.newNotebook();
      await notebook.run("x = 2**100; x");
      await notebook.expectOutput("1267650600228229401496703205376");
      await notebook.run("import matplotlib.pyplot as plt; plt.plot([1, 4, 9]); plt.show()");
      await notebook.expectImage();
      await notebook.save();
      await shot(maria, "lab");
      const page = await maria.textContent("nav.homeroom-links");
      assert.match(page ?? "", /María López/);
    });

    it("signs her out from Lab", async () => {
      await maria.click("nav.homeroom-links >> text=Sign out");
      await maria.waitForURL(/hub\/logout/);
      await shot(maria, "logout");
      await maria.click("main button[type=submit]");
      await maria.waitForURL(/hub\/login/);
      await maria.goto(address("user/maria/lab"));
      await maria.waitForURL(/hub\/login\?next=/);
    });

    it("ends her old tab when the teacher resets her password, and nothing else", async () => {
      await signIn(
        maria,
        address(
          `hub/login?next=${encodeURIComponent(`${basePath}user/maria/lab/tree/Untitled.ipynb`)}`,
        ),
        "maria",
        MARIA_PASSWORD,
      );
      await notebook.waitForNotebook();
      const containers = await box.notebooks();
      const closed = (await notebook.kernelSocket()).waitForEvent("close");
      await teacher.goto(address("hub/admin"));
      await shot(teacher, "class");
      await pressRowAction(teacher, "maria", "/maria/reset");
      await teacher.waitForURL(/people\/passwords\//);
      firstPassword = await shownPassword(teacher);
      await closed;
      // Of a busy box it may have said first that it does not answer.
      await maria.locator(".homeroom-notice >> text=no longer signed in").waitFor();
      await shot(maria, "signed-out-in-lab");
      assert.deepEqual(await box.notebooks(), containers);
    });

    it("lets her back in with the new first password: notebook and variables are there", async () => {
      const next = encodeURIComponent(`${basePath}user/maria/lab/tree/Untitled.ipynb`);
      await signIn(maria, address(`hub/login?next=${next}`), "maria", firstPassword);
      await maria.waitForURL(/hub\/first/);
      await chooseOwnPassword(maria, "red boats at sea");
      await notebook.waitForNotebook();
      await notebook.expectOutput("1267650600228229401496703205376");
      await notebook.run("print('still', x % 97)");
      await notebook.expectOutput(`still ${2n ** 100n % 97n}`);
      await notebook.save();
    });

    it("keeps her cell running while the hub is killed and restarted", async () => {
      const nap = "import time; print('it', 'began'); time.sleep(12); print('slept', 'through')";
      await notebook.run(nap);
      await notebook.expectOutput("it began");
      const containers = await box.notebooks();
      await box.compose("kill", "-s", "SIGKILL", "hub");
      await box.compose("up", "--detach", "--no-build", "hub");
      await box.compose("restart", "hub");
      await notebook.expectOutput("slept through", 180_000);
      assert.deepEqual(await box.notebooks(), containers);
    });

    it("tells her tab when the teacher stops the notebook, and opens it again at the same file", async () => {
      await notebook.save();
      await teacher.goto(address("hub/admin"));
      await pressRowAction(teacher, "maria", "/stop/maria");
      await maria.locator(".homeroom-notice >> text=This notebook was closed").waitFor();
      await shot(maria, "stopped-in-lab");
      await maria.goto(address("user/maria/lab/tree/Untitled.ipynb"));
      await shot(maria, "asleep");
      assert.match((await maria.textContent("h1")) ?? "", /asleep/);
      await maria.click("main a.primary");
      await notebook.waitForNotebook();
      await notebook.expectOutput("1267650600228229401496703205376");
    });

    it("keeps accounts, files and settings over down and up", async () => {
      await box.down();
      assert.deepEqual(await box.notebooks().catch(() => []), []);
      await box.up();
      assert.doesNotMatch(box.output(), /set-up code:/);
      const again = await browser.newContext();
      const page = await again.newPage();
      const next = encodeURIComponent(`${basePath}user/maria/lab/tree/Untitled.ipynb`);
      await signIn(page, address(`hub/login?next=${next}`), "maria", "red boats at sea");
      await page.click("main a.primary").catch(() => undefined);
      const reopened = new NotebookPage(page);
      await reopened.waitForNotebook();
      await reopened.expectOutput("1267650600228229401496703205376");
      await close(again);
    });
  });
}

async function signIn(page: Page, url: string, name: string, password: string): Promise<void> {
  await page.goto(url);
  await page.fill("[name=username]", name);
  await page.fill("[name=password]", password);
  await page.click("main form button[type=submit]");
}

/** Off the copy field of the first-password page: name, user name and password between tabs. */
async function shownPassword(page: Page): Promise<string> {
  const password = (await page.inputValue("#as-text")).trim().split("\t").at(-1);
  assert.ok(password);
  return password;
}

async function chooseOwnPassword(page: Page, password: string): Promise<void> {
  await page.fill("[name=password]", password);
  await page.fill("[name=password_repeat]", password);
  await page.click("main form button[type=submit]");
}

/** Behind the row's menu for some; the page asks before it acts. */
async function pressRowAction(page: Page, user: string, path: string): Promise<void> {
  const row = page.locator(`#row-${user}`);
  const button = row.locator(`button[formaction$='${path}']`);
  if (!(await button.isVisible())) await row.locator("summary").click();
  await button.click();
  await page.locator("dialog[open] button.primary, dialog[open] button[value=yes]").first().click();
}
