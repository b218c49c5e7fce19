import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { configurationPage } from "#src/config/document.ts";
import { settings } from "#src/config/settings.ts";

describe("docs/configuration.md", () => {
  it("is what the schema says (npm run docs writes it anew)", async () => {
    const page = await readFile(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
    assert.equal(page, configurationPage());
  });

  it("names every setting with its variable and flag", () => {
    const page = configurationPage();
    assert.ok(settings.length > 20);
    for (const { path, env, flag } of settings) {
      assert.ok(env !== undefined && flag !== undefined, path.join("."));
      assert.ok(
        page.includes(`### \`${path.join(".")}\`\n\n\`${env}\` · \`--${flag}\` · default `),
      );
    }
  });
});
