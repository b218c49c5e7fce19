/** `./homeroom import` as people run it: a hub in its container, files that only root may read, a Docker volume. */
import assert from "node:assert/strict";
import { mkdir, writeFile, chmod, symlink } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Appliance, startAppliance } from "#test/support/appliance.ts";
import { docker } from "#test/support/docker.ts";
import { HttpClient } from "#test/support/http-client.ts";
import { type JupyterHubFiles, makeJupyterHubFiles } from "#test/support/jupyterhub-files.ts";
import { signIn } from "#test/support/test-hub.ts";

const BASE = "/jupyterhub/";

describe("./homeroom import jupyterhub, on a box", { timeout: 600_000 }, () => {
  let box: Appliance;
  let files: JupyterHubFiles;
  const volumes: string[] = [];

  before(async () => {
    files = await makeJupyterHubFiles({
      users: [{ name: "ada", admin: true }, { name: "sam", groups: ["7B"] }, { name: "kim.lee" }],
      groups: ["7B"],
      firstuse: { ada: "ada likes tea", sam: "sam likes tea" },
    });
    box = await startAppliance({ basePath: BASE });
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    for (const volume of volumes) await docker("volume", "rm", "--force", volume);
    await files?.[Symbol.asyncDispose]();
  });

  function importHub(...args: readonly string[]): Promise<string> {
    const from = ["--database", join(files.folder, "jupyterhub.sqlite")];
    const passwords = ["--passwords", join(files.folder, "passwords.dbm")];
    return box.command(["import", "jupyterhub", ...from, ...passwords, ...args]);
  }

  /** What the notebook of somebody has in its home, by a container of its image. */
  async function homesHave(path: string): Promise<readonly string[]> {
    const text = await box.compose(
      "exec",
      "-T",
      "--user",
      "1000",
      "hub",
      "cat",
      "/data/secrets.json",
    );
    const { instanceId } = JSON.parse(text) as { instanceId: string };
    const filters = [`label=homeroom.instance=${instanceId}`, "label=homeroom.kind=home"];
    const names = await docker(
      "volume",
      "ls",
      "--quiet",
      ...filters.flatMap((f) => ["--filter", f]),
    );
    const found = names.split("\n").map((name) => {
      const mount = ["--volume", `${name}:/home/jovyan:ro`, "--network", "none"];
      const script = `cd && [ ! -e "$1" ] || stat -c '%u %a' "$1" && cat "$1" 2>/dev/null || true`;
      const image = `${box.project}-notebook`;
      return docker("run", "--rm", ...mount, "--entrypoint", "sh", image, "-c", script, "sh", path);
    });
    return (await Promise.all(found)).filter((each) => each !== "");
  }

  it("tells first, then brings accounts with their passwords, and folders as homes", async () => {
    const homes = join(files.folder, "homes");
    await mkdir(join(homes, "sam", "week 1"), { recursive: true });
    await writeFile(join(homes, "sam", "week 1", "plot.ipynb"), "{}");
    await symlink("/etc/passwd", join(homes, "sam", "link"));
    // As the folders of a box are that ran notebooks without containers: nobody but root looks into them.
    for (const folder of [join(homes, "sam"), homes]) await chmod(folder, 0o700);
    const preview = await importHub("--homes", homes);
    assert.match(preview, /^sam +sam +student +as it was +7B +new$/m);
    assert.doesNotMatch(await box.command(["user", "list"]), /sam/);
    assert.equal(await importHub("--homes", homes, "--apply"), preview);
    for (const name of ["ada", "sam"]) {
      const client = new HttpClient(box.origin);
      assert.equal((await signIn(client, BASE, name, `${name} likes tea`)).status, 302, name);
    }
    assert.deepEqual(await homesHave("week 1/plot.ipynb"), ["1000 644\n{}"]);
  });

  it("brings a volume to whom it was, when it is run again", async () => {
    const prefix = `${box.project}-user-`;
    volumes.push(`${prefix}kim-2elee`);
    await docker("volume", "create", "--label", "homeroom.test=jupyterhub", `${prefix}kim-2elee`);
    const mount = ["--volume", `${prefix}kim-2elee:/v`, "--user", "0"];
    const write = "echo kim >/v/notes.txt && chmod 600 /v/notes.txt";
    await docker("run", "--rm", ...mount, "--entrypoint", "sh", `${box.project}-hub`, "-c", write);
    const again = await importHub("--volumes", `${prefix}{username}`, "--apply");
    assert.match(again, /^kim.lee +kim.lee +student +came before$/m);
    assert.deepEqual(await homesHave("notes.txt"), ["1000 600\nkim"]);
  });

  it("works with the hub down, too", async () => {
    const homes = join(files.folder, "homes");
    await mkdir(join(homes, "ada"));
    await writeFile(join(homes, "ada", "late.txt"), "late");
    await box.compose("stop", "hub");
    assert.match(await importHub("--homes", homes, "--apply"), /^ada +ada +teacher +came before$/m);
    await box.up();
    assert.deepEqual(await homesHave("late.txt"), ["1000 644\nlate"]);
  });
});
