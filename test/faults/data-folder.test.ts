/** What the owner of a box reads when something is wrong with the data folder, and that nothing of it is lost. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { makeFolder, type Folder } from "#test/support/folder.ts";
import { runMain } from "#test/support/hub-process.ts";

/** Root may read everything, unless it gives that up. */
const through =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];
const everybody = ["ada", "maria", "wei"];

describe("the data folder", () => {
  let folder: Folder;
  const at = (...names: readonly string[]) => join(folder.path, ...names);

  beforeEach(async () => {
    folder = await makeFolder();
    for (const name of everybody) {
      const added = await command("user", "add", name);
      assert.equal(added.code, 0, added.stderr);
    }
  });

  afterEach(() => folder.remove());

  function command(...args: readonly string[]) {
    return runMain(args, { dataDir: folder.path, through });
  }

  async function names(): Promise<string[]> {
    const { code, stdout, stderr } = await command("user", "list", "--json");
    assert.equal(code, 0, stderr);
    const users = JSON.parse(stdout) as readonly { readonly name: string }[];
    return users.map(({ name }) => name).toSorted();
  }

  async function oneOf(ending: string): Promise<string> {
    const name = (await readdir(at("db"))).find((file) => file.endsWith(ending));
    assert.ok(name !== undefined, ending);
    return name;
  }

  it("that may not be read is left alone, in words that say what to do", async () => {
    const table = await oneOf(".ldb");
    for (const names of [["db", table], ["db", "CURRENT"], ["db", "LOCK"], ["db"], ["exports"]]) {
      const before = await readdir(folder.path);
      await chmod(at(...names), 0);
      for (const _ of ["first", "second"]) {
        const { code, stdout, stderr } = await command("user", "list");
        assert.deepEqual([code, stdout], [1, ""], names.join());
        const words =
          /^homeroom: The data folder \S+ cannot be used: .*permission denied.* has to belong to the user as which Homeroom runs \(1000 in its container\)\.$/im;
        assert.match(stderr, words, names.join());
      }
      assert.deepEqual(await readdir(folder.path), before, names.join());
      await chmod(at(...names), 0o700);
    }
    assert.deepEqual(await names(), everybody);
  });

  it("with a folder in the place of a file of the database is restored, and that is said", async () => {
    const table = await oneOf(".ldb");
    await rm(at("db", table));
    await mkdir(at("db", table));
    const { code, stdout, stderr } = await command("user", "list");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\bmaria\b/);
    const words =
      /^homeroom: The database was damaged \(\S+ is missing\) and was restored .* Nothing was lost\./;
    assert.match(stderr, words);
    assert.deepEqual(await names(), everybody);
  });

  it("without a database is restored, and the reason is no riddle", async () => {
    await rm(at("db"), { recursive: true });
    const { stderr } = await command("user", "list");
    assert.match(stderr, /^homeroom: The database was damaged \(its file CURRENT is missing\) /);
    assert.deepEqual(await names(), everybody);
  });

  it("that takes no exports is warned of in sentences, beside what was asked for", async () => {
    await rm(at("exports"), { recursive: true });
    await writeFile(at("exports"), "");
    const { code, stdout, stderr } = await command("user", "list");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\bmaria\b/);
    assert.match(stderr, /^homeroom: the copy of secrets\.json was not written: EEXIST/m);
    assert.match(stderr, /^homeroom: the database was not exported: EEXIST/m);
    for (const line of stderr.trimEnd().split("\n")) {
      assert.match(line, /^homeroom: [^{]+$/);
    }
  });
});
