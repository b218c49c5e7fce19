/** The commands for accounts, classes and the audit: what they ask of the hub, and what they say. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { commandFlags } from "#src/commands/command.ts";
import { type Openers, run } from "#src/commands/run.ts";
import { settings } from "#src/config/settings.ts";
import { type Asked, openFakeControl, type Reply } from "#test/support/fake-control.ts";
import { FakeHost } from "#test/support/fake-host.ts";
import { type Folder, makeFolder } from "#test/support/folder.ts";

const maria = {
  name: "maria",
  display_name: "María López",
  role: "student",
  state: "active",
  newcomer: false,
  created: "2026-09-01T08:00:00.000Z",
  last_activity: "2026-11-20T10:30:59.000Z",
  last_sign_in: "2026-11-20T10:00:00.000Z",
  has_password: true,
  must_change_password: false,
};
const trashed = {
  id: "abcdefghijklmnop",
  name: "maria",
  display_name: "María López",
  role: "student",
  deleted: "2026-11-19T09:00:00.000Z",
  erasing: false,
};
const namesake = { ...trashed, id: "qrstuvwxyz234567", display_name: "María Other" };
const line = {
  at: "2026-11-20T10:30:59.123Z",
  action: "user.renamed",
  actor: "console",
  actor_name: "console",
  subject: trashed.id,
  subject_name: "maria",
  address: null,
  request: "K7-4201",
  detail: { from: "mia", to: "maria" },
};

const nobody: Openers = {
  hub: () => Promise.reject(new Error("no hub may be opened here")),
  spawner: () => Promise.reject(new Error("no spawner may be opened here")),
  checks: () => Promise.reject(new Error("nothing is looked at here")),
};

describe("commands for people", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => folder.remove());

  async function ask(
    args: string | readonly string[],
    reply: (asked: Asked) => Reply,
    input?: string,
  ) {
    await using control = await openFakeControl(folder.path, reply);
    const argv = typeof args === "string" ? args.split(" ") : args;
    const env = { HOMEROOM_DATA: folder.path };
    const host = new FakeHost(argv, input === undefined ? { env } : { env, input });
    const code = await run(host, nobody);
    return { code, stdout: host.stdout, stderr: host.stderr, asked: control.asked };
  }

  const answersUser = () => ({ status: 200, body: { user: maria } });

  it("share no flag with the settings", () => {
    const flags = new Set(settings.map(({ flag }) => flag));
    for (const name of Object.keys(commandFlags)) assert.ok(!flags.has(name), `--${name}`);
  });

  describe("that change one account", () => {
    const changes: readonly (readonly [line: string, body: object, words: RegExp])[] = [
      ["user rename Mia maria", { name: "maria" }, /^Mia is maria \(María López\) now/],
      ["user rename mia --display=María", { display_name: "María" }, /files stay/],
      ["user rename mia m2 --display=M", { name: "m2", display_name: "M" }, /now/],
      ["user disable MARIA", { disabled: true }, /^maria is locked and cannot sign in/],
      ["user enable maria", { disabled: false }, /^maria is not locked/],
      ["user role maria teacher", { role: "teacher" }, /^maria has the role/],
    ];
    for (const [args, body, words] of changes) {
      it(`${args} says what the account is now`, async () => {
        const done = await ask(args, answersUser);
        assert.equal(done.code, 0, done.stderr);
        assert.equal(done.stdout, "");
        assert.match(done.stderr, words);
        const name = args.split(" ")[2] ?? "";
        assert.deepEqual(done.asked, [
          { method: "PATCH", path: `/hub/api/accounts/${name}`, body },
        ]);
      });
    }

    it("accept a newcomer", async () => {
      const done = await ask("user accept maria", answersUser);
      assert.deepEqual(done.asked, [
        { method: "POST", path: "/hub/api/accounts/maria/accept", body: undefined },
      ]);
      assert.match(done.stderr, /^maria belongs to the class/);
    });

    it("sign somebody out everywhere", async () => {
      const done = await ask("user sign-out maria", () => ({ status: 204 }));
      assert.deepEqual(done.asked, [
        { method: "DELETE", path: "/hub/api/accounts/maria/sessions", body: undefined },
      ]);
    });

    it("say that removing is putting into the trash", async () => {
      const done = await ask("user remove maria", () => ({ status: 204 }));
      assert.match(done.stderr, /in the trash; the files are kept.*user restore maria/s);
    });

    it("send a name with signs in it as one segment", async () => {
      const done = await ask(["user", "disable", "../a/b?c#d é"], answersUser);
      assert.equal(done.asked[0]?.path, "/hub/api/accounts/..%2Fa%2Fb%3Fc%23d%20%C3%A9");
    });

    it("say the hub's own words when it refuses", async () => {
      const refused = { status: 409, message: "x", code: "last_owner", params: { name: "ada" } };
      for (const args of ["user disable ada", "user role ada student", "user remove ada"]) {
        const done = await ask(args, () => ({ status: 409, body: refused }));
        assert.equal(done.code, 1);
        assert.match(done.stderr, /^homeroom: ada is the only owner/);
      }
    });
  });

  it("user list tells locked people and newcomers", async () => {
    const users = [
      maria,
      { ...maria, name: "bo", state: "locked" },
      { ...maria, name: "wei", newcomer: true },
    ];
    const done = await ask("user list", () => ({ status: 200, body: { users } }));
    const states = done.stdout
      .trimEnd()
      .split("\n")
      .map((row) => row.split(/ {2,}/)[3]);
    assert.deepEqual(states, ["STATE", "active", "locked", "new"]);
  });

  describe("user show", () => {
    const details = {
      id: trashed.id,
      ...maria,
      state: "locked",
      locked: "2026-11-21T08:00:00.000Z",
      classes: [{ id: "g", name: "7b", role: "student" }],
      sessions: 1,
      server: "running",
      named_servers: [{ name: "Physics 3", state: "queued" }],
    };
    const session = {
      id: "s",
      device: "Firefox on Linux",
      address: "192.168.1.20",
      created: "2026-11-20T10:00:00.000Z",
      last_seen: "2026-11-20T10:30:00.000Z",
      kept: false,
    };
    const reply = ({ path }: Asked) => {
      if (path.endsWith("/sessions")) return { status: 200, body: { sessions: [session] } };
      if (path.includes("/audit")) return { status: 200, body: { records: [line] } };
      return { status: 200, body: { user: details } };
    };

    it("tells all that is known of one account", async () => {
      const done = await ask("user show maria", reply);
      assert.equal(done.code, 0, done.stderr);
      for (const words of [
        /^State: +locked since 2026-11-21 08:00$/m,
        /^Classes: +7b \(student\)$/m,
        /^Notebook: +running$/m,
        /^Notebook Physics 3: +queued$/m,
        /^Firefox on Linux +192\.168\.1\.20 /m,
        /^2026-11-20 10:30:59 +user\.renamed +console +maria +from=mia to=maria$/m,
      ]) {
        assert.match(done.stdout, words);
      }
      assert.deepEqual(
        done.asked.map(({ path }) => path),
        [
          "/hub/api/accounts/maria",
          "/hub/api/accounts/maria/sessions",
          "/hub/api/audit?limit=10&about=maria",
        ],
      );
    });

    it("has a form for programs", async () => {
      const done = await ask("user show maria --json", reply);
      const shown: unknown = JSON.parse(done.stdout);
      assert.deepEqual(shown, { user: details, sessions: [session], audit: [line] });
    });
  });

  describe("the trash", () => {
    const holding =
      (users: readonly object[], then: Reply = { status: 200, body: { user: maria } }) =>
      ({ method }: Asked): Reply =>
        method === "GET" ? { status: 200, body: { users } } : then;

    it("is listed with ids, and tells what is being erased", async () => {
      const users = [trashed, { ...namesake, erasing: true }];
      const done = await ask("user list --trash", holding(users));
      assert.match(done.stdout, /^abcdefghijklmnop +maria .* 2026-11-19 09:00 +in the trash$/m);
      assert.match(done.stdout, /^qrstuvwxyz234567 .* being erased$/m);
      const json = await ask("user list --trash --json", holding(users));
      assert.deepEqual(JSON.parse(json.stdout), users);
    });

    for (const name of ["maria", "MARÍA", " Maria ", trashed.id]) {
      it(`gives back who is called “${name}”`, async () => {
        const done = await ask(["user", "restore", name], holding([trashed]));
        assert.equal(done.code, 0, done.stderr);
        assert.deepEqual(done.asked[1], {
          method: "POST",
          path: `/hub/api/trash/${trashed.id}/restore`,
          body: {},
        });
        assert.match(done.stderr, /^maria is back/);
      });
    }

    it("gives back under another name, and says how when the old one is taken", async () => {
      const done = await ask("user restore maria --as mia", holding([trashed]));
      assert.deepEqual(done.asked[1]?.body, { name: "mia" });
      const body = { status: 409, message: "x", code: "name_taken", params: { name: "maria" } };
      const taken = await ask("user restore maria", holding([trashed], { status: 409, body }));
      assert.equal(taken.code, 1);
      assert.match(taken.stderr, /already someone .* maria\. Choose another with: .* --as NEWNAME/);
    });

    it("asks which one when several had the name, and shows their ids", async () => {
      for (const command of ["restore", "erase"]) {
        const done = await ask(`user ${command} maria`, holding([trashed, namesake]));
        assert.equal(done.code, 1);
        assert.match(done.stderr, /2 people in the trash were called maria/);
        assert.match(done.stderr, /^abcdefghijklmnop .*\nqrstuvwxyz234567 /m);
        assert.equal(done.asked.length, 1, "nothing was done");
      }
      const byId = await ask(`user restore ${namesake.id}`, holding([trashed, namesake]));
      assert.equal(byId.asked[1]?.path, `/hub/api/trash/${namesake.id}/restore`);
    });

    it("says when nobody there is called so", async () => {
      const done = await ask("user erase ada --confirm ada", holding([trashed]));
      assert.equal(done.code, 1);
      assert.match(done.stderr, /nobody called ada is in the trash.*user remove/);
    });

    it("erases only when the name was typed", async () => {
      const typed = await ask("user erase maria", holding([trashed], { status: 204 }), "maria\n");
      assert.equal(typed.code, 0);
      assert.match(typed.stderr, /María López \(maria\) with all files, for good/);
      assert.match(typed.stderr, /account and files are gone/);
      assert.deepEqual(typed.asked[1], {
        method: "DELETE",
        path: `/hub/api/trash/${trashed.id}`,
        body: { confirm: "maria" },
      });
      for (const input of ["", "\n", "   \n"]) {
        const not = await ask("user erase maria", holding([trashed], { status: 204 }), input);
        assert.equal(not.code, 1);
        assert.match(not.stderr, /Nothing was erased/);
        assert.equal(not.asked.length, 1);
      }
    });

    it("leaves it to the hub whether the typed name fits", async () => {
      const body = {
        status: 400,
        message: "x",
        code: "confirmation_wrong",
        params: { name: "maria" },
      };
      const reply = holding([trashed], { status: 400, body });
      const done = await ask("user erase maria --confirm mario", reply);
      assert.equal(done.code, 1);
      assert.match(done.stderr, /nothing was erased\. Type maria/);
      assert.doesNotMatch(done.stderr, /Type the user name to go on/, "scripts are not asked");
    });

    it("says when erasing goes on later", async () => {
      const reply = holding([trashed], { status: 202, body: { erasing: true } });
      const done = await ask("user erase maria --confirm maria", reply);
      assert.equal(done.code, 0);
      assert.match(
        done.stderr,
        /is being erased, and cannot be brought back\. It goes on by itself/,
      );
    });
  });

  describe("audit", () => {
    const lines = [line, { ...line, subject_name: "", actor_name: "=1+1" }];
    const reply = () => ({ status: 200, body: { records: lines } });

    it("shows the newest lines, and who was erased", async () => {
      const done = await ask("audit --about mia --limit 2", reply);
      assert.equal(done.asked[0]?.path, "/hub/api/audit?limit=2&about=mia");
      assert.match(done.stdout, /^TIME \(UTC\) /);
      assert.match(done.stdout, / =1\+1 +\(erased\) /);
      assert.match(done.stderr, /newest 2 lines; there may be older ones/);
    });

    it("has forms for programs and for spreadsheets, which take nothing for a formula", async () => {
      const json = await ask("audit --json", reply);
      assert.deepEqual(JSON.parse(json.stdout), lines);
      assert.equal(json.stderr, "");
      const csv = await ask("audit --csv --about maria", reply);
      assert.equal(csv.asked[0]?.path, "/hub/api/audit?limit=1000&about=maria");
      assert.match(csv.stdout, /,user\.renamed,console,"?'=1\+1"?,/);
    });

    it("hands on the whole file as the hub makes it, when all of it is asked for", async () => {
      const done = await ask("audit --csv", () => ({
        status: 200,
        body: { stands: "for a file" },
      }));
      assert.equal(done.asked[0]?.path, "/hub/admin/audit.csv");
      assert.equal(done.stdout, '{"stands":"for a file"}');
    });
  });

  describe("sign-up", () => {
    const first = { id: "aaaa", name: "Class", default: true, sign_up: { mode: "off" } };
    const second = {
      id: "bbbb",
      name: "7b",
      default: false,
      sign_up: {
        mode: "code",
        code: "HJK-MNP",
        opened: "2026-11-20T08:00:00.000Z",
        expires: "2026-11-20T10:00:00.000Z",
        places: 30,
        taken: 4,
      },
    };
    const reply = ({ method }: Asked) =>
      method === "GET"
        ? { status: 200, body: { classes: [first, second] } }
        : { status: 200, body: second };

    it("tells how it is for each class", async () => {
      const done = await ask("sign-up", reply);
      assert.match(done.stdout, /^Class \(newcomers\) +aaaa +off$/m);
      assert.match(done.stdout, /^7b +bbbb +code +HJK-MNP +2026-11-20 10:00 +4 of 30$/m);
      const json = await ask("sign-up --class 7B --json", reply);
      assert.deepEqual(JSON.parse(json.stdout), [second]);
    });

    it("prints the code alone on standard output", async () => {
      const done = await ask("sign-up code --hours 2 --places 30", reply);
      assert.equal(done.stdout, "HJK-MNP\n");
      assert.match(done.stderr, /until 2026-11-20 10:00 \(UTC\), for 30 people at most/);
      assert.deepEqual(done.asked[1], {
        method: "PUT",
        path: "/hub/api/classes/aaaa/sign-up",
        body: { mode: "code", hours: 2, places: 30 },
      });
    });

    it("closes and opens the class that is named, in any spelling or by id", async () => {
      for (const [args, id] of [
        ["sign-up off", "aaaa"],
        ["sign-up open --class=7B", "bbbb"],
        ["sign-up open --class=bbbb", "bbbb"],
      ] as const) {
        const done = await ask(args, reply);
        assert.equal(done.asked[1]?.path, `/hub/api/classes/${id}/sign-up`, args);
        assert.deepEqual(done.asked[1].body, { mode: args.includes("open") ? "open" : "off" });
      }
    });

    it("changes nothing when no class is called so", async () => {
      const done = await ask("sign-up open --class 8a", reply);
      assert.equal(done.code, 1);
      assert.match(done.stderr, /there is no such class/);
      assert.equal(done.asked.length, 1);
    });
  });
});
