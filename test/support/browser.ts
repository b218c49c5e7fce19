/**
 * Debian's Chromium, without anything that would look for the internet. It finds this machine under the name
 * `box.lan` too: plain HTTP by a name is no secure context, as on the LAN of a school.
 */
import { type Browser, chromium } from "playwright-core";

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
