import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Openers, run } from "#src/commands/run.ts";
import { HubError } from "#src/errors.ts";
import { type Check, found } from "#src/services/box/findings.ts";
import { openFakeControl } from "#test/support/fake-control.ts";
import { FakeHost } from "#test/support/fake-host.ts";
import { type Folder, makeFolder } from "#test/support/folder.ts";

const well = [
  { name: "docker", status: "ok", text: "Docker 28.0.0 answers.", code: "docker_fine" },
  { name: "owners", status: "ok", text: "2 owners can sign in.", code: "owners_fine" },
];
const oneOwner = {
  name: "owners",
  status: "warning",
  text: "Only ada.",
  advice: "Make a second.",
  code: "one_owner",
};
const diskFull = {
  name: "data_disk",
  status: "bad",
  text: "Only 2 MB left.",
  advice: "Free some.",
  code: "disk_full",
};

describe("doctor", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => folder.remove());

  const openers = (changes: Partial<Openers>): Openers => ({
    hub: () => Promise.reject(new Error("no hub may be opened here")),
    spawner: () => Promise.reject(new Error("no spawner may be opened here")),
    checks: () => Promise.reject(new Error("nothing is looked at here")),
    ...changes,
  });

  async function examine(line: string, checks: readonly object[], input = "") {
    await using control = await openFakeControl(folder.path, () => ({
      status: 200,
      body: { checks },
    }));
    const host = new FakeHost(line.split(" "), { env: { HOMEROOM_DATA: folder.path }, input });
    const code = await run(host, openers({}));
    return { code, stdout: host.stdout, stderr: host.stderr, asked: control.asked };
  }

  it("has one line for each check, with what to do, and looks anew", async () => {
    const done = await examine("doctor", [...well.slice(0, 1), diskFull, oneOwner]);
    assert.equal(
      done.stdout,
      [
        "ok   Docker     Docker 28.0.0 answers.",
        "bad  Data disk  Only 2 MB left. Free some.",
        "!    Owners     Only ada. Make a second.",
        "",
      ].join("\n"),
    );
    assert.match(done.stderr, /^The box is not well: see the line with “bad”\.$/m);
    assert.equal(done.asked[0]?.path, "/hub/api/checks?anew=1");
  });

  it("ends with 1 when something is bad, and with 0 otherwise", async () => {
    assert.equal((await examine("doctor", well)).code, 0);
    assert.match((await examine("doctor", well)).stderr, /^The box is well\.$/m);
    const warned = await examine("doctor", [...well.slice(0, 1), oneOwner]);
    assert.equal(warned.code, 0);
    assert.match(warned.stderr, /Look at the line with “!”/);
    assert.equal((await examine("doctor", [...well, diskFull])).code, 1);
    assert.equal((await examine("doctor --json", [...well, diskFull])).code, 1);
  });

  it("has a form for programs", async () => {
    const done = await examine("doctor --json", [...well, diskFull]);
    const { checks } = JSON.parse(done.stdout) as { checks: readonly object[] };
    const { code: _, ...shown } = diskFull;
    assert.deepEqual(checks[1], shown);
    assert.equal(checks.length, 3);
    assert.equal(done.stderr, "");
  });

  it("puts what the script saw together with what the hub saw: the worse counts", async () => {
    const input = [
      "ok\thub\tHomeroom is running.\t",
      "bad\tdocker\tDocker is too new.\tDo something.",
      "ok\towners\tnot from outside\t",
      "bad\tport\tPort 8000 is used by nginx.\tEnd it.",
      "mischief\tport\tnot a status\t",
      "no tabs at all",
      "",
    ].join("\n");
    const done = await examine("doctor --outside", well, input);
    assert.equal(
      done.stdout,
      [
        "ok   Homeroom  Homeroom is running.",
        "bad  Docker    Docker is too new. Do something.",
        "bad  Port      Port 8000 is used by nginx. End it.",
        "ok   Owners    2 owners can sign in.",
        "",
      ].join("\n"),
    );
    assert.equal(done.code, 1);
  });

  it("reads nothing from standard input unless it is told to", async () => {
    const done = await examine("doctor", well, "bad\tport\tPort 8000 is used.\t\n");
    assert.doesNotMatch(done.stdout, /8000/);
  });

  it("shows no control characters of what it was told", async () => {
    const odd = { name: "owners", status: "ok", text: "\u001b[2Jgone", code: "owners_fine" };
    const done = await examine("doctor", [odd]);
    assert.equal(done.stdout, "ok  Owners  ?[2Jgone\n");
  });

  describe("without a hub that can be asked", () => {
    const secrets: readonly Check[] = [found("secrets", "secrets_fine")];

    it("says why the database cannot be opened, and looks at the rest", async () => {
      const params = { path: "/x", detail: "1 of 2 rows of “users” are there" };
      const host = new FakeHost(["doctor"], { env: { HOMEROOM_DATA: folder.path } });
      const code = await run(
        host,
        openers({
          hub: () => Promise.reject(new HubError("database_unreadable", params)),
          checks: () => Promise.resolve(secrets),
        }),
      );
      assert.equal(code, 1);
      const [database = "", rest = ""] = host.stdout.split("\n");
      assert.match(database, /^bad {2}Database {2}The database in \/x cannot be read: 1 of 2 rows/);
      assert.match(rest, /^ok {3}Secrets/);
    });

    it("opens one, when there is just none", async () => {
      const host = new FakeHost(["doctor"], { env: { HOMEROOM_DATA: folder.path } });
      const hub = () =>
        openFakeControl(folder.path, () => ({ status: 200, body: { checks: well } }));
      assert.equal(await run(host, openers({ hub })), 0);
      assert.match(host.stdout, /^ok {2}Docker/);
    });

    it("says that it answers with an error", async () => {
      await using _control = await openFakeControl(folder.path, () => ({
        status: 500,
        isOdd: true,
      }));
      const host = new FakeHost(["doctor"], { env: { HOMEROOM_DATA: folder.path } });
      const checks = () => Promise.resolve(secrets);
      assert.equal(await run(host, openers({ checks })), 1);
      assert.match(
        host.stdout,
        /^bad {2}Homeroom {2}Homeroom cannot be asked: the hub answered 500/,
      );
      assert.match(host.stdout, /^ok {3}Secrets/m);
    });
  });
});

