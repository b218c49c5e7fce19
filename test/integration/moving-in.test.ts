/** Moving in from JupyterHub: its own files, a real hub, the real place apart; then everything that files may be. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tar from "tar-stream";
import { run } from "#src/commands/run.ts";
import { tarOf } from "#test/contract/homes.ts";
import { createDockerRun, type DockerRun } from "#test/support/docker.ts";
import { FakeHost } from "#test/support/fake-host.ts";
import {
  dbmKinds,
  type JupyterHubFiles,
  makeJupyterHubFiles,
  runInJupyterHub,
  tarOfFiles,
} from "#test/support/jupyterhub-files.ts";
import { notebookImage } from "#test/support/notebook-image.ts";
import { buffer } from "node:stream/consumers";
import { createTestHub, signIn, type TestHub } from "#test/support/test-hub.ts";

const BASE = "/jupyterhub/";
const school = {
  users: [
    { name: "ada", admin: true },
    { name: "sam", groups: ["7B"] },
    { name: "kim", groups: ["7B", "Schach ♞"] },
    { name: "maría lópez" },
    { name: "lee" },
  ],
  groups: ["7B", "Schach ♞"],
  firstuse: { ada: "ada likes tea", sam: "contraseña de sam" },
  native: [
    { name: "lee", password: "lee likes tea" },
    { name: "kim", password: "kim likes tea", second_factor: true },
    { name: "zoe", password: "zoe likes tea" },
    { name: "asked", password: "asked likes tea", authorized: false },
  ],
} as const;

describe("moving in from JupyterHub", { timeout: 900_000 }, () => {
  let docker: DockerRun;
  let box: TestHub;
  let files: JupyterHubFiles;

  before(async () => {
    docker = await createDockerRun();
    box = await createTestHub({
      config: { basePath: BASE, spawner: { image: await notebookImage(), pool: docker.pool } },
      secrets: docker.secrets,
    });
    await box.setUp("olga");
    files = await makeJupyterHubFiles(school);
  });
  after(async () => {
    await box?.[Symbol.asyncDispose]();
    await files?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  /** The command as it is run, with the running hub at its socket. */
  async function homeroom(args: readonly string[], input: Buffer | string = "") {
    const env = { HOMEROOM_DATA: box.dataDir, HOMEROOM_BASE_PATH: BASE };
    const host = new FakeHost(args, { env, input });
    const none = () => Promise.reject(new Error("the hub of this test was to be asked"));
    const code = await run(host, { hub: none, spawner: none, checks: none });
    return { code, out: host.stdout, err: host.stderr };
  }

  function command(args: readonly string[], input: Buffer | string = "") {
    return homeroom(["import", ...args], input);
  }

  async function namesHere(): Promise<readonly string[]> {
    const { out } = await homeroom(["user", "list", "--json"]);
    return (JSON.parse(out) as { name: string }[]).map(({ name }) => name).toSorted();
  }

  async function statusOf(name: string, password: string): Promise<number> {
    return (await signIn(box.client(), BASE, name, password)).status;
  }

  it("reads whatever the machine keeps passwords with", async () => {
    const firstuse = { sam: "sam likes tea", maría: "maría likes tea" };
    const users = [{ name: "sam" }, { name: "maría" }, { name: "bare" }];
    await using made = await makeJupyterHubFiles({ users, firstuse, dbm: dbmKinds });
    for (const dbm of dbmKinds) {
      const done = await command(["jupyterhub", "--json"], await made.tar(dbm));
      assert.equal(done.code, 0, `${dbm}: ${done.err}`);
      const { people } = JSON.parse(done.out) as { people: { password: string }[] };
      assert.deepEqual(
        people.map(({ password }) => password),
        ["kept", "kept", "none"],
        dbm,
      );
    }
    assert.deepEqual(await namesHere(), ["olga"]);
  });

  it("brings people, classes and passwords, and each password is renewed at the first sign-in", async () => {
    const preview = await command(["jupyterhub"], await files.tar());
    assert.equal(preview.code, 0, preview.err);
    assert.deepEqual(await namesHere(), ["olga"]);
    const done = await command(["jupyterhub", "--apply"], await files.tar());
    assert.equal(done.code, 0, done.err);
    assert.equal(done.out, preview.out);
    assert.deepEqual(await namesHere(), ["ada", "kim", "lee", "maria.lopez", "olga", "sam", "zoe"]);
    assert.match(done.err, /Passwords of nobody whom the database knows: "asked"/);
    assert.equal(await statusOf("sam", "kim likes tea"), 403);
    for (const [name, password] of [
      ["sam", "contraseña de sam"],
      // The letters in parts: the renewed hash fits them, as every password's here.
      ["SAM", "contrasen\u0303a de sam"],
      ["ada", "ada likes tea"],
      ["lee", "lee likes tea"],
      ["zoe", "zoe likes tea"],
    ] as const) {
      assert.equal(await statusOf(name, password), 302, name);
    }
    for (const [name, password] of [
      ["kim", "kim likes tea"],
      ["maria.lopez", ""],
      ["asked", "asked likes tea"],
    ] as const) {
      assert.equal(await statusOf(name, password), 403, name);
    }
    const hub = box.client();
    await signIn(hub, BASE, "ada", "ada likes tea");
    const page = await hub.get(`${BASE}hub/admin/people`);
    for (const name of ["sam", "kim", "maría lópez"]) assert.ok(page.text.includes(name), name);
  });

  it("adds nothing a second time, and no account of that name that was here before", async () => {
    const before = await namesHere();
    const again = await command(["jupyterhub", "--apply"], await files.tar());
    assert.match(again.err, /0 accounts were made/);
    await using others = await makeJupyterHubFiles({
      users: [{ name: "olga" }],
      firstuse: { olga: "somebody else's" },
    });
    const done = await command(["jupyterhub", "--apply"], await others.tar());
    assert.match(done.out, /^olga +olga +owner +left alone/m);
    assert.equal(await statusOf("olga", "somebody else's"), 403);
    assert.deepEqual(await namesHere(), before);
  });

  it("brings files whose they were, once, and apart for who has worked here", async () => {
    const home = (text: string) =>
      buffer(tarOf({ "work/week 1.ipynb": text, ".bashrc": "mine", "-rf": "x" }));
    const first = await command(["home", "kim"], await home("kim's"));
    assert.equal(first.err, "The files of kim are there.\n");
    const again = await command(["home", "kim"], await home("again"));
    assert.equal(again.code, 1);
    assert.match(again.err, /No files are awaited for kim/);
    assert.match((await command(["home", "olga"], await home("x"))).err, /No files are awaited/);
    assert.match((await command(["home", "nobody"], await home("x"))).err, /nobody/);
    const cut = (await home("cut")).subarray(0, 1024);
    assert.match((await command(["home", "sam"], cut)).err, /did not come in whole/);
    assert.match((await command(["homes"])).out, /^sam\tsam\tsam$/m);

    const sam = box.client();
    await signIn(sam, BASE, "sam", "contraseña de sam");
    const path = `${BASE}hub/api/users/sam/server`;
    const headers = { "x-xsrftoken": sam.cookie("_xsrf", path) ?? "" };
    const started = await sam.ask(path, { method: "POST", headers });
    assert.ok(started.status === 201 || started.status === 202, started.text);
    for (let tries = 0; tries < 600; tries += 1) {
      const { text } = await sam.get(path);
      if ((JSON.parse(text) as { ready: boolean }).ready) break;
      await sleep(200);
    }
    const apart = await command(["home", "sam"], await home("sam's"));
    assert.match(apart.err, /in the folder from-jupyterhub/);
    const filter = ["--filter", `label=homeroom.instance=${docker.secrets.instanceId}`];
    const [container = ""] = await docker.containers();
    assert.notEqual(container, "");
    const look =
      "cd && stat -c '%u %a %n' . .bashrc from-jupyterhub/.bashrc && cat from-jupyterhub/work/*";
    const seen = await docker.cli("exec", container, "sh", "-c", look);
    assert.match(
      seen,
      /^1000 7\d\d \.\n1000 644 \.bashrc\n1000 644 from-jupyterhub\/\.bashrc\nsam's$/,
    );
    const kims = await docker.cli("volume", "ls", "--quiet", ...filter);
    assert.ok(kims.split("\n").length >= 2);
  });

  it("takes in whatever a home may be made of, as its person's own", async () => {
    const pack = tar.pack();
    const header = { uid: 0, gid: 0, mode: 0o444 };
    pack.entry({ ...header, name: "./", type: "directory", mode: 0o000 });
    pack.entry({ ...header, name: "./shut", type: "directory", mode: 0o555 });
    pack.entry({ ...header, name: "./shut/deep/", type: "directory", mode: 0o000 });
    pack.entry({ ...header, name: "./shut/a", mode: 0o4755 }, "a");
    pack.entry({ ...header, name: "./way out", type: "symlink", linkname: "/etc" });
    pack.entry({ ...header, name: "../../outside" }, "x");
    pack.entry({ ...header, name: "/tmp/outside" }, "x");
    pack.entry({ ...header, name: "./hard", type: "link", linkname: "./shut/a" });
    pack.finalize();
    const hostile = await command(["home", "lee"], await buffer(Readable.from(pack)));
    // tar refuses a way out, and says so: then nothing comes in.
    assert.equal(hostile.code, 1);
    assert.match((await command(["homes"])).out, /^lee\t/m);

    const odd = tar.pack();
    odd.entry({ ...header, name: "./", type: "directory", mode: 0o000 });
    odd.entry({ ...header, name: "./shut", type: "directory", mode: 0o555 });
    odd.entry({ ...header, name: "./shut/a", mode: 0o4755 }, "a");
    odd.entry({ ...header, name: "./way out", type: "symlink", linkname: "/etc" });
    odd.finalize();
    const done = await command(["home", "lee"], await buffer(Readable.from(odd)));
    assert.equal(done.code, 0, done.err);
    assert.doesNotMatch((await command(["homes"])).out, /^lee\t/m);
  });

  describe("with files that are something else", () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "homeroom-test-files-"));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const sql = (statements: string): readonly string[] => [
      "-c",
      `import sqlite3; db = sqlite3.connect("jupyterhub.sqlite"); db.executescript(${JSON.stringify(statements)}); db.commit()`,
    ];

    /** What is said of the files that `prepare` leaves in an empty folder. */
    async function toldOf(prepare: () => Promise<unknown>): Promise<string> {
      await rm(folder, { recursive: true });
      folder = await mkdtemp(join(tmpdir(), "homeroom-test-files-"));
      await prepare();
      const before = await namesHere();
      const done = await command(["jupyterhub", "--apply"], await tarOfFiles(folder));
      assert.equal(done.code, 1, done.out);
      assert.deepEqual(await namesHere(), before);
      return done.err;
    }

    const database = (): string => join(folder, "jupyterhub.sqlite");
    const passwords = (): string => join(folder, "passwords.dbm");
    const good = () => copyFile(join(files.folder, "jupyterhub.sqlite"), database());

    it("says what they are, and changes nothing", async () => {
      const cases: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
        [async () => undefined, /no database/],
        [() => writeFile(database(), ""), /no people of a JupyterHub/],
        [() => writeFile(database(), randomBytes(9000)), /not a database/],
        [() => runInJupyterHub(folder, ...sql("create table users (x)")), /no people of a Jup/],
        [
          () =>
            runInJupyterHub(
              folder,
              ...sql("create view users as select 1 as id, 'x' as name, 1 as admin"),
            ),
          /no people of a JupyterHub/,
        ],
        [
          async () => {
            const bytes = await readFile(join(files.folder, "jupyterhub.sqlite"));
            // Behind the first page, which says what the file is.
            await writeFile(database(), bytes.fill(0xff, 5000, 30_000));
          },
          /damaged|malformed|cannot be read/,
        ],
        [
          async () => {
            await good();
            await writeFile(passwords(), "sam:contraseña");
          },
          /none that FirstUseAuthenticator makes/,
        ],
        [
          async () => {
            await good();
            const gdbm = Buffer.concat([Buffer.from([0xcf, 0x9a, 0x57, 0x13]), randomBytes(4000)]);
            await writeFile(passwords(), gdbm);
          },
          /cannot be read|damaged/,
        ],
        [
          async () => {
            await good();
            await writeFile(`${passwords()}.dir`, `__import__("os").system("id")\n`);
            await writeFile(`${passwords()}.dat`, "x");
          },
          /none that FirstUse|cannot be read|damaged/,
        ],
      ];
      for (const [prepare, wanted] of cases) {
        const told = await toldOf(prepare);
        assert.match(told, wanted);
        assert.match(told, /^homeroom: .{10,300}\n$/);
      }
    });

    it("is not kept busy by a database that takes for ever, or too much", async () => {
      const many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)";
      const told = await toldOf(() =>
        runInJupyterHub(
          folder,
          ...sql(
            `create table users (id integer, name text, admin int);
             insert into users ${many} select i, 'u' || i, 0 from n;`,
          ),
        ),
      );
      assert.match(told, /more than 5,000/);
      const large = await toldOf(() => writeFile(database(), Buffer.alloc(65 * 1024 * 1024)));
      assert.match(large, /larger than 64 MB/);
    });

    it("says what is no tar, or half of one", async () => {
      const whole = await files.tar();
      for (const input of [
        "",
        "hello",
        randomBytes(100_000),
        whole.subarray(0, 3000),
        whole.subarray(0, 40_000),
      ]) {
        const done = await command(["jupyterhub", "--apply"], Buffer.from(input));
        assert.equal(done.code, 1);
        assert.match(done.err, /no tar, or only the beginning|no database|cannot be read|damaged/);
      }
    });
  });

  it("is nothing for the network, whoever asks", async () => {
    const token = (await homeroom(["token", "olga"])).out.trim();
    const headers = { authorization: `token ${token}` };
    const client = box.client();
    for (const [method, path] of [
      ["POST", "import/jupyterhub"],
      ["GET", "import/homes"],
      ["PUT", "import/homes/sam"],
    ] as const) {
      const url = `${BASE}hub/api/${path}`;
      assert.equal((await client.ask(url, { method, headers })).status, 403, path);
      assert.equal((await box.client().ask(url, { method })).status, 403, path);
    }
  });
});
