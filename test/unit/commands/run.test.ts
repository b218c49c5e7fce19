import assert from "node:assert/strict";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Openers, run } from "#src/commands/run.ts";
import { HubError } from "#src/errors.ts";
import type { ServerModel } from "#src/routes/api/schemas/servers.ts";
import { type Asked, openFakeControl, type Reply } from "#test/support/fake-control.ts";
import { FakeHost } from "#test/support/fake-host.ts";
import { makeFolder, type Folder } from "#test/support/folder.ts";

const maria = {
  name: "maria",
  display_name: "María López",
  role: "student",
  created: "2026-01-01T00:00:00.000Z",
  last_activity: "2026-11-20T10:30:59.000Z",
  last_sign_in: "2026-11-20T10:00:00.000Z",
  has_password: true,
  must_change_password: true,
  state: "active",
  newcomer: false,
};
const ada = { ...maria, name: "ada", display_name: "Ada", role: "owner", last_activity: null };
const box = {
  version: "0.1.0",
  setup_code: "ABC-DEF-GHJ",
  base_path: "/",
  running: 3,
  trouble: null,
  health: [],
};

/** As the API shows a server that runs. */
function runningServer(person: string, name: string): ServerModel {
  const at = "2026-11-22T08:00:00.000000Z";
  return {
    name,
    display_name: name,
    full_name: `${person}/${name}`,
    last_activity: at,
    started: at,
    pending: null,
    ready: true,
    stopped: false,
    url: `/user/${person}/`,
    user_options: {},
    progress_url: "/",
    full_url: null,
    full_progress_url: null,
    queue_position: null,
    last_failure: null,
  };
}

const nobody: Openers = {
  hub: () => Promise.reject(new Error("no hub may be opened here")),
  spawner: () => Promise.reject(new Error("no spawner may be opened here")),
  checks: () => Promise.reject(new Error("nothing is looked at here")),
};

