/** API tokens of people and services, asked of a whole hub as JupyterHub's clients ask. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { AskOptions } from "#test/support/http-client.ts";
import { type Classrooms, createClassrooms } from "#test/support/classrooms.ts";

const api = "/hub/api/";

interface Made {
  readonly id: string;
  readonly token: string;
  readonly scopes: readonly string[];
  readonly [key: string]: unknown;
}

let rooms: Classrooms;

before(async () => {
  rooms = await createClassrooms();
});

after(() => rooms[Symbol.asyncDispose]());

beforeEach(() => rooms.stage());

/** With a token alone, as a program has it. */
function withToken(token: string, path: string, options: AskOptions = {}, scheme = "token") {
  const headers = { authorization: `${scheme} ${token}`, ...options.headers };
  return rooms.box.client().ask(path, { ...options, headers });
}

async function make(
  who: Parameters<Classrooms["ask"]>[0],
  name: string,
  json: unknown = {},
): Promise<Made> {
  const path = `${api}users/${name}/tokens`;
  const answer = await rooms.ask(who, path, { method: "POST", json });
  assert.equal(answer.status, 201, answer.text);
  return JSON.parse(answer.text) as Made;
}

function messageOf(text: string): unknown {
  return (JSON.parse(text) as { message: unknown }).message;
}

