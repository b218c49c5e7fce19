import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deviceOf } from "#src/session/device.ts";

describe("the words for a device", () => {
  const table: Record<string, string> = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0":
      "Firefox on Windows",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36":
      "Chrome on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":
      "Edge on Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":
      "Safari on iPhone",
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1":
      "Chrome on iPad",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":
      "Safari on macOS",
    "Mozilla/5.0 (Linux; Android 13; SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":
      "Samsung Internet on Android",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36":
      "Chrome on ChromeOS",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36":
      "Chrome on Linux",
    "curl/8.14.1": "curl",
    "python-requests/2.32": "A Python program",
    "Mozilla/5.0 (Windows NT 10.0)": "A browser on Windows",
    "": "Unknown browser",
  };
  for (const [userAgent, words] of Object.entries(table)) {
    it(`${words} for ${userAgent.slice(0, 40) || "nothing"}`, () => {
      assert.equal(deviceOf(userAgent), words);
    });
  }

  it("has nothing of what a stranger writes there, and is short", () => {
    for (const userAgent of [
      undefined,
      "<script>alert(1)</script>",
      `Chrome/1 ${"x".repeat(1_000_000)}`,
      "\r\nSet-Cookie: x",
    ]) {
      assert.match(deviceOf(userAgent), /^[\w ]{4,40}$/);
    }
  });
});
