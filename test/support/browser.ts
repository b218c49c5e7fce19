/**
 * Debian's Chromium, without anything that would look for the internet. It finds this machine under the name
 * `box.lan` too: plain HTTP by a name is no secure context, as on the LAN of a school.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, type BrowserContext, chromium } from "playwright-core";

const CLOSING_MS = 10_000;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
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
}

/**
 * Chromium was seen never to answer when it was asked while a page loaded anew, and playwright waits for ever. What is
 * still open then ends with the test's process.
 */
export async function close(what: Browser | BrowserContext | undefined): Promise<void> {
  await Promise.race([what?.close(), sleep(CLOSING_MS, undefined, { ref: false })]);
}
