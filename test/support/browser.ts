/**
 * Debian's Chromium, without anything that would look for the internet. It finds this machine under the name
 * `box.lan` too: plain HTTP by a name is no secure context, as on the LAN of a school.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

const CLOSING_MS = 10_000;
/** For whatever is waited for: longer than a busy box ever takes. */
const PATIENCE_MS = 90_000;

export async function launchBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    timeout: PATIENCE_MS,
    executablePath: fileURLToPath(new URL("chromium.pl", import.meta.url)),
    args: [
      "--no-sandbox",
      "--host-resolver-rules=MAP box.lan 127.0.0.1",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  browser.on("context", (context) => context.setDefaultTimeout(PATIENCE_MS));
  return browser;
}

/** Does what leads to another page, and waits for that page. */
export async function leadsOn(page: Page, act: () => Promise<unknown>): Promise<void> {
  // The page that is there has to be there first: it is not the one that follows.
  await page.waitForLoadState("domcontentloaded");
  await Promise.all([page.waitForEvent("domcontentloaded"), act()]);
}

/**
 * Chromium was seen never to answer when it was asked while a page loaded anew, and playwright waits for ever. What is
 * still open then ends with the test's process.
 */
export async function close(what: Browser | BrowserContext | undefined): Promise<void> {
  await Promise.race([what?.close(), sleep(CLOSING_MS, undefined, { ref: false })]);
}
