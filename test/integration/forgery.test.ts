/** Every address that changes something, asked for by somebody else's page. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Handlers, routeTable } from "#src/routes/index.ts";
import { FakeHomes, FakeSpawner } from "#test/support/fake-spawner.ts";
import type { HttpClient } from "#test/support/http-client.ts";
import { type TestHub, createTestHub } from "#test/support/test-hub.ts";

/** Handlers that are never called: the table is read for its addresses alone. */
const anyHandler: unknown = new Proxy({}, { get: () => new Proxy({}, { get: () => () => {} }) });
const routes = routeTable(anyHandler as Handlers);

const basePath = "/jupyterhub/";
const changing = routes.filter(
  ([method, , , , options]) => method !== "GET" && options?.skipsForgeryCheck !== true,
);
const addressOf = (path: string): string =>
  basePath +
  path
    .replace(":name", "ada")
    .replace(":id", "x")
    .replace(/\{?\*path\}?/, "x");

describe("requests forged by another page", () => {
  let box: TestHub;
  let owner: HttpClient;

  before(async () => {
    box = await createTestHub({
      config: { basePath },
      overrides: { spawner: { spawner: new FakeSpawner(), homes: new FakeHomes() } },
    });
    owner = await box.setUp();
  });
  after(() => box[Symbol.asyncDispose]());

  it("the table has addresses that change something", () => assert.ok(changing.length >= 15));

  for (const [method, path] of changing) {
    const address = addressOf(path);
    it(`${method} ${address} is refused without a form token`, async () => {
      const answer = await owner.ask(address, { method, form: { username: "x", password: "y" } });
      assert.equal(answer.status, 403);
    });

    it(`${method} ${address} is refused with another visitor's token`, async () => {
      const other = box.client();
      await other.get(`${basePath}hub/login`);
      const foreign = other.cookie("_xsrf", `${basePath}hub/`) ?? "";
      assert.notEqual(foreign, "");
      const answer = await owner.ask(address, { method, headers: { "x-xsrftoken": foreign } });
      assert.equal(answer.status, 403);
    });

    for (const origin of ["http://evil.example", "null", "http://127.0.0.1:1"]) {
      it(`${method} ${address} is refused from ${origin} even with the right token`, async () => {
        const token = owner.cookie("_xsrf", address) ?? "";
        assert.notEqual(token, "");
        const answer = await owner.ask(address, {
          method,
          headers: { origin, "x-xsrftoken": token },
        });
        assert.equal(answer.status, 403);
        assert.match(answer.text, /outside this box/);
      });
    }
  }

  it("does not depend on what a browser says of its request", async () => {
    for (const mode of ["navigate", "no-cors", "cors", "same-origin"]) {
      for (const site of ["same-origin", "same-site", "cross-site", "none"]) {
        const answer = await owner.ask(`${basePath}hub/spawn`, {
          method: "POST",
          form: {},
          headers: { "sec-fetch-mode": mode, "sec-fetch-site": site, "sec-fetch-dest": "document" },
        });
        assert.equal(answer.status, 403, `${mode} ${site}`);
      }
    }
  });

  it("shows the sign-in form again when its token ran out", async () => {
    const visitor = box.client();
    const answer = await visitor.ask(`${basePath}hub/login`, {
      method: "POST",
      form: { username: "ada", password: "correct horse battery", _xsrf: "old" },
    });
    assert.equal(answer.status, 403);
    assert.match(answer.text, /value="ada"/);
    assert.equal((await visitor.get(`${basePath}hub/home`)).status, 302);
  });

  it("takes the browser's own form from the own page", async () => {
    const origin = box.origin;
    const path = `${basePath}hub/account/appearance`;
    const answer = await owner.post(path, { theme: "dark" }, { headers: { origin } });
    assert.equal(answer.status, 302);
    const referred = await owner.post(
      path,
      { theme: "light" },
      { headers: { referer: `${origin}${basePath}hub/account` } },
    );
    assert.equal(referred.status, 302);
  });

  it("changes nothing by GET: the account commands answer to their methods alone", async () => {
    for (const [, path] of changing) {
      const isAlsoPage = routes.some(([other, same]) => other === "GET" && same === path);
      if (isAlsoPage) continue;
      const answer = await owner.get(addressOf(path));
      assert.ok([404, 405].includes(answer.status), `${path} answered ${answer.status}`);
    }
  });
});