describe("reset-owner", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => folder.remove());

  async function ask(line: string, status: number, body: object) {
    await using control = await openFakeControl(folder.path, () => ({ status, body }));
    const host = new FakeHost(line.split(" "), { env: { HOMEROOM_DATA: folder.path } });
    const code = await run(host, {
      hub: () => Promise.reject(new Error("no hub may be opened here")),
      spawner: () => Promise.reject(new Error("no spawner may be opened here")),
      checks: () => Promise.reject(new Error("nothing is looked at here")),
    });
    return { code, stdout: host.stdout, stderr: host.stderr, asked: control.asked };
  }

  const ada = {
    name: "ada",
    first_password: "lamp-river-tiger-427",
    was_locked: false,
    was_made_owner: false,
  };

  it("prints the new first password alone on standard output", async () => {
    const done = await ask("reset-owner", 200, ada);
    assert.equal(done.code, 0);
    assert.equal(done.stdout, "lamp-river-tiger-427\n");
    assert.match(done.stderr, /first password of ada, changed at the next sign-in/);
    assert.doesNotMatch(done.stderr, /lamp-river|locked|an owner/);
    assert.deepEqual(done.asked, [{ method: "POST", path: "/hub/api/owner/reset", body: {} }]);
  });

  it("says what else it did", async () => {
    const both = { ...ada, was_locked: true, was_made_owner: true };
    const done = await ask("reset-owner Ada", 200, both);
    assert.deepEqual(done.asked[0]?.body, { name: "Ada" });
    assert.match(done.stderr, /ada is an owner of this box from now on/);
    assert.match(done.stderr, /was locked; it is open again/);
  });

  it("says in words what was refused, with nothing on standard output", async () => {
    const refused = {
      status: 400,
      message: "x",
      code: "owner_several",
      params: { names: "ada, bo" },
    };
    const done = await ask("reset-owner", 400, refused);
    assert.equal(done.code, 1);
    assert.equal(done.stdout, "");
    assert.match(done.stderr, /more than one owner: ada, bo\. Say which/);
  });
});
