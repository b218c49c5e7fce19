import assert from "node:assert/strict";
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
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
  const copy = () => join(folder.path, "exports", "secrets.json");

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
    assert.deepEqual(await readdir(folder.path), ["exports", "secrets.json"]);
    assert.deepEqual(warnings, []);
  });

  it("are made with a data folder that is not there yet", async () => {
    const inner = join(folder.path, "a", "b");
    await loadSecrets(inner, { log });
    assert.equal((await stat(inner)).mode & 0o777, 0o700);
  });

  it("may have tokens that services brought along, which are said to be wrong by name alone", async () => {
    const made = await loadSecrets(folder.path, { log });
    const write = (serviceTokens: Record<string, string>) =>
      writeFile(path(), JSON.stringify({ ...made, serviceTokens }), { mode: 0o600 });
    const token = "a".repeat(32);
    await write({ culler: token });
    assert.deepEqual(await loadSecrets(folder.path, { log }), {
      ...made,
      serviceTokens: { culler: token },
    });
    const before = await readFile(copy(), "utf8");
    for (const wrong of [
      "",
      "short-secret",
      `${token} `,
      `${token}\n`,
      "ä".repeat(40),
      token.repeat(7),
    ]) {
      await write({ culler: wrong });
      await assert.rejects(loadSecrets(folder.path, { log }), (error) => {
        assert.ok(!JSON.stringify(error).includes("short-secret"));
        return refusedWith(/token of the service “culler” must have 32 to 200/)(error);
      });
    }
    await write({ culler: token, grader: token });
    await assert.rejects(
      loadSecrets(folder.path, { log }),
      refusedWith(/“culler” and “grader” have the same token/),
    );
    assert.equal(await readFile(copy(), "utf8"), before);
    assert.deepEqual(warnings, []);
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
    assert.deepEqual(await readdir(folder.path), ["exports", "secrets.json"]);
  });

  it("are closed to others again, with a warning", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    await chmod(path(), 0o644);
    assert.deepEqual(await loadSecrets(folder.path, { log }), secrets);
    assert.equal((await stat(path())).mode & 0o777, 0o600);
    assert.equal(warnings.length, 1);
  });

  it("are not made anew beside a database", async () => {
    const anExport = "exports/000000000000001-20260101T000000Z.jsonl.gz";
    for (const sign of ["initialised", "db/CURRENT", anExport]) {
      await mkdir(join(folder.path, "db"), { recursive: true });
      await mkdir(join(folder.path, "exports"), { recursive: true });
      await writeFile(join(folder.path, sign), "");
      await assert.rejects(loadSecrets(folder.path, { log }), refusedWith(/missing/));
      await rm(join(folder.path, sign));
    }
    await loadSecrets(folder.path, { log });
  });

  it("have a copy beside the exports, for the hub alone, that is kept up to date", async () => {
    await loadSecrets(folder.path, { log });
    const text = await readFile(path(), "utf8");
    for (const damage of [() => rm(copy()), () => writeFile(copy(), "{"), () => undefined]) {
      await damage();
      await loadSecrets(folder.path, { log });
      assert.equal(await readFile(copy(), "utf8"), text);
      assert.equal((await stat(copy())).mode & 0o777, 0o600);
    }
    assert.deepEqual(await readdir(join(folder.path, "exports")), ["secrets.json"]);
    assert.deepEqual(warnings, []);
  });

  it("come back from the copy when they are missing or damaged, and that is said", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    await mkdir(join(folder.path, "db"));
    await writeFile(join(folder.path, "db/CURRENT"), "");
    for (const text of [undefined, "", "{", "\0".repeat(100)]) {
      warnings = [];
      await (text === undefined ? rm(path()) : writeFile(path(), text));
      assert.deepEqual(await loadSecrets(folder.path, { log }), secrets, text);
      assert.match(warnings.join(), /put back/);
      assert.equal((await stat(path())).mode & 0o777, 0o600);
    }
  });

  it("come back once for all who find them missing or damaged at the same moment", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    for (const text of [undefined, "{"]) {
      await (text === undefined ? rm(path()) : writeFile(path(), text));
      const loads = Array.from({ length: 20 }, () => loadSecrets(folder.path, { log }));
      assert.deepEqual(await Promise.all(loads), Array(20).fill(secrets), text);
      assert.deepEqual(await loadSecrets(folder.path, { log }), secrets);
    }
    const left = await readdir(folder.path);
    assert.deepEqual(left, ["exports", "secrets.json", "secrets.json.damaged"]);
    assert.equal(await readFile(`${path()}.damaged`, "utf8"), "{");
  });

  it("of another box are refused beside the copy of this one's, and the copy stays", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    const kept = await readFile(copy(), "utf8");
    await using other = await makeFolder();
    const { instanceId } = await loadSecrets(other.path, { log });
    await cp(join(other.path, "secrets.json"), path());
    for (const _ of ["first", "second"]) {
      await assert.rejects(loadSecrets(folder.path, { log }), (error: unknown) => {
        refusedWith(/are of two boxes, .*docker volume ls/)(error);
        assert.ok(error instanceof HubError);
        const detail = String(error.params["detail"]);
        assert.ok(detail.includes(instanceId) && detail.includes(secrets.instanceId), detail);
        return true;
      });
      assert.equal(await readFile(copy(), "utf8"), kept);
    }
    await rm(path());
    assert.deepEqual(await loadSecrets(folder.path, { log }), secrets);
    await cp(join(other.path, "secrets.json"), path());
    await rm(copy());
    assert.equal((await loadSecrets(folder.path, { log })).instanceId, instanceId);
  });

  it("with another key than the copy are refused: either may be the damaged one", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    const kept = await readFile(copy(), "utf8");
    const first = secrets.instanceKey.startsWith("A") ? "B" : "A";
    const instanceKey = first + secrets.instanceKey.slice(1);
    await writeFile(path(), JSON.stringify({ ...secrets, instanceKey }));
    await assert.rejects(loadSecrets(folder.path, { log }), (error: unknown) => {
      assert.ok(!JSON.stringify(error).includes(instanceKey));
      return refusedWith(/have different keys/)(error);
    });
    assert.equal(await readFile(copy(), "utf8"), kept);
    await rm(copy());
    assert.equal((await loadSecrets(folder.path, { log })).instanceKey, instanceKey);
  });

  it("are not in the way of a start when the copy cannot be written", async () => {
    await writeFile(join(folder.path, "exports"), "a file");
    await loadSecrets(folder.path, { log });
    await loadSecrets(folder.path, { log });
    assert.match(warnings.join(), /copy/);
  });

  it("are the same when the data folder moves to another machine", async () => {
    const secrets = await loadSecrets(folder.path, { log });
    await using other = await makeFolder();
    await cp(folder.path, join(other.path, "data"), { recursive: true });
    assert.deepEqual(await loadSecrets(join(other.path, "data"), { log }), secrets);
  });

  it("are refused when they are damaged and there is no copy, and left as they are", async () => {
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
      for (const copied of [undefined, text]) {
        await (copied === undefined ? rm(copy(), { force: true }) : writeFile(copy(), copied));
        await assert.rejects(loadSecrets(folder.path, { log }), refusedWith(/damaged/), text);
        assert.equal(await readFile(path(), "utf8"), text);
      }
    }
  });

  it("say so when the data folder is none", async () => {
    await writeFile(join(folder.path, "file"), "");
    await assert.rejects(loadSecrets(join(folder.path, "file"), { log }), refusedWith(/./));
  });
});
