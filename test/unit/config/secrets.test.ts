import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { loadSecrets } from "#src/config/secrets.ts";
import { HubError } from "#src/errors.ts";
import { isId } from "#src/stores/ids.ts";
import { makeFolder, type Folder } from "#test/support/folder.ts";

describe("the secrets", () => {
  let folder: Folder;
  let warnings: string[];
  const log = { warn: (_: unknown, text?: string) => void warnings.push(text ?? "") };
  const path = () => join(folder.path, "secrets.json");

  beforeEach(async () => {
    folder = await makeFolder();
    warnings = [];
  });

  afterEach(() => folder.remove());

  function refusedWith(words: RegExp) {
    return (error: unknown) => {
      assert.ok(error instanceof HubError && error.code === "data_folder", String(error));
      assert.match(String(error.params["detail"]), words);
      return true;
    };
  }

  it("are made at the first start, for the hub alone, and are the same ever after", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    assert.ok(isId(secrets.instanceId));
    assert.equal(Buffer.from(secrets.instanceKey, "base64url").length, 32);
    assert.equal((await stat(path())).mode & 0o777, 0o600);
    assert.deepEqual(await loadSecrets(folder.path, { log }), secrets);
    assert.deepEqual(await readdir(folder.path), ["secrets.json"]);
    assert.deepEqual(warnings, []);
  });

  it("are made with a data folder that is not there yet", async () => {
    const inner = join(folder.path, "a", "b");
    await loadSecrets(inner, { log });
    assert.equal((await stat(inner)).mode & 0o777, 0o700);
  });

  it("are different on each box", async () => {
    const one = await loadSecrets(join(folder.path, "one"), { log });
    const two = await loadSecrets(join(folder.path, "two"), { log });
    assert.notEqual(one.instanceId, two.instanceId);
    assert.notEqual(one.instanceKey, two.instanceKey);
  });

  it("are the same for all who make them at the same moment", async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => loadSecrets(folder.path, { log })),
    );
    assert.equal(new Set(made.map(({ instanceId }) => instanceId)).size, 1);
    assert.deepEqual(await readdir(folder.path), ["secrets.json"]);
  });

  it("are closed to others again, with a warning", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    await chmod(path(), 0o644);
    assert.deepEqual(await loadSecrets(folder.path, { log }), secrets);
    assert.equal((await stat(path())).mode & 0o777, 0o600);
    assert.equal(warnings.length, 1);
  });

  it("are not made anew beside a database", async () => {
    for (const sign of ["initialised", "db/CURRENT"]) {
      await mkdir(join(folder.path, "db"), { recursive: true });
      await writeFile(join(folder.path, sign), "");
      await assert.rejects(loadSecrets(folder.path, { log }), refusedWith(/missing/));
      await rm(join(folder.path, sign));
    }
    await loadSecrets(folder.path, { log });
  });

  it("are refused when they are damaged, and left as they are", async () => {
    const good = await loadSecrets(folder.path, { log });
    const damaged = [
      "",
      "{",
      "\0".repeat(100),
      "null",
      JSON.stringify({ ...good, instanceId: "../../etc" }),
      JSON.stringify({ ...good, instanceKey: "short" }),
      JSON.stringify({ instanceId: good.instanceId }),
    ];
    for (const text of damaged) {
      await writeFile(path(), text);
      await assert.rejects(loadSecrets(folder.path, { log }), refusedWith(/damaged/), text);
      assert.equal(await readFile(path(), "utf8"), text);
    }
  });

  it("say so when the data folder is none", async () => {
    await writeFile(join(folder.path, "file"), "");
    await assert.rejects(loadSecrets(join(folder.path, "file"), { log }), refusedWith(/./));
  });
});
