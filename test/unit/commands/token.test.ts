import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { run } from "#src/commands/run.ts";
import { openFakeControl } from "#test/support/fake-control.ts";
import { FakeHost } from "#test/support/fake-host.ts";
import { type Folder, makeFolder } from "#test/support/folder.ts";

describe("token", () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => folder.remove());

  async function ask(args: readonly string[], status: number, body: object) {
    await using control = await openFakeControl(folder.path, () => ({ status, body }));
    const host = new FakeHost([...args], { env: { HOMEROOM_DATA: folder.path } });
    const code = await run(host, {
      hub: () => Promise.reject(new Error("no hub may be opened here")),
      spawner: () => Promise.reject(new Error("no spawner may be opened here")),
      checks: () => Promise.reject(new Error("nothing is looked at here")),
    });
    return { code, stdout: host.stdout, stderr: host.stderr, asked: control.asked };
  }

  const token = "0123456789abcdef0123456789abcdef";
  const made = {
    user: "ada",
    id: "a5",
    kind: "api_token",
    roles: [],
    scopes: ["read:users"],
    created: "2026-11-22T08:00:00.000000Z",
    last_activity: null,
    note: "Requested via api",
    session_id: null,
    oauth_client: "JupyterHub",
    token,
  };

  it("prints the token alone on standard output", async () => {
    const body = { ...made, expires_at: null };
    const done = await ask(["token", "Ada"], 201, body);
    assert.equal(done.code, 0);
    assert.equal(done.stdout, `${token}\n`);
    assert.match(done.stderr, /token a5 of ada, good until it is revoked/);
    assert.doesNotMatch(done.stderr, /0123/);
    assert.deepEqual(done.asked, [
      {
        method: "POST",
        path: "/hub/api/users/Ada/tokens",
        body: { note: "Made by ./homeroom token" },
      },
    ]);
  });

  it("asks for what the flags say", async () => {
    const body = { ...made, expires_at: "2026-11-22T09:00:00.000000Z" };
    const flags = ["--scopes=read:users,servers!user", "--expires-in", "60", "--note", "my script"];
    const done = await ask(["token", "ada", ...flags], 201, body);
    assert.match(done.stderr, /ends at 2026-11-22T09:00:00.000000Z/);
    assert.deepEqual(done.asked[0]?.body, {
      note: "my script",
      scopes: ["read:users", "servers!user"],
      expires_in: 60,
    });
  });

  it("prints the token of a service", async () => {
    const done = await ask(["token", "--service", "culler"], 200, { token });
    assert.equal(done.stdout, `${token}\n`);
    assert.equal(done.stderr, "");
    assert.equal(done.asked[0]?.path, "/hub/api/services/culler/token");
  });

  it("says in words what was refused, with nothing on standard output", async () => {
    const params = { scopes: "shutdown", who: "User ada" };
    const refused = { status: 400, message: "x", code: "scopes_not_held", params };
    const done = await ask(["token", "ada", "--scopes=shutdown"], 400, refused);
    assert.equal(done.code, 1);
    assert.equal(done.stdout, "");
    assert.match(done.stderr, /more than its person may: shutdown/);
  });
});
