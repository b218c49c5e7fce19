import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { run } from "#src/commands/run.ts";
import { volumeSpellings } from "#src/commands/volume-spellings.ts";
import { openFakeControl, type Reply } from "#test/support/fake-control.ts";
import { FakeHost } from "#test/support/fake-host.ts";
import { type Folder, makeFolder } from "#test/support/folder.ts";

describe("import", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => folder.remove());

  async function ask(args: readonly string[], reply: Reply | (() => Reply | undefined)) {
    const answer = typeof reply === "function" ? reply : () => reply;
    await using control = await openFakeControl(folder.path, answer);
    const env = { HOMEROOM_DATA: folder.path };
    const host = new FakeHost(["import", ...args], { env, input: "a tar" });
    const code = await run(host, {
      hub: () => Promise.reject(new Error("no hub may be opened here")),
      spawner: () => Promise.reject(new Error("no spawner may be opened here")),
      checks: () => Promise.reject(new Error("nothing is looked at here")),
    });
    return { code, stdout: host.stdout, stderr: host.stderr, asked: control.asked };
  }

  const person = { name: null, role: null, password: null, classes: [], problem: null };
  const found = {
    applied: false,
    people: [
      { ...person, was: "ada", becomes: "new", name: "ada", role: "owner", password: "kept" },
      {
        ...person,
        was: "maria lopez",
        becomes: "new",
        name: "maria.lopez",
        role: "student",
        password: "too_dear",
        classes: ["7B", "Chess"],
      },
      { ...person, was: "sam", becomes: "other", name: "sam", role: "student" },
      { ...person, was: "user", becomes: "refused", problem: "Choose another name." },
    ],
    classes: [
      { was: "\u001b[2J", becomes: "refused", name: null, problem: "A class needs a name." },
    ],
    strangers: ["gone\u001b[2J"],
  };

  it("hands on what it is given, and tells what would happen", async () => {
    const done = await ask(["jupyterhub", "--admins", "owner"], { status: 200, body: found });
    assert.equal(done.code, 0);
    assert.deepEqual(done.asked, [
      {
        method: "POST",
        path: "/hub/api/import/jupyterhub?admins=owner&apply=0",
        body: "a tar",
      },
    ]);
    assert.equal(
      done.stdout,
      `JUPYTERHUB   USER NAME    ROLE     PASSWORD                       CLASSES    WHAT
ada          ada          owner    as it was                                 new
maria lopez  maria.lopez  student  none: its hash takes too long  7B, Chess  new
sam          sam          student                                            left alone: somebody here has that name
user                                                                         refused: Choose another name.
`,
    );
    assert.match(done.stderr, /2 accounts would be made\. Nothing was changed yet: --apply does/);
    assert.match(done.stderr, /The group "\\u001b\[2J" cannot be a class: A class needs a name\./);
    assert.match(done.stderr, /Passwords of nobody .*: "gone\\u001b\[2J"/);
  });

  it("does it when it is told to, and has it as JSON", async () => {
    const body = { ...found, applied: true, people: found.people.slice(0, 1) };
    const done = await ask(["jupyterhub", "--apply"], { status: 200, body });
    assert.equal(done.asked[0]?.path, "/hub/api/import/jupyterhub?admins=teacher&apply=1");
    assert.match(done.stderr, /1 account was made\./);
    const json = await ask(["jupyterhub", "--apply", "--json"], { status: 200, body });
    assert.deepEqual(JSON.parse(json.stdout), body);
    assert.equal(json.stderr, "");
  });

  it("says what the hub refuses", async () => {
    const params = { detail: "The database is damaged." };
    const body = { status: 400, message: "…", code: "import_unreadable", params };
    const done = await ask(["jupyterhub"], { status: 400, body });
    assert.equal(done.code, 1);
    assert.equal(done.stderr, "homeroom: Nothing was taken in. The database is damaged.\n");
  });

  it("sends them again when the hub was restarted meanwhile", async () => {
    let tries = 0;
    const done = await ask(["jupyterhub"], () => {
      tries += 1;
      return tries === 1 ? undefined : { status: 200, body: found };
    });
    assert.equal(done.code, 0);
    assert.deepEqual(
      done.asked.map(({ body }) => body),
      ["a tar", "a tar"],
    );
  });

  it("lists for the script whose files are missing, without names that are no folders", async () => {
    const people = ["sam", "a.b", "..", "a/b", "", "x\ny", "x\ty", "Zoë"].map((was) => ({
      name: "name",
      was,
    }));
    const done = await ask(["homes"], { status: 200, body: { people } });
    assert.equal(
      done.stdout,
      "name\tsam\tsam\nname\ta.b\ta-2eb\ta_2Eb\ta.b\nname\tZoë\t-5ao-c3-ab\tZo_C3_AB\tZoë\n",
    );
  });

  it("sends a home once, and never half of it again", async () => {
    // The one asked for who waits, and the one that files are sent to, at once.
    const reply = {
      status: 200,
      isOdd: true as const,
      body: { people: [], name: "sam", folder: "." },
    };
    const done = await ask(["home", "Sam"], reply);
    assert.equal(done.code, 0);
    assert.match(done.stderr, /^The files of sam are there\.\n$/);
    assert.deepEqual(
      done.asked.map(({ method, path, body }) => [method, path, body]),
      [
        ["GET", "/hub/api/import/homes", undefined],
        ["PUT", "/hub/api/import/homes/Sam", "a tar"],
      ],
    );
    let asked = 0;
    const broken = await ask(["home", "sam"], () => {
      asked += 1;
      return asked === 1 ? reply : undefined;
    });
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /the hub went away; do it again/);
    const beside = { ...reply.body, folder: "from-jupyterhub" };
    const apart = await ask(["home", "sam"], { ...reply, body: beside });
    assert.match(apart.stderr, /in the folder from-jupyterhub/);
  });

  it("says what is wrong with its words", async () => {
    for (const [args, message] of [
      [["jupyterhub", "--admins", "king"], /--admins: “king” must be owner, teacher or student/],
      [["jupiterhub"], /there is no command “import jupiterhub”; did you mean “jupyterhub”/],
      [["home"], /the name is missing/],
      [["jupyterhub", "--homes", "x"], /homes/],
    ] as const) {
      const done = await ask(args, { status: 200, body: {} });
      assert.equal(done.code, 2, args.join(" "));
      assert.match(done.stderr, message);
      assert.match(done.stderr, /Usage: .\/homeroom import jupyterhub/);
    }
  });
});

describe("the spellings of a name in a volume's", () => {
  it("are those of DockerSpawner", () => {
    // As its function `escape` writes them with its characters and marks.
    assert.deepEqual(volumeSpellings("sam"), ["sam"]);
    assert.deepEqual(volumeSpellings("A-b"), ["-41-2db", "A-b"]);
    assert.deepEqual(volumeSpellings("x_y@z"), ["x-5fy-40z", "x_5Fy_40z", "x_y@z"]);
    assert.deepEqual(volumeSpellings("josé"), ["jos-c3-a9", "jos_C3_A9", "josé"]);
  });
});
