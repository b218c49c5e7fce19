/** The sign-in form, filled in by programs and by browsers that have more cookies, or fewer, than they should. Fake engine. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { Answer, AskOptions, HttpClient } from "#test/support/http-client.ts";
import { type TestHub, createTestHub } from "#test/support/test-hub.ts";

const PASSWORD = "sam likes cold tea";
const BOUNDARY = "------------------------f4b1d7f30cb6";
/** As any Jupyter on another port of the same host sets it. */
const JUPYTERS = "2|56ef1d3a|0c5d77f2e1b14c0a9d1f0f3f5f6b7a88|1795357907";

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`signing in at ${basePath}`, () => {
    const login = `${basePath}hub/login`;
    const notebook = `${basePath}user/sam/lab`;
    let box: TestHub;

    before(async () => {
      const overrides = { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } };
      box = await createTestHub({ config: { basePath }, overrides });
      await box.command("POST", "accounts", { name: "sam", password: PASSWORD });
    });
    after(() => box[Symbol.asyncDispose]());

    async function opened(): Promise<{ client: HttpClient; token: string }> {
      const client = box.client();
      await client.get(login);
      return { client, token: client.cookie("_xsrf", login) ?? assert.fail() };
    }

    async function signedIn(): Promise<HttpClient> {
      const { client } = await opened();
      const answer = await client.post(login, { username: "sam", password: PASSWORD });
      assert.equal(answer.status, 302);
      return client;
    }

    function leadsTo(answer: Answer, path: string): void {
      const seen = [answer.status, answer.headers.location];
      assert.deepEqual(seen, [302, path], answer.text.slice(0, 300));
    }

    const typed = { username: "sam", password: PASSWORD };
    const shapes: Readonly<
      Record<string, (token: string) => { query?: string; options: AskOptions }>
    > = {
      "a field": (token) => ({ options: { form: { _xsrf: token, ...typed } } }),
      "the address": (token) => ({ query: `?_xsrf=${token}`, options: { form: typed } }),
      "a field, and nothing in the address": (token) => ({
        query: "?_xsrf=",
        options: { form: { _xsrf: token, ...typed } },
      }),
      "X-XSRFToken": (token) => ({ options: { form: typed, headers: { "x-xsrftoken": token } } }),
      "X-CSRFToken": (token) => ({ options: { form: typed, headers: { "x-csrftoken": token } } }),
      "a form in parts": (token) => ({
        options: {
          body: `${Object.entries({ _xsrf: token, ...typed })
            .map(
              ([name, value]) =>
                `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
            )
            .join("")}--${BOUNDARY}--\r\n`,
          headers: { "content-type": `multipart/form-data; boundary="${BOUNDARY}"` },
        },
      }),
    };
    for (const [where, shape] of Object.entries(shapes)) {
      it(`takes the form token by ${where}`, async () => {
        const { client, token } = await opened();
        const { query = "", options } = shape(token);
        const answer = await client.ask(login + query, { method: "POST", ...options });
        leadsTo(answer, `${basePath}hub/home`);
      });
    }

    it("leads on to what the form says, and never elsewhere", async () => {
      for (const [next, path] of [
        [`${basePath}hub/token`, `${basePath}hub/token`],
        [`${notebook}/tree/my notes.ipynb`, `${notebook}/tree/my%20notes.ipynb`],
        ["//evil.example/", `${basePath}hub/home`],
      ] as const) {
        const { client } = await opened();
        leadsTo(await client.post(login, { ...typed, next }), path);
      }
    });

    it("asks again for JSON, and for forms that lack something", async () => {
      const wrong: readonly AskOptions[] = [
        { json: typed },
        { form: { username: "sam" } },
        { form: { password: PASSWORD } },
        { form: {} },
      ];
      for (const options of wrong) {
        const { client, token } = await opened();
        const headers = { "x-xsrftoken": token };
        const answer = await client.ask(login, { method: "POST", headers, ...options });
        assert.equal(answer.status, 403);
        assert.match(answer.text, /name="password"/);
      }
    });

    it("works beside another Jupyter on the same host, whose form token is sent along", async () => {
      const { client, token } = await opened();
      client.keep("_xsrf", JUPYTERS, "/");
      assert.equal((await client.get(login)).headers["set-cookie"], undefined, "it keeps its own");
      leadsTo(await client.post(login, typed), `${basePath}hub/home`);
      const { client: other } = await opened();
      const cookie = `_xsrf=${JUPYTERS}; _xsrf=${token}`;
      const form = { _xsrf: token, ...typed };
      const answer = await other.ask(login, { method: "POST", headers: { cookie }, form });
      leadsTo(answer, `${basePath}hub/home`);
      const foreign = await other.ask(login, {
        method: "POST",
        headers: { cookie },
        form: { ...typed, _xsrf: JUPYTERS },
      });
      assert.equal(foreign.status, 403);
    });

    it("gives a browser that lost its form token another one", async () => {
      const client = await signedIn();
      client.forget("_xsrf");
      leadsTo(await client.get(login), `${basePath}hub/home`);
      const answer = await client.post(`${basePath}hub/spawn`);
      leadsTo(answer, notebook);
    });

    it("asks a browser that lost one of its cookies to sign in, in place of leading it in circles", async () => {
      const client = await signedIn();
      client.forget("jupyterhub-session-id");
      const asked = await client.get(notebook, { follow: true });
      assert.equal(asked.url.split("?")[0], login);
      assert.match(asked.text, /name="username"[^>]*value="sam"/);
      const next = `?next=${encodeURIComponent(notebook)}`;
      leadsTo(await client.post(login + next, typed), notebook);
      assert.equal((await client.get(`${basePath}hub/home`)).status, 200);
      assert.notEqual((await client.get(notebook)).status, 302, "it is known there, too");
    });

    it("takes back session cookies that came twice, so that signing in helps", async () => {
      for (const name of ["jupyterhub-session-id", "jupyterhub-hub-login"]) {
        const client = await signedIn();
        const cookie = `${client.cookieHeader(login)}; ${name}=${"b".repeat(32)}`;
        const answer = await client.get(login, { headers: { cookie } });
        assert.equal(answer.status, 200);
        const gone = (answer.headers["set-cookie"] ?? []).flatMap((text) => {
          const [, path] = new RegExp(`^${name}=; Path=([^;]+); Max-Age=0`).exec(text) ?? [];
          return path === undefined ? [] : [path];
        });
        for (const path of ["/", basePath, `${basePath}hub/`]) {
          assert.ok(gone.includes(path), `${name} at ${path}: ${gone.join(" ")}`);
        }
      }
    });
  });
}