describe("POST users/:name/tokens", () => {
  it("answers JupyterHub's model with the token, once", async () => {
    const made = await make("student", "sam", { note: "my script", expires_in: 3600 });
    const { token, created, expires_at, ...model } = made;
    assert.match(token, /^[0-9a-f]{32}$/);
    assert.match(String(created), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    const life = Date.parse(String(expires_at)) - Date.parse(String(created));
    assert.equal(life, 3_600_000);
    assert.deepEqual(model, {
      user: "sam",
      id: made.id,
      kind: "api_token",
      roles: [],
      scopes: made.scopes,
      last_activity: null,
      note: "my script",
      session_id: null,
      oauth_client: "JupyterHub",
    });
    assert.match(made.id, /^a[1-9]\d*$/);
    assert.deepEqual(made.scopes, made.scopes.toSorted());
    assert.ok(made.scopes.includes("access:servers!user=sam"));
    assert.ok(made.scopes.every((scope) => scope.endsWith("!user=sam")));
    const { text } = await rooms.ask("student", `${api}users/sam/tokens`);
    assert.ok(!text.includes(token));
    assert.equal((JSON.parse(text) as { api_tokens: Made[] }).api_tokens[0]?.id, made.id);
  });

  it("refuses in JupyterHub's words", async () => {
    const post = (json: unknown, name = "sam") =>
      rooms.ask("student", `${api}users/${name}/tokens`, { method: "POST", json });
    for (const [json, message] of [
      [[], "Body must be a JSON dict or empty"],
      [{ expires_in: "x" }, "token expires_in must be null or integer, not 'x'"],
      [{ expires_in: 1.5 }, "token expires_in must be null or integer, not 1.5"],
      [{ scopes: "self" }, "token scopes must be null or a list of strings, not 'self'"],
      [{ roles: [1] }, "token roles must be null or a list of strings, not [1]"],
      [{ scopes: ["rule:world"] }, "Scope 'rule:world' does not exist"],
      [
        { scopes: ["list:users!user=alex"] },
        "Not assigning requested scopes list:users!user=alex,read:users:name!user=alex not held by User sam",
      ],
    ] as const) {
      const answer = await post(json);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(messageOf(answer.text), message);
    }
    for (const name of ["alex", "nobody-there"]) {
      const answer = await post({}, name);
      assert.equal(answer.status, 403);
      const words = `User ${name} not found or no permissions to generate tokens`;
      assert.equal(messageOf(answer.text), words);
    }
  });

  it("takes a user name and password in place of a sign-in, with the same limits", async () => {
    const name = "ann";
    const password = "three little words";
    const added = await rooms.ask("owner", `${api}accounts`, {
      method: "POST",
      json: { name, password },
    });
    assert.equal(added.status, 201);
    const ask = (auth: unknown, whose = name) =>
      rooms.box.client().ask(`${api}users/${whose}/tokens`, { method: "POST", json: { auth } });
    const good = await ask({ username: name, password });
    assert.equal(good.status, 201, good.text);
    const { token } = JSON.parse(good.text) as Made;
    assert.equal((await withToken(token, `${api}user`)).status, 200);
    for (const auth of [
      undefined,
      null,
      "x",
      { username: name },
      { username: name, password: "" },
    ]) {
      const bad = await ask(auth);
      assert.equal(bad.status, 403);
      assert.equal(messageOf(bad.text), "Forbidden");
    }
    assert.equal((await ask({ username: name, password }, "sam")).status, 403);
    let last = 0;
    for (let time = 0; time < 8 && last !== 429; time += 1) {
      last = (await ask({ username: name, password: "wrong" })).status;
    }
    assert.equal(last, 429);
  });

  it("gives nothing for a first password", async () => {
    const added = await rooms.ask("owner", `${api}accounts`, {
      method: "POST",
      json: { name: "fay" },
    });
    const { first_password: password } = JSON.parse(added.text) as { first_password: string };
    const auth = { username: "fay", password };
    const answer = await rooms.box
      .client()
      .ask(`${api}users/fay/tokens`, { method: "POST", json: { auth } });
    assert.equal(answer.status, 403);
  });

  it("wants the form token of a session, and nothing but a token of a program", async () => {
    const { token } = await make("student", "sam");
    const path = `${api}users/sam/tokens`;
    const forged = await rooms.ask("student", path, {
      method: "POST",
      json: {},
      headers: { "x-xsrftoken": "" },
    });
    assert.equal(forged.status, 403);
    const form = await rooms.ask("student", path, { method: "POST", form: { note: "x" } });
    assert.equal(form.status, 403);
    assert.equal(messageOf(form.text), "Missing or invalid credentials.");
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const byToken = await withToken(token, path, { method: "POST", headers, body: '{"note":"y"}' });
    assert.equal(byToken.status, 201, byToken.text);
    assert.equal((JSON.parse(byToken.text) as Made)["note"], "y");
    const foreign = { origin: "http://evil.example" };
    const credentials = { auth: { username: "sam", password: "x" } };
    const fromPage = await rooms.box
      .client()
      .ask(path, { method: "POST", json: credentials, headers: foreign });
    assert.equal(fromPage.status, 403);
  });
});

describe("GET and DELETE users/:name/tokens/:id", () => {
  it("show and revoke one, which is worth nothing from then on", async () => {
    const { id, token } = await make("student", "sam");
    const path = `${api}users/sam/tokens/${id}`;
    const shown = await withToken(token, path);
    assert.equal(shown.status, 200);
    assert.ok((JSON.parse(shown.text) as Made)["last_activity"] !== null);
    assert.equal((await withToken(token, path, { method: "DELETE" })).status, 204);
    assert.equal((await withToken(token, `${api}user`)).status, 403);
    for (const method of ["GET", "DELETE"]) {
      const gone = await rooms.ask("student", path, { method });
      assert.equal(gone.status, 404);
      assert.equal(messageOf(gone.text), `No such token ${id} for user sam`);
    }
    const actions = (await auditOf("sam")).map(({ action }) => action);
    assert.deepEqual(actions.slice(0, 2), ["token.revoked", "token.created"]);
  });

  it("are not for others, but for owners", async () => {
    const { id } = await make("student", "sam");
    for (const who of ["classmate", "teacher", "farTeacher"] as const) {
      for (const path of [`${api}users/sam/tokens`, `${api}users/sam/tokens/${id}`]) {
        assert.equal((await rooms.ask(who, path)).status, 404, who);
      }
      const path = `${api}users/sam/tokens/${id}`;
      assert.equal((await rooms.ask(who, path, { method: "DELETE" })).status, 404, who);
    }
    assert.equal((await rooms.ask("anonymous", `${api}users/sam/tokens`)).status, 403);
    assert.equal((await rooms.ask("owner", `${api}users/sam/tokens/${id}`)).status, 200);
    const own = await make("teacher", "tess");
    const mixed = await rooms.ask("owner", `${api}users/sam/tokens/${own.id}`);
    assert.equal(mixed.status, 404);
  });
});

interface Line {
  readonly action: string;
  readonly detail: unknown;
}

async function auditOf(name: string): Promise<readonly Line[]> {
  const { text } = await rooms.ask("owner", `${api}audit?about=${name}`);
  return (JSON.parse(text) as { records: Line[] }).records;
}

describe("a token in a header", () => {
  it("says who asks, in every spelling that JupyterHub takes", async () => {
    const { token, id } = await make("student", "sam", { scopes: ["read:users!user"] });
    for (const scheme of ["token", "Token", "bearer", "BEARER  "]) {
      const answer = await withToken(token, `${api}user`, {}, scheme);
      assert.equal(answer.status, 200, scheme);
      const model = JSON.parse(answer.text) as Made;
      assert.equal(model["name"], "sam");
      assert.equal(model["token_id"], id);
      assert.equal(model["session_id"], null);
      assert.deepEqual(model.scopes, [
        "read:users!user=sam",
        "read:users:activity!user=sam",
        "read:users:groups!user=sam",
        "read:users:name!user=sam",
      ]);
    }
    for (const header of [
      `Basic ${token}`,
      token,
      `token ${token}x`,
      "token",
      `token ${token} x`,
    ]) {
      const headers = { authorization: header };
      const answer = await rooms.box.client().ask(`${api}users/sam`, { headers });
      assert.equal(answer.status, 403, header);
      assert.equal(messageOf(answer.text), "Missing or invalid credentials.");
    }
  });

  it("opens no page, and the address carries none", async () => {
    const { token } = await make("owner", "olga");
    for (const path of [
      "/hub/home",
      "/hub/admin",
      "/hub/account",
      "/hub/token",
      "/hub/admin/people",
    ]) {
      const page = await withToken(token, path);
      assert.equal(page.status, 302, path);
      assert.match(page.headers.location ?? "", /^\/hub\/login/);
    }
    const form = { method: "POST", form: { life: "never", note: "" } };
    assert.equal((await withToken(token, "/hub/token", form)).status, 403);
    assert.equal((await rooms.box.client().ask(`${api}user?token=${token}`)).status, 403);
  });

  it("is no sign-in: a password shown as one counts for nothing", async () => {
    const before = (await auditOf("sam")).length;
    for (let time = 0; time < 30; time += 1) {
      assert.equal((await withToken("sam-likes-tea", `${api}user`)).status, 403);
    }
    assert.equal((await auditOf("sam")).length, before);
  });

  it("may what its scopes say and its person may, and no more", async () => {
    const narrow = await make("owner", "olga", { scopes: ["list:users", "read:users!user=alex"] });
    const list = await withToken(narrow.token, `${api}users`);
    assert.equal(list.status, 200);
    const refused = await withToken(narrow.token, `${api}users`, {
      method: "POST",
      json: { usernames: ["nina"] },
    });
    assert.equal(refused.status, 403);
    assert.equal(
      messageOf(refused.text),
      "Action is not authorized with current scopes; requires any of [admin:users]",
    );
    const some = await make("owner", "olga", {
      scopes: ["admin:users!user=alex", "delete:users!user=alex"],
    });
    for (const [method, path, json] of [
      ["POST", "users", { usernames: ["nina"] }],
      ["POST", "users/nina", {}],
      ["POST", "accounts", { name: "nina" }],
    ] as const) {
      const answer = await withToken(some.token, api + path, { method, json });
      assert.ok([403, 404].includes(answer.status), `${path} ${answer.status} ${answer.text}`);
    }
    assert.equal((await rooms.ask("owner", `${api}users/nina`)).status, 404);
    const raise = { method: "PATCH", json: { admin: true } };
    assert.equal((await withToken(some.token, `${api}users/alex`, raise)).status, 403);
    const other = await withToken(some.token, `${api}users/sam`, { method: "DELETE" });
    assert.equal(other.status, 404);
    const gone = await withToken(some.token, `${api}users/alex`, { method: "DELETE" });
    assert.equal(gone.status, 204, gone.text);
  });

  it("is worth nothing once its person is locked or in the trash, nor afterwards", async () => {
    const person = async (json: unknown) =>
      rooms.ask("owner", `${api}accounts/sam`, { method: "PATCH", json });
    const first = await make("student", "sam");
    assert.equal((await person({ disabled: true })).status, 200);
    assert.equal((await withToken(first.token, `${api}user`)).status, 403);
    assert.equal((await person({ disabled: false })).status, 200);
    assert.equal((await withToken(first.token, `${api}user`)).status, 403);
    const second = await make("owner", "sam");
    assert.equal((await withToken(second.token, `${api}user`)).status, 200);
    await rooms.ask("owner", `${api}accounts/sam`, { method: "DELETE" });
    assert.equal((await withToken(second.token, `${api}user`)).status, 403);
  });
});

describe("the page of tokens", () => {
  it("shows a new one once, and to nobody else", async () => {
    const form = { life: "week", note: "for <b>me</b>" };
    const asked = await rooms.ask("student", "/hub/token", { method: "POST", form });
    assert.equal(asked.status, 302, asked.text);
    const where = asked.headers.location ?? "";
    assert.equal((await rooms.ask("classmate", where)).text.includes("new-token"), false);
    const { text } = await rooms.ask("student", where);
    const token = /id="new-token">([0-9a-f]{32})</.exec(text)?.[1] ?? "";
    assert.equal((await withToken(token, `${api}user`)).status, 200);
    assert.ok(text.includes("for &lt;b&gt;me&lt;/b&gt;"));
    assert.ok(!(await rooms.ask("student", where)).text.includes(token));
    assert.ok(!where.includes(token));
  });

  it("revokes one's own alone", async () => {
    const { id, token } = await make("student", "sam");
    const path = `/hub/token/${id}/revoke`;
    for (const who of ["classmate", "owner"] as const) {
      assert.equal((await rooms.ask(who, path, { method: "POST", form: {} })).status, 302);
      assert.equal((await withToken(token, `${api}user`)).status, 200, who);
    }
    const done = await rooms.ask("student", path, { method: "POST", form: {} });
    assert.equal(done.headers.location, "/hub/token?revoked=1");
    assert.equal((await withToken(token, `${api}user`)).status, 403);
  });

  it("says who made one for somebody else", async () => {
    await make("student", "sam", { note: "own" });
    await make("owner", "sam", { note: "helping hand" });
    await make("console", "sam", { note: "by command" });
    const { text } = await rooms.ask("student", "/hub/token");
    const rows = text.split("<li>").slice(1);
    const saidOf = (note: string) => rows.find((row) => row.includes(note)) ?? "";
    assert.match(saidOf("helping hand"), /Made for you by <bdi>[^<]+<\/bdi>/);
    assert.match(saidOf("by command"), /Made for you by a command on the box/);
    assert.doesNotMatch(saidOf(">own<"), /Made for you/);
  });

  it("takes no life that the form does not offer", async () => {
    for (const life of ["", "for ever", "constructor"]) {
      const form = { life, note: "" };
      assert.equal(
        (await rooms.ask("student", "/hub/token", { method: "POST", form })).status,
        400,
      );
    }
  });
});

describe("the console", () => {
  it("makes a token for anyone, but for nobody who is locked", async () => {
    const made = await make("console", "Sam", { scopes: ["self"], note: "x" });
    assert.equal((await withToken(made.token, `${api}user`)).status, 200);
    const json = { disabled: true };
    await rooms.ask("owner", `${api}accounts/sam`, { method: "PATCH", json });
    const path = `${api}users/sam/tokens`;
    assert.equal((await rooms.ask("console", path, { method: "POST", json: {} })).status, 403);
  });
});
