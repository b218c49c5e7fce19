/** People sign in to a service of the configuration by this box, as JupyterHub's HubOAuth has them do. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { apiDocument } from "#test/support/api-document.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import { type Answer, HttpClient } from "#test/support/http-client.ts";
import {
  addPerson,
  createTestHub,
  signIn,
  signInFirst,
  type TestHub,
} from "#test/support/test-hub.ts";

const CALLBACK = "http://box.lan:9000/oauth_callback?keep=1";
type Fields = Readonly<Record<string, string>>;

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`OAuth of services at ${basePath}`, { timeout: 600_000 }, () => {
    let box: TestHub;
    let owner: HttpClient;
    let maria: HttpClient;
    let secret: string;
    const hub = `${basePath}hub/`;
    const authorize = `${hub}api/oauth2/authorize`;

    before(async () => {
      const office = {
        scopes: [],
        redirectUri: "http://box.lan:9001/cb",
        people: "teachers",
      } as const;
      box = await createTestHub({
        config: {
          basePath,
          services: {
            grader: {
              scopes: [],
              redirectUri: CALLBACK,
              oauthScopes: ["read:servers!user", "list:users"],
            },
            office,
            culler: { scopes: ["list:users"] },
          },
        },
        overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
      });
      owner = await box.setUp();
      const about = { displayName: "María", username: "maria" };
      const password = await addPerson(owner, basePath, about);
      maria = box.client();
      await signInFirst(maria, basePath, "maria", password, "my own words");
      secret = await secretOf("grader");
    });
    after(() => box?.[Symbol.asyncDispose]());

    async function secretOf(service: string): Promise<string> {
      const socketPath = join(box.dataDir, "control.sock");
      const console = new HttpClient("http://localhost", { socketPath });
      const answer = await console.get(`${hub}api/services/${service}/token`);
      return (JSON.parse(answer.text) as { token: string }).token;
    }

    function addressOf(changes: Fields = {}): string {
      const usual = { client_id: "service-grader", redirect_uri: CALLBACK, response_type: "code" };
      return `${authorize}?${new URLSearchParams({ ...usual, state: "S&x", ...changes }).toString()}`;
    }

    async function codeOf(client: HttpClient, changes: Fields = {}): Promise<string> {
      const path = addressOf(changes);
      assert.equal((await client.get(path)).status, 200);
      const answer = await client.post(path);
      assert.equal(answer.status, 302, answer.text);
      const location = new URL(answer.headers.location ?? "");
      assert.equal(location.searchParams.get("state"), "S&x");
      return location.searchParams.get("code") ?? assert.fail(location.href);
    }

    function exchange(code: string, changes: Fields = {}, headers: Fields = {}): Promise<Answer> {
      const usual = { client_id: "service-grader", client_secret: secret };
      const form = { ...usual, grant_type: "authorization_code", code, redirect_uri: CALLBACK };
      const path = `${hub}api/oauth2/token`;
      return box.client().ask(path, { method: "POST", form: { ...form, ...changes }, headers });
    }

    async function tokenFor(client: HttpClient): Promise<string> {
      const given = await exchange(await codeOf(client));
      assert.equal(given.status, 200, given.text);
      return (JSON.parse(given.text) as { access_token: string }).access_token;
    }

    async function as(token: string, path: string): Promise<Answer> {
      return box.client().get(hub + path, { headers: { authorization: `token ${token}` } });
    }

    it("asks the person first, on a page that says what the service gets", async () => {
      const page = await maria.get(addressOf());
      assert.equal(page.status, 200);
      assert.match(page.text, /Sign in to .*grader/);
      assert.match(page.text, /box\.lan:9000/);
      assert.match(page.text, /read:servers!user=maria/);
      // She may not list people, so the service is not given that either.
      assert.ok(!page.text.includes("list:users"));
      const policy = page.headers["content-security-policy"] ?? "";
      assert.match(String(policy), /form-action 'self' http:\/\/box\.lan:9000(?:;|$)/);
      assert.match(String(policy), /frame-ancestors 'none'/);
    });

    it("sends back nobody whose browser another page has made agree", async () => {
      const forged = await maria.ask(addressOf(), { method: "POST", form: { _xsrf: "x" } });
      assert.equal(forged.status, 403);
      assert.equal(forged.headers.location, undefined);
    });

    it("sends the browser back to the service's own address, with all that is in it", async () => {
      await maria.get(addressOf());
      const { headers } = await maria.post(addressOf());
      assert.ok(headers.location?.startsWith(`${CALLBACK}&code=`), headers.location);
    });

    it("gives the service a token that says who it is, and may what she agreed to", async () => {
      const token = await tokenFor(maria);
      const who = JSON.parse((await as(token, "api/user")).text) as Record<string, unknown>;
      assert.equal(who["name"], "maria");
      assert.equal(who["kind"], "user");
      assert.deepEqual(who["scopes"], [
        "access:services!service=grader",
        "read:servers!user=maria",
        "read:users:groups!user=maria",
        "read:users:name!user=maria",
      ]);
      assert.equal((await as(token, "api/users/maria")).status, 200);
      for (const path of ["api/users", "api/users/maria/tokens"]) {
        assert.equal((await as(token, path)).status, 403, path);
      }
      assert.equal((await as(token, "api/users/ada")).status, 404);
    });

    it("gives no more than the service asks for", async () => {
      const path = { scope: "identify" };
      const given = await exchange(await codeOf(maria, path));
      const { scope } = JSON.parse(given.text) as { scope: string };
      assert.ok(!scope.includes("read:servers"), scope);
      const more = await maria.get(addressOf({ scope: "admin:users" }));
      assert.match(more.headers.location ?? "", /error=invalid_scope/);
    });

    it("knows the service by HTTP's own scheme too", async () => {
      const code = await codeOf(maria);
      const basic = Buffer.from(`service-grader:${secret}`).toString("base64");
      const bare = { client_id: "", client_secret: "" };
      const given = await exchange(code, bare, { authorization: `Basic ${basic}` });
      assert.equal(given.status, 200, given.text);
    });

    it("gives a code's token to the service that it was made for alone, and once", async () => {
      const other = await secretOf("office");
      const code = await codeOf(maria);
      const wrong = await exchange(code, { client_secret: other });
      assert.equal(wrong.status, 401);
      const stolen = { client_id: "service-office", client_secret: other };
      assert.match((await exchange(code, stolen)).text, /invalid_grant/);
      assert.equal((await exchange(code)).status, 200);
      assert.match((await exchange(code)).text, /invalid_grant/);
    });

    it("is asked with the form that the description has", async () => {
      const described = apiDocument().paths["/oauth2/token"]?.["post"]?.requestBody?.content;
      const { schema } = described?.["application/x-www-form-urlencoded"] ?? {};
      const required = schema?.["required"] as readonly string[]; // By OpenAPI.
      const credentials = { client_id: "service-grader", client_secret: secret };
      const whole: Fields = {
        grant_type: "authorization_code",
        code: await codeOf(maria),
        redirect_uri: CALLBACK,
      };
      assert.deepEqual(Object.keys(whole), required);
      const ask = (form: Fields) =>
        box.client().ask(`${hub}api/oauth2/token`, { method: "POST", form });
      for (const name of required) {
        const form: Fields = { ...whole, ...credentials, code: await codeOf(maria) };
        const { [name]: _, ...without } = form;
        assert.equal((await ask(without)).status, 400, name);
      }
      assert.equal((await ask({ ...whole, ...credentials })).status, 200);
    });

    it("leads nowhere for services that nobody signs in to, and to no other address", async () => {
      const rows: readonly Fields[] = [
        { client_id: "service-culler" },
        { client_id: "service-nothing" },
        { client_id: "service-toString" },
        { redirect_uri: "http://box.lan:9000/oauth_callback" },
        { redirect_uri: "http://evil.example/oauth_callback?keep=1" },
        { redirect_uri: "" },
      ];
      for (const changes of rows) {
        const answer = await maria.get(addressOf(changes));
        assert.equal(answer.status, 400, JSON.stringify(changes));
        assert.equal(answer.headers.location, undefined);
      }
    });

    it("lets in whom the configuration lets in", async () => {
      const office = { client_id: "service-office", redirect_uri: "http://box.lan:9001/cb" };
      for (const method of ["GET", "POST"]) {
        const path = addressOf(office);
        const answer = method === "GET" ? await maria.get(path) : await maria.post(path);
        assert.equal(answer.status, 403, method);
        assert.equal(answer.headers.location, undefined);
      }
      assert.equal((await owner.get(addressOf(office))).status, 200);
    });

    it("ends with the session, and by the person's own hand", async () => {
      const other = box.client();
      await signIn(other, basePath, "maria", "my own words");
      const ofSession = await tokenFor(other);
      const taken = await tokenFor(maria);
      assert.match((await maria.get(`${hub}token`)).text, /JupyterHub service grader/);
      const { api_tokens: tokens } = JSON.parse(
        (await maria.get(`${hub}api/users/maria/tokens`)).text,
      ) as { api_tokens: { id: string; oauth_client: string }[] };
      const last = tokens.at(-1) ?? assert.fail();
      assert.equal(last.oauth_client, "JupyterHub service grader");
      assert.equal((await maria.post(`${hub}token/${last.id}/revoke`)).status, 302);
      assert.equal((await as(taken, "api/user")).status, 403);
      assert.equal((await as(ofSession, "api/user")).status, 200);
      await other.get(`${hub}logout`);
      await other.post(`${hub}logout`);
      assert.equal((await as(ofSession, "api/user")).status, 403);
    });

    it("is in the audit", async () => {
      await tokenFor(maria);
      const { records } = JSON.parse((await owner.get(`${hub}api/audit?about=maria`)).text) as {
        records: { action: string; actor_name: string; detail: Record<string, unknown> | null }[];
      };
      const made = records.find(({ action }) => action === "token.created");
      assert.equal(made?.actor_name, "maria");
      assert.equal(made?.detail?.["note"], "JupyterHub service grader");
    });
  });
}
