/** OAuth as `jupyterhub-singleuser` speaks it: JupyterHub's statuses and words, and what it must not open. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { ServerSpec } from "#src/spawners/spawner.ts";
import type { Answer, HttpClient } from "#test/support/http-client.ts";
import {
  createSingleuserWorld,
  seenBy,
  type SingleuserWorld,
  tokenOf,
} from "#test/support/singleuser-world.ts";
import { signIn } from "#test/support/test-hub.ts";

const VERIFIER = "v".repeat(50);
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
type Fields = Readonly<Record<string, string | undefined>>;

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`OAuth at ${basePath}`, { timeout: 600_000 }, () => {
    let world: SingleuserWorld;
    let maria: HttpClient;
    let jose: HttpClient;
    let spec: ServerSpec;
    const hub = `${basePath}hub/`;
    const notebook = `${basePath}user/maria/`;
    const callback = `${notebook}oauth_callback`;
    const authorize = `${hub}api/oauth2/authorize`;

    before(async () => {
      world = await createSingleuserWorld(basePath);
      maria = await world.person("maria");
      jose = await world.person("jose");
      spec = await world.start(maria, "maria");
    });
    after(() => world?.[Symbol.asyncDispose]());

    function ask(client: HttpClient, changes: Fields = {}): Promise<Answer> {
      const usual: Fields = {
        client_id: "jupyterhub-user-maria",
        redirect_uri: callback,
        response_type: "code",
        state: "S&x",
        code_challenge: CHALLENGE,
        code_challenge_method: "S256",
      };
      return client.get(`${authorize}?${fieldsOf({ ...usual, ...changes }).toString()}`);
    }

    async function codeOf(client: HttpClient, changes: Fields = {}): Promise<string> {
      const answer = await ask(client, changes);
      assert.equal(answer.status, 302, answer.text);
      const { pathname, searchParams } = new URL(answer.headers.location ?? "", "http://box");
      assert.equal(pathname, callback);
      assert.equal(searchParams.get("state"), "S&x");
      return searchParams.get("code") ?? assert.fail(answer.headers.location);
    }

    function exchange(code: string, changes: Fields = {}) {
      const usual: Fields = {
        client_id: "jupyterhub-user-maria",
        client_secret: tokenOf(spec),
        grant_type: "authorization_code",
        code,
        redirect_uri: callback,
        code_verifier: VERIFIER,
      };
      const form = Object.fromEntries(fieldsOf({ ...usual, ...changes }));
      return world.ask("/oauth2/token", { form });
    }

    async function tokenFor(client: HttpClient): Promise<string> {
      const { status, body } = await exchange(await codeOf(client));
      assert.equal(status, 200);
      return String(body["access_token"]);
    }

    it("tells the server who visits, and that they may", async () => {
      const given = await exchange(await codeOf(maria));
      assert.equal(given.status, 200);
      assert.match(given.type, /^application\/json/);
      assert.equal(given.body["token_type"], "Bearer");
      assert.equal(given.body["expires_in"], 14 * 86_400);
      const scopes = [
        "access:servers!server=maria/",
        "read:users:groups!user=maria",
        "read:users:name!user=maria",
      ];
      assert.deepEqual(String(given.body["scope"]).split(" ").toSorted(), scopes);
      const who = await world.ask("/user", { token: String(given.body["access_token"]) });
      assert.equal(who.status, 200);
      assert.equal(who.body["name"], "maria");
      assert.equal(who.body["kind"], "user");
      assert.deepEqual(who.body["scopes"], scopes);
    });

    it("needs no challenge of servers from before JupyterHub 6, nor an address or a state", async () => {
      const none = { code_challenge: undefined, code_challenge_method: undefined };
      const old = await exchange(await codeOf(maria, none), { code_verifier: undefined });
      assert.equal(old.status, 200);
      const bare = await ask(maria, { redirect_uri: undefined, state: undefined });
      const code =
        new URL(bare.headers.location ?? "", "http://box").searchParams.get("code") ?? "";
      assert.equal((await exchange(code, { redirect_uri: undefined })).status, 200);
    });

    const nowhere: readonly (readonly [string, Fields])[] = [
      ["no client", { client_id: undefined }],
      ["an unknown client", { client_id: "jupyterhub-user-nobody" }],
      ["another's client", { client_id: "jupyterhub-user-jose" }],
      ["a foreign address", { redirect_uri: "http://evil.example/x" }],
      ["another path", { redirect_uri: `${notebook}files/x.html` }],
      ["the address with a query", { redirect_uri: `${callback}?x=y` }],
      ["an address like it", { redirect_uri: `//evil.example${callback}` }],
    ];
    for (const [what, changes] of nowhere) {
      it(`leads nowhere with ${what}`, async () => {
        const answer = await ask(maria, changes);
        assert.equal(answer.status, 400);
        assert.equal(answer.headers.location, undefined);
        assert.match(answer.headers["content-type"] ?? "", /^text\/html/);
      });
    }

    it("leads nowhere with an address that stands there twice", async () => {
      const twice = `client_id=jupyterhub-user-maria&redirect_uri=${callback}&redirect_uri=${callback}`;
      assert.equal((await maria.get(`${authorize}?${twice}&response_type=code`)).status, 400);
    });

    const sentBack: readonly (readonly [string, Fields, string])[] = [
      ["no type", { response_type: undefined }, "invalid_request"],
      ["another type", { response_type: "token" }, "unsupported_response_type"],
      ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request"],
      ["a challenge without a method", { code_challenge_method: undefined }, "invalid_request"],
      ["a challenge that is none", { code_challenge: "short" }, "invalid_request"],
      ["more than who visits", { scope: "admin:users" }, "invalid_scope"],
    ];
    for (const [what, changes, error] of sentBack) {
      it(`sends back ${error} for ${what}`, async () => {
        const answer = await ask(maria, changes);
        assert.equal(answer.status, 302);
        const { pathname, searchParams } = new URL(answer.headers.location ?? "", "http://box");
        assert.equal(pathname, callback);
        assert.equal(searchParams.get("error"), error);
        assert.equal(searchParams.get("state"), "S&x");
        assert.equal(searchParams.get("code"), null);
      });
    }

    it("has whoever is not signed in do that first, and come back", async () => {
      const answer = await ask(world.box.client());
      assert.equal(answer.status, 302);
      const { pathname, searchParams } = new URL(answer.headers.location ?? "", "http://box");
      assert.equal(pathname, `${hub}login`);
      assert.ok(searchParams.get("next")?.startsWith(`${authorize}?client_id=`));
    });

    it("gives nobody else a code, teachers and owners neither", async () => {
      for (const client of [jose, world.owner]) {
        const answer = await ask(client);
        assert.equal(answer.status, 403);
        assert.equal(answer.headers.location, undefined);
      }
    });

    it("takes no token in place of a session", async () => {
      const made = await maria.ask(`${hub}api/users/maria/tokens`, {
        method: "POST",
        json: {},
        headers: { "x-xsrftoken": maria.cookie("_xsrf", hub) ?? "" },
      });
      const { token } = JSON.parse(made.text) as { token: string };
      const headers = { authorization: `token ${token}` };
      const answer = await world.box.client().get(`${authorize}?client_id=x`, { headers });
      assert.match(answer.headers.location ?? "", /hub\/login/);
    });

    const refused: readonly (readonly [string, Fields, number, string])[] = [
      ["another kind of grant", { grant_type: "password" }, 400, "unsupported_grant_type"],
      ["no kind of grant", { grant_type: undefined }, 400, "unsupported_grant_type"],
      ["a wrong secret", { client_secret: "x".repeat(32) }, 401, "invalid_client"],
      ["no secret", { client_secret: undefined }, 401, "invalid_client"],
      ["another's name", { client_id: "jupyterhub-user-jose" }, 401, "invalid_client"],
      ["no code", { code: undefined }, 400, "invalid_request"],
      ["a code that was never made", { code: "x" }, 400, "invalid_grant"],
      ["another address", { redirect_uri: `${callback}/` }, 400, "invalid_request"],
      ["no address", { redirect_uri: undefined }, 400, "invalid_request"],
      ["no verifier", { code_verifier: undefined }, 400, "invalid_request"],
      ["a wrong verifier", { code_verifier: "w".repeat(50) }, 400, "invalid_grant"],
    ];
    for (const [what, changes, status, error] of refused) {
      it(`refuses ${what}, as ${error}`, async () => {
        const answer = await exchange(await codeOf(maria), changes);
        assert.equal(answer.status, status);
        assert.equal(answer.body["error"], error);
        assert.equal(answer.body["access_token"], undefined);
      });
    }

    it("takes a code once", async () => {
      const code = await codeOf(maria);
      assert.equal((await exchange(code)).status, 200);
      const again = await exchange(code);
      assert.equal(again.status, 400);
      assert.deepEqual(again.body, { error: "invalid_grant" });
    });

    it("refuses a verifier for a code that was asked without a challenge", async () => {
      const code = await codeOf(maria, {
        code_challenge: undefined,
        code_challenge_method: undefined,
      });
      assert.equal((await exchange(code)).body["error"], "invalid_grant");
    });

    it("takes codes at the server's door alone", async () => {
      const form = {
        client_id: "jupyterhub-user-maria",
        client_secret: tokenOf(spec),
        grant_type: "authorization_code",
        code: await codeOf(maria),
        redirect_uri: callback,
        code_verifier: VERIFIER,
      };
      for (const client of [maria, world.box.client()]) {
        const answer = await client.ask(`${hub}api/oauth2/token`, { method: "POST", form });
        assert.equal(answer.status, 401);
        assert.deepEqual(JSON.parse(answer.text), { error: "invalid_client" });
      }
      assert.equal((await maria.get(`${hub}api/oauth2/token`)).status, 405);
    });

    it("gives another server's visitor nothing at this door", async () => {
      const josesSpec = await world.start(jose, "jose");
      assert.equal((await world.ask("/user", { token: tokenOf(josesSpec) })).status, 403);
      assert.equal((await world.ask("/user", { token: tokenOf(spec) })).status, 200);
    });

    it("takes a form with the form's token in place of a link", async () => {
      const query = fieldsOf({ client_id: "jupyterhub-user-maria", response_type: "code" });
      const path = `${authorize}?${query.toString()}`;
      const answer = await maria.post(path);
      assert.equal(answer.status, 302);
      assert.ok(answer.headers.location?.startsWith(`${callback}?code=`));
      const forged = await maria.ask(path, { method: "POST", form: { _xsrf: "x" } });
      assert.equal(forged.status, 403);
      assert.equal(forged.headers.location, undefined);
      for (const method of ["PUT", "DELETE"]) {
        assert.equal((await maria.ask(path, { method })).status, 405, method);
      }
    });

    it("says in the list of tokens to whom it gave one, where it can be taken back", async () => {
      const token = await tokenFor(maria);
      const path = `${hub}api/users/maria/tokens`;
      const { api_tokens: tokens } = JSON.parse((await maria.get(path)).text) as {
        api_tokens: { id: string; oauth_client: string; session_id: string; note: string }[];
      };
      const { id, session_id, oauth_client, note } = tokens.at(-1) ?? assert.fail();
      assert.deepEqual([oauth_client, note], [`Server at ${notebook}`, ""]);
      assert.equal((await world.ask("/user", { token })).body["session_id"], session_id);
      const headers = { "x-xsrftoken": maria.cookie("_xsrf", hub) ?? "" };
      const revoked = await maria.ask(`${path}/${id}`, { method: "DELETE", headers });
      assert.equal(revoked.status, 204);
      assert.equal((await world.ask("/user", { token })).status, 403);
      assert.ok(!(await maria.get(`${hub}token`)).text.includes(notebook));
    });

    it("has whoever was let in say so first, then tells the server who that is", async () => {
      const headers = { "x-xsrftoken": maria.cookie("_xsrf", hub) ?? "" };
      const by = (method: string, what: string) =>
        maria.ask(`${hub}api/${what}/maria/`, { method, headers });
      const { code: link } = JSON.parse((await by("POST", "share-codes")).text) as { code: string };
      const ines = await world.person("ines");
      await ines.get(`${hub}accept-share?code=${link}`);
      assert.equal((await ines.post(`${hub}accept-share`, { code: link })).status, 302);
      const elsewhere = world.box.client();
      await signIn(elsewhere, basePath, "ines", "my own words");
      const asked = await ask(elsewhere);
      assert.equal(asked.status, 302);
      const { pathname, searchParams } = new URL(asked.headers.location ?? "", "http://box");
      assert.equal(pathname, `${hub}visit/maria`);
      assert.ok(searchParams.get("next")?.startsWith(`${authorize}?`));
      const token = await tokenFor(ines);
      const who = await world.ask("/user", { token });
      assert.equal(who.body["name"], "ines");
      const access = "access:servers!server=maria/";
      assert.deepEqual(who.body["scopes"], [
        access,
        "read:users:groups!user=ines",
        "read:users:name!user=ines",
      ]);
      const code = await codeOf(ines);
      assert.equal((await by("DELETE", "shares")).status, 204);
      const after = await world.ask("/user", { token });
      assert.ok(!JSON.stringify(after.body["scopes"] ?? []).includes(access));
      assert.equal((await exchange(code)).body["error"], "invalid_grant");
    });

    it("ends what a session gave with the session, at once", async () => {
      const other = world.box.client();
      await signIn(other, basePath, "maria", "my own words");
      const token = await tokenFor(other);
      const code = await codeOf(other);
      assert.equal((await world.ask("/user", { token })).status, 200);
      await other.get(`${hub}logout`);
      await other.post(`${hub}logout`);
      assert.equal((await world.ask("/user", { token })).status, 403);
      assert.equal((await exchange(code)).body["error"], "invalid_grant");
    });

    it("has a token of the server's own that tells of its activity, and opens nothing at the hub's port", async () => {
      const token = tokenOf(spec);
      const itself = await world.ask("/user", { token });
      assert.equal(itself.body["name"], "maria");
      assert.deepEqual(itself.body["scopes"], [
        "access:servers!server=maria/",
        "read:users:activity!user=maria",
        "read:users:groups!user=maria",
        "read:users:name!user=maria",
        "users:activity!user=maria",
      ]);
      const headers = { authorization: `token ${token}` };
      const program = world.box.client();
      for (const path of [`${hub}api/user`, `${notebook}api/status`]) {
        assert.equal((await program.get(path, { headers })).status, 403, path);
      }
      const told = { last_activity: new Date().toISOString() };
      const tell = (name: string) =>
        fetch(`${world.door}${hub}api/users/${name}/activity`, {
          method: "POST",
          headers,
          body: JSON.stringify(told),
        });
      assert.equal((await tell("maria")).status, 200);
      assert.equal((await tell("jose")).status, 404);
    });

    it("has nothing else behind the door, for anybody", async () => {
      const headers = {
        authorization: `token ${tokenOf(spec)}`,
        cookie: world.owner.cookieHeader(`${hub}api`),
      };
      const rows = [
        ["GET", `${hub}api/users`],
        ["GET", `${hub}api/users/maria`],
        ["GET", `${hub}api/users/maria/activity`],
        ["GET", `${hub}api/oauth2/authorize?client_id=jupyterhub-user-maria`],
        ["GET", `${hub}api/oauth2/token`],
        ["POST", `${hub}api/users/maria/tokens`],
        ["POST", `${hub}api/users/maria/server`],
        ["POST", `${hub}api/shutdown`],
        ["GET", `${hub}login`],
        ["GET", `${hub}home`],
        ["GET", `${hub}metrics`],
        ["GET", notebook],
        ["GET", basePath],
        ["OPTIONS", `${hub}api`],
      ] as const;
      for (const [method, path] of rows) {
        const answer = await fetch(world.door + path, { method, headers, redirect: "manual" });
        assert.equal(answer.status, 404, `${method} ${path}`);
        assert.equal(answer.headers.get("set-cookie"), null);
      }
      const cookie = { cookie: world.owner.cookieHeader(`${hub}api`) };
      const who = await fetch(`${world.door}${hub}api/user`, { headers: cookie });
      assert.equal(who.status, 403);
      const version = await fetch(`${world.door}${hub}api`);
      assert.equal(version.status, 200);
      assert.ok(version.headers.get("x-jupyterhub-version"));
    });

    it("passes the path's own cookies on to the server, and nothing that opens the hub", async () => {
      maria.keep("jupyterhub-user-maria", "hers", notebook);
      const seen = seenBy((await maria.get(`${notebook}api/me`)).text);
      assert.equal(seen.headers.cookie, "jupyterhub-user-maria=hers");
      assert.equal(seen.headers.authorization, undefined);
    });

    it("shows the server a pass in place of the visitor's token, good at its own door alone", async () => {
      const headers = { "x-xsrftoken": maria.cookie("_xsrf", hub) ?? "" };
      const tokens = `${hub}api/users/maria/tokens`;
      const made = await maria.ask(tokens, { method: "POST", json: {}, headers });
      const { token, id } = JSON.parse(made.text) as { token: string; id: string };
      const program = world.box.client();
      const byToken = { authorization: `token ${token}` };
      const answer = await program.get(`${notebook}api/me`, { headers: byToken });
      assert.equal(answer.status, 200);
      assert.ok(!answer.text.includes(token));
      const pass = /^token (pass-\S+)$/.exec(seenBy(answer.text).headers.authorization ?? "")?.[1];
      assert.ok(pass);
      const who = await world.ask("/user", { token: pass });
      assert.equal(who.body["name"], "maria");
      assert.ok(!JSON.stringify(who.body["scopes"]).includes("tokens"));
      assert.equal((await world.ask("/user", { token })).status, 403);
      const byPass = { authorization: `token ${pass}` };
      for (const path of [`${hub}api/user`, `${notebook}api/me`]) {
        assert.equal((await program.get(path, { headers: byPass })).status, 403, path);
      }
      const turned = pass.slice(0, -1) + (pass.endsWith("A") ? "B" : "A");
      assert.equal((await world.ask("/user", { token: turned })).status, 403);

      const revoked = await maria.ask(`${tokens}/${id}`, { method: "DELETE", headers });
      assert.equal(revoked.status, 204);
      assert.equal((await world.ask("/user", { token: pass })).status, 403);
      assert.equal((await program.get(`${notebook}api/me`, { headers: byToken })).status, 403);
    });

    it("takes another token with each start, and closes the door in between", async () => {
      const before = tokenOf(spec);
      const given = await tokenFor(maria);
      await maria.get(`${hub}home`);
      await maria.post(`${hub}stop/maria`);
      await assert.rejects(fetch(`${world.door}${hub}api`));
      assert.equal((await ask(maria)).status, 400);
      spec = await world.start(maria, "maria");
      assert.notEqual(tokenOf(spec), before);
      assert.equal((await world.ask("/user", { token: before })).status, 403);
      // Of the same session and server: the cookie that the browser still has goes on to serve.
      assert.equal((await world.ask("/user", { token: given })).status, 200);
    });
  });
}

function fieldsOf(fields: Fields): URLSearchParams {
  return new URLSearchParams(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