describe("commands", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => folder.remove());

  function hostOf(line: string, options: { input?: string; env?: Record<string, string> } = {}) {
    const env = { HOMEROOM_DATA: folder.path, ...options.env };
    return new FakeHost(line.split(" "), { ...options, env });
  }

  /** Runs one command against a hub that answers with `reply`. */
  async function ask(
    line: string,
    reply: (asked: Asked) => Reply | undefined,
    options: { input?: string; env?: Record<string, string> } = {},
  ) {
    await using control = await openFakeControl(folder.path, reply);
    const host = hostOf(line, options);
    const code = await run(host, nobody);
    return { code, stdout: host.stdout, stderr: host.stderr, asked: control.asked };
  }

  describe("user add", () => {
    it("prints the first password alone on standard output", async () => {
      const reply = { status: 201, body: { user: maria, first_password: "red-lamp-42" } };
      const done = await ask("user add maria --display=María --role=student", () => reply);
      assert.equal(done.code, 0);
      assert.equal(done.stdout, "red-lamp-42\n");
      assert.match(done.stderr, /maria was added \(student\)/);
      assert.deepEqual(done.asked, [
        {
          method: "POST",
          path: "/hub/api/accounts",
          body: { name: "maria", display_name: "María", role: "student" },
        },
      ]);
    });

    it("takes the password from standard input, without the end of its line", async () => {
      for (const [input, password] of [
        ["secret words\n", "secret words"],
        ["secret words\r\n", "secret words"],
        [" two ends \n\n", " two ends \n"],
        ["none", "none"],
      ] as const) {
        const reply = { status: 201, body: { user: maria } };
        const done = await ask("user add maria --password-stdin", () => reply, { input });
        assert.equal(done.code, 0);
        assert.equal(done.stdout, "");
        assert.deepEqual(done.asked[0]?.body, { name: "maria", password });
        assert.ok(!done.stderr.includes(password.trim()), "the password is not shown");
      }
    });

    it("refuses an empty password before it asks anybody", async () => {
      const done = await ask("user add maria --password-stdin", () => undefined, { input: "\n" });
      assert.equal(done.code, 1);
      assert.match(done.stderr, /no password on standard input/);
      assert.deepEqual(done.asked, []);
    });

    it("says in the teacher's words what the hub refused", async () => {
      const refusals: readonly (readonly [body: Record<string, unknown>, words: string])[] = [
        [
          {
            status: 409,
            message: "User maria already exists",
            code: "name_taken",
            params: { name: "maria" },
          },
          "homeroom: There is already someone with the user name maria.\n",
        ],
        [{ status: 409, message: "No such luck" }, "homeroom: No such luck\n"],
        [
          { status: 409, message: "Of another version", code: "unheard_of", params: {} },
          "homeroom: Of another version\n",
        ],
      ];
      for (const [body, words] of refusals) {
        const done = await ask("user add maria", () => ({ status: 409, body, isOdd: true }));
        assert.equal(done.code, 1);
        assert.equal(done.stdout, "");
        assert.equal(done.stderr, words);
      }
    });
  });

  it("user list shows a table, or JSON for programs", async () => {
    const reply = () => ({ status: 200, body: { users: [ada, maria] } });
    const table = await ask("user list", reply);
    assert.equal(
      table.stdout,
      [
        "USER NAME  NAME         ROLE     STATE   LAST SEEN (UTC)   PASSWORD",
        "ada        Ada          owner    active  never             first",
        "maria      María López  student  active  2026-11-20 10:30  first",
        "",
      ].join("\n"),
    );
    const json = await ask("user list --json", reply);
    const users = JSON.parse(json.stdout) as unknown;
    assert.deepEqual(users, [ada, maria]);
  });

  it("user reset prints the new first password", async () => {
    const reply = { status: 200, body: { first_password: "blue-lamp-7" } };
    const done = await ask("user reset maria@x", () => reply);
    assert.equal(done.stdout, "blue-lamp-7\n");
    assert.equal(done.asked[0]?.path, "/hub/api/accounts/maria%40x/reset");
  });

  it("user remove asks for exactly that person, also below a base path", async () => {
    const env = { HOMEROOM_BASE_PATH: "/a/b/" };
    const done = await ask("user remove ../maria", () => ({ status: 204 }), { env });
    assert.equal(done.code, 0);
    assert.deepEqual(done.asked, [
      { method: "DELETE", path: "/a/b/hub/api/accounts/..%2Fmaria", body: undefined },
    ]);
  });

  describe("setup-code", () => {
    it("prints the code alone", async () => {
      const done = await ask("setup-code", () => ({ status: 200, body: box }));
      assert.equal(done.stdout, "ABC-DEF-GHJ\n");
    });

    it("prints nothing when the box is set up", async () => {
      const { setup_code: _, ...rest } = box;
      for (const body of [{ ...box, setup_code: null }, rest]) {
        const done = await ask("setup-code", () => ({ status: 200, body, isOdd: true }));
        assert.equal(done.code, 0);
        assert.equal(done.stdout, "");
      }
    });
  });

  describe("status", () => {
    const reply = (body: object) => (asked: Asked) => ({
      status: 200,
      body: asked.path.endsWith("/box") ? body : { users: [ada, maria, maria] },
    });

    it("counts people and notebooks, and tells in one line whether the box is well", async () => {
      const health = [
        { name: "docker", status: "bad", text: "Docker does not answer (no socket).", code: "x" },
        { name: "owners", status: "warning", text: "ada is the only owner.", code: "y" },
      ];
      const done = await ask("status", reply({ ...box, setup_code: null, health }));
      assert.equal(done.code, 0);
      assert.match(done.stdout, /^People: 1 owner, 0 teachers, 2 students$/m);
      assert.match(done.stdout, /^Notebooks running: 3$/m);
      assert.match(done.stdout, /^Health: Docker does not answer \(no socket\)\. \(and 1 more\)/m);
      assert.doesNotMatch(done.stdout, /set-up code/);
    });

    it("has a form for programs", async () => {
      const done = await ask("status --json", reply(box));
      const status = JSON.parse(done.stdout) as Record<string, unknown>;
      assert.deepEqual(status["people"], { owner: 1, teacher: 0, student: 2 });
      assert.equal(status["running"], true);
      assert.equal(status["notebooks"], 3);
      assert.equal(status["is_set_up"], false);
    });

    it("says when no hub runs, with exit code 1", async () => {
      const host = hostOf("status");
      assert.equal(await run(host, nobody), 1);
      assert.equal(host.stdout, "Homeroom is not running.\n");
      const json = hostOf("status --json");
      assert.equal(await run(json, nobody), 1);
      assert.deepEqual(JSON.parse(json.stdout), { running: false });
    });
  });

  describe("health", () => {
    it("is exit code 0 when the hub answers", async () => {
      const done = await ask("health", () => ({ status: 200 }));
      assert.deepEqual([done.code, done.stdout, done.stderr], [0, "", ""]);
    });

    it("is exit code 1 otherwise, and says why", async () => {
      const none = hostOf("health");
      assert.equal(await run(none, nobody), 1);
      assert.equal(none.stderr, "Homeroom is not running.\n");
      const failing = await ask("health", () => ({ status: 500 }));
      assert.equal(failing.code, 1);
      assert.match(failing.stderr, /answered 500/);
      const gone = await ask("health", () => undefined);
      assert.equal(gone.code, 1);
      assert.match(gone.stderr, /went away/);
      const bad = hostOf("health", { env: { HOMEROOM_PORT: "x" } });
      assert.equal(await run(bad, nobody), 1);
    });
  });

  describe("stop-notebooks", () => {
    /** As the API shows whoever has notebooks that run. */
    const withServers = (name: string, ...servers: readonly string[]) => ({
      kind: "user",
      name,
      servers: Object.fromEntries(servers.map((server) => [server, runningServer(name, server)])),
    });

    it("asks the hub for each notebook that runs, again while it takes time", async () => {
      let first = true;
      const done = await ask("stop-notebooks", ({ method, path }) => {
        if (method === "GET") {
          return { status: 200, body: [withServers("ada", ""), withServers("maria", "", "été 2")] };
        }
        const isLate = path.endsWith("maria/server") && first;
        first = path.endsWith("maria/server") ? false : first;
        return { status: isLate ? 202 : 204 };
      });
      assert.equal(done.code, 0);
      const stops = done.asked.filter(({ method }) => method === "DELETE").map(({ path }) => path);
      assert.deepEqual(
        stops.toSorted((a, b) => a.localeCompare(b)),
        [
          "/hub/api/users/ada/server",
          "/hub/api/users/maria/server",
          "/hub/api/users/maria/server",
          "/hub/api/users/maria/servers/%C3%A9t%C3%A9%202",
        ],
      );
    });

    it("asks for all of a long list", async () => {
      const names = Array.from({ length: 201 }, (_, index) => `student${index}`);
      const done = await ask("stop-notebooks", ({ method, path }) => {
        if (method !== "GET") return { status: 204 };
        const offset = Number(new URLSearchParams(path.split("?")[1]).get("offset"));
        const page = names.slice(offset, offset + 200);
        return { status: 200, body: page.map((name) => withServers(name, "")) };
      });
      assert.equal(done.code, 0);
      assert.equal(done.asked.filter(({ method }) => method === "DELETE").length, names.length);
    });

    it("stops the others when one cannot be stopped, and says which", async () => {
      const done = await ask("stop-notebooks", ({ method, path }) => {
        if (method === "GET") {
          return { status: 200, body: [withServers("ada", ""), withServers("maria", "")] };
        }
        return path.includes("ada")
          ? { status: 503, isOdd: true, body: { message: "Docker does not answer" } }
          : { status: 204 };
      });
      assert.equal(done.code, 1);
      assert.match(done.stderr, /ada: Docker does not answer/);
      assert.equal(done.asked.length, 3);
    });
  });

  describe("without a hub", () => {
    /** Opens what stands for a hub in this process, and counts. */
    function opener(fails: readonly HubError[] = []) {
      const counts = { opened: 0, closed: 0 };
      const left = [...fails];
      const hub: Openers["hub"] = async () => {
        const failure = left.shift();
        if (failure !== undefined) {
          throw failure;
        }
        const control = await openFakeControl(folder.path, () => ({ status: 200, body: box }));
        counts.opened += 1;
        return {
          async [Symbol.asyncDispose]() {
            counts.closed += 1;
            await control[Symbol.asyncDispose]();
          },
        };
      };
      return { openers: { ...nobody, hub }, counts };
    }

    it("open one of their own for the length of the command", async () => {
      const { openers, counts } = opener();
      const host = hostOf("setup-code");
      assert.equal(await run(host, openers), 0);
      assert.equal(host.stdout, "ABC-DEF-GHJ\n");
      assert.deepEqual(counts, { opened: 1, closed: 1 });
    });

    it("are not misled by a socket that was left behind, or by another file", async () => {
      const path = join(folder.path, "control.sock");
      const server = createServer().listen(join(folder.path, "left.sock"));
      await once(server, "listening");
      await rename(join(folder.path, "left.sock"), path);
      server.close();
      await once(server, "close");
      assert.ok((await stat(path)).isSocket());
      for (let round = 0; round < 2; round += 1) {
        const host = hostOf("status");
        assert.equal(await run(host, nobody), 1);
        assert.equal(host.stdout, "Homeroom is not running.\n");
        await rm(path);
        await writeFile(path, "");
      }
    });

    it("wait for a hub that is just starting", async () => {
      const locked = new HubError("database_locked", { path: "/x" });
      const { openers, counts } = opener([locked, locked]);
      assert.equal(await run(hostOf("setup-code"), openers), 0);
      assert.equal(counts.opened, 1);
    });

    it("say in words what is wrong with the data folder", async () => {
      const params = { path: "/x", detail: "1 of 2 rows of “users” are there" };
      const { openers } = opener([new HubError("database_unreadable", params)]);
      const host = hostOf("user list");
      assert.equal(await run(host, openers), 1);
      assert.match(host.stderr, /^homeroom: The database in \/x cannot be read: 1 of 2 rows/);
    });
  });

  it("end with code 2 and the usage when they are not understood", async () => {
    for (const line of ["dance", "user dance", "status --wat", "serve --prot=1"]) {
      const host = hostOf(line);
      assert.equal(await run(host, nobody), 2, line);
      assert.match(host.stderr, /^homeroom: .*\n\nUsage: homeroom/, line);
      assert.equal(host.stdout, "");
    }
  });

  it("end with code 2 when the configuration is bad, and say all of it", async () => {
    const env = { HOMEROOM_PORT: "x", HOMEROOM_BASE_PATH: "y" };
    const host = hostOf("user list", { env });
    assert.equal(await run(host, nobody), 2);
    assert.equal(host.stderr.trimEnd().split("\n").length, 2);
  });

  it("show help also when the configuration is bad", async () => {
    const host = hostOf("help", { env: { HOMEROOM_PORT: "x" } });
    assert.equal(await run(host, nobody), 0);
    assert.match(host.stdout, /^Usage:/);
  });
});
