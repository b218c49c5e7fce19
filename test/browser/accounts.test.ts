/** The life of accounts, as a class lives it: `./homeroom up`, several browsers, the pages and the commands. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Appliance, startAppliance } from "#test/support/appliance.ts";
import { close, launchBrowser, leadsOn } from "#test/support/browser.ts";
import { NotebookPage } from "#test/support/notebook-page.ts";

const SHOTS = "test-results/accounts";
const OWNER_PASSWORD = "green tea at four";
const MARIA_PASSWORD = "blue birds sing";

describe("the life of accounts in the browser", { timeout: 20 * 60_000 }, () => {
  let box: Appliance;
  let browser: Browser;
  let teacher: Page;
  let atMaria: BrowserContext;
  let maria: Page;
  let code: string;
  let count = 0;
  const address = (path: string): string => `${box.origin}/${path}`;

  async function shot(page: Page, what: string): Promise<void> {
    count += 1;
    const path = `${SHOTS}/${String(count).padStart(2, "0")}-${what}.png`;
    // For people to look at: the story goes on without it.
    await page.screenshot({ path, fullPage: true, timeout: 30_000 }).catch(String);
  }

  before(async () => {
    await mkdir(SHOTS, { recursive: true });
    browser = await launchBrowser();
    box = await startAppliance();
    const setupCode = (await box.command(["setup-code"])).trim();
    const context = await browser.newContext();
    teacher = await context.newPage();
    await teacher.goto(address("hub/setup"));
    await teacher.fill("[name=code]", setupCode);
    await teacher.fill("[name=display_name]", "Ada Lovelace");
    await teacher.fill("[name=username]", "ada");
    await teacher.fill("[name=password]", OWNER_PASSWORD);
    await teacher.fill("[name=password_repeat]", OWNER_PASSWORD);
    await submit(teacher);
    await teacher.waitForURL(address("hub/admin"));
  });
  after(async () => {
    await close(browser);
    await box?.[Symbol.asyncDispose]();
  });

  it("takes nobody in until the teacher opens the class", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(address("hub/login"));
    assert.equal(await page.locator("a[href*='signup']").count(), 0);
    assert.equal((await page.goto(address("hub/signup")))?.status(), 403);
    await shot(page, "sign-up-closed");
    await close(context);
  });

  it("gives the class a join code", async () => {
    await teacher.goto(address("hub/admin/people"));
    await teacher.click("a[href$='admin/sign-up']");
    await teacher.selectOption("select[name=time]", "lesson");
    await teacher.fill("[name=places]", "3");
    await teacher.click("form:has([value=code]) button[type=submit]");
    code = ((await teacher.textContent(".joincode bdi")) ?? "").trim();
    assert.match(code, /^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    await shot(teacher, "join-code");
  });

  it("lets María make her account in two steps, and shows her to the teacher at once", async () => {
    await teacher.goto(address("hub/admin"));
    atMaria = await browser.newContext();
    maria = await atMaria.newPage();
    await maria.goto(address(`hub/signup?code=${code.toLowerCase()}`));
    await maria.fill("[name=display_name]", "María López");
    await shot(maria, "sign-up-names");
    await submit(maria);
    assert.match((await maria.textContent("main")) ?? "", /\bmaria\b/);
    assert.equal(await listed("maria"), false, "an account was made before the second step");
    await maria.fill("[name=password]", MARIA_PASSWORD);
    await maria.fill("[name=password_repeat]", MARIA_PASSWORD);
    await shot(maria, "sign-up-password");
    await submit(maria);
    await maria.waitForURL(address("hub/home"));
    // Without loading the page again.
    await teacher.locator("#newcomers >> text=María López").waitFor();
    await shot(teacher, "newcomer");
    await teacher.click("#newcomers button[formaction$='maria/accept']");
    await teacher.locator("#newcomers >> text=María López").waitFor({ state: "detached" });
  });

  it("lets the teacher refuse somebody, who is out at once", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(address(`hub/signup?code=${code}`));
    await page.fill("[name=display_name]", "Somebody Else");
    await page.fill("[name=username]", "stranger");
    await submit(page);
    await page.fill("[name=password]", "seven red kites");
    await page.fill("[name=password_repeat]", "seven red kites");
    await submit(page);
    await page.waitForURL(address("hub/home"));
    await teacher.click("#newcomers button[formaction$='stranger/refuse']");
    await confirm(teacher);
    await teacher.locator("#newcomers >> text=Somebody Else").waitFor({ state: "detached" });
    await isLedToSignIn(page);
    await close(context);
  });

  it("tells María of another browser that signed in as her, and signs that out", async () => {
    const context = await browser.newContext({
      userAgent: "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0",
    });
    const other = await context.newPage();
    await signIn(other, "María", MARIA_PASSWORD);
    await other.waitForURL(address("hub/home"));
    await maria.goto(address("hub/home"));
    assert.match((await maria.textContent("section.others")) ?? "", /Firefox on Windows/);
    await shot(maria, "other-device");
    await maria.goto(address("hub/account"));
    await shot(maria, "devices");
    await maria.goto(address("hub/home"));
    await leadsOn(maria, () => maria.click("section.others form[action*='/end'] button"));
    assert.equal(await maria.locator("section.others").count(), 0);
    await isLedToSignIn(other);
    await close(context);
  });

  it("keeps her files and her notebook when she is renamed", async () => {
    await maria.goto(address("hub/home"));
    await maria.click("#start");
    const notebook = new NotebookPage(maria);
    await notebook.waitForLab();
    await notebook.newNotebook();
    await notebook.run("print(6 * 7)");
    await notebook.expectOutput("42");
    await notebook.save();
    const containers = await box.notebooks();
    await teacher.goto(address("hub/admin/people/maria"));
    await shot(teacher, "person");
    await teacher.fill("[name=username]", "m.lopez");
    await teacher.click("form[action$='/rename'] button[type=submit]");
    await confirm(teacher);
    await teacher.waitForURL(/people\/m\.lopez/);
    await shot(teacher, "renamed");
    await maria.goto(address("hub/home"));
    const answer = await maria.goto(address("user/maria/lab"));
    assert.equal(answer?.status(), 404);
    await maria.goto(address("hub/spawn?next=/user/m.lopez/lab/tree/Untitled.ipynb"));
    await notebook.waitForNotebook();
    await notebook.expectOutput("42");
    assert.equal(new URL(maria.url()).pathname.startsWith("/user/m.lopez/"), true, maria.url());
    assert.equal((await box.notebooks()).length, containers.length);
  });

  it("locks and unlocks her", async () => {
    await teacher.goto(address("hub/admin/people/m.lopez"));
    await teacher.click("form[action$='/disable'] button[type=submit]");
    await confirm(teacher);
    await teacher.locator("form[action$='/enable']").waitFor();
    await shot(teacher, "locked");
    await maria.goto(address("hub/home"));
    await maria.waitForURL(/hub\/login/);
    await signIn(maria, "m.lopez", MARIA_PASSWORD);
    await shot(maria, "sign-in-locked");
    assert.match((await maria.textContent("#problem")) ?? "", /locked/i);
    for (const started = Date.now(); (await box.notebooks()).length > 0;) {
      assert.ok(Date.now() - started < 180_000, "the notebook of a locked person runs on");
      await teacher.waitForTimeout(500);
    }
    await teacher.click("form[action$='/enable'] button[type=submit]");
    await teacher.locator("form[action$='/disable']").waitFor();
    await signIn(maria, "m.lopez", MARIA_PASSWORD);
    await maria.waitForURL(address("hub/home"));
  });

  it("puts her into the trash, gives her name to another, and brings her back under a new one", async () => {
    await teacher.goto(address("hub/admin/people/m.lopez"));
    await teacher.click("a[href$='/remove']");
    await shot(teacher, "remove");
    await submit(teacher);
    await isLedToSignIn(maria);
    const password = await box.command(["user", "add", "M.Lopez", "--display", "Miguel López"]);
    assert.match(password, /\S+\n/);
    await teacher.goto(address("hub/admin/trash"));
    await shot(teacher, "trash");
    await teacher.locator("tr", { hasText: "María López" }).locator("a[href$='/restore']").click();
    await shot(teacher, "restore");
    await teacher.fill("[name=username]", "maria.lopez");
    await submit(teacher);
    assert.equal(await listed("maria.lopez"), true);
    await signIn(maria, "maria.lopez", MARIA_PASSWORD);
    await maria.waitForURL(address("hub/home"));
    await maria.goto(address("hub/spawn?next=/user/maria.lopez/lab/tree/Untitled.ipynb"));
    const notebook = new NotebookPage(maria);
    await notebook.waitForNotebook();
    await notebook.expectOutput("42");
  });

  it("erases what is in the trash when the name is typed, and not before", async () => {
    await box.command(["user", "remove", "maria.lopez"]);
    await teacher.goto(address("hub/admin/trash"));
    await teacher.locator("tr", { hasText: "María López" }).locator("a[href$='/erase']").click();
    await teacher.fill("[name=confirm]", "maria");
    await submit(teacher);
    await shot(teacher, "erase-refused");
    assert.equal(await teacher.locator("[name=confirm]").count(), 1);
    await teacher.fill("[name=confirm]", "maria.lopez");
    await submit(teacher);
    await shot(teacher, "erased");
    for (const started = Date.now(); ;) {
      await teacher.goto(address("hub/admin/trash"));
      if (!((await teacher.textContent("main")) ?? "").includes("María")) break;
      assert.ok(Date.now() - started < 180_000, "erasing does not end");
      await teacher.waitForTimeout(500);
    }
    const audit = await box.command(["audit", "--csv"]);
    assert.doesNotMatch(audit, /maria|m\.lopez,.*user\.joined/i);
    assert.match(audit, /user\.erased/);
  });

  it("lets an owner give roles, and keeps the last owner", async () => {
    await teacher.goto(address("hub/admin/people/m.lopez"));
    await teacher.selectOption("[name=role]", "teacher");
    await leadsOn(teacher, () => teacher.click("form[action$='/role'] button[type=submit]"));
    assert.match(await box.command(["user", "show", "m.lopez"]), /teacher/);
    await assert.rejects(box.command(["user", "role", "ada", "student"]), /only owner/);
    await teacher.goto(address("hub/admin/people/ada"));
    await teacher.selectOption("[name=role]", "student");
    await teacher.click("form[action$='/role'] button[type=submit]");
    await shot(teacher, "last-owner");
    assert.match((await teacher.textContent("#refused")) ?? "", /only owner/);
  });

  it("is well, and says so on the pages and the command line", async () => {
    await teacher.goto(address("hub/home"));
    await shot(teacher, "home-of-owner");
    await teacher.goto(address("hub/admin/health"));
    await shot(teacher, "health");
    let doctor = await box.command(["doctor"]);
    // On a busy box a look may come to no end; what was seen last is good for ten seconds.
    for (let tries = 0; doctor.includes("did not end within") && tries < 10; tries += 1) {
      await teacher.waitForTimeout(11_000);
      doctor = await box.command(["doctor"]);
    }
    assert.doesNotMatch(doctor, /^bad/m);
    assert.match(doctor, /^ok\s+.*database/im);
  });

  it("comes back from a damaged database with everybody, and tells the owner", async () => {
    await box.compose("stop", "hub");
    const inHub = "run --rm --no-deps -T --user 1000 --entrypoint sh hub -c".split(" ");
    await box.compose(...inHub, "for file in /data/db/*.log; do truncate -s 40 $file; done");
    await box.up();
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, "ada", OWNER_PASSWORD);
    await page.goto(address("hub/home"));
    await shot(page, "home-restored");
    assert.match((await page.textContent("main")) ?? "", /was restored .*Nothing was lost/);
    assert.match(await box.command(["user", "list"]), /m\.lopez/);
    await page.goto(address("hub/admin/health"));
    await shot(page, "health-restored");
    await leadsOn(page, () => page.click("form:has(h2#restored-title) button[type=submit]"));
    await page.goto(address("hub/home"));
    assert.doesNotMatch((await page.textContent("main")) ?? "", /restored/i);
    await close(context);
  });

  it("lets an owner who forgot the password back in, with the hub up and down", async () => {
    await box.compose("stop", "hub");
    await box.command(["reset-owner"]);
    await box.up();
    const firstPassword = (await box.command(["reset-owner"])).trim();
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, "ada", firstPassword);
    await page.waitForURL(/hub\/first/);
    await close(context);
  });

  async function listed(name: string): Promise<boolean> {
    const list = JSON.parse(await box.command(["user", "list", "--json"])) as { name: string }[];
    return list.some((user) => user.name === name);
  }

  async function signIn(page: Page, name: string, password: string): Promise<void> {
    await page.goto(address("hub/login"));
    await page.fill("[name=username]", name);
    await page.fill("[name=password]", password);
    await submit(page);
  }
});

/** The chief button of the page's form, and the page that follows. */
async function submit(page: Page): Promise<void> {
  await leadsOn(page, () => page.locator("main form button[type=submit]").first().click());
}

/** Her own page leads there once her session has ended. To open another meanwhile would get in its way. */
async function isLedToSignIn(page: Page): Promise<void> {
  await page.waitForURL(/hub\/login/);
}

async function confirm(page: Page): Promise<void> {
  await page.locator("dialog[open] button[value=yes]").click();
}
