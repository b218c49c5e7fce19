/**
 * Every address of the API with every method, at two base paths: HEAD wherever GET is, OPTIONS without signing in,
 * 405 with the methods that there are, and JSON whatever is wrong. The client holds all of it against docs/api.yaml.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApiDocument, apiDocument } from "#test/support/api-document.ts";
import { type Classrooms, createClassrooms } from "#test/support/classrooms.ts";
import type { Answer } from "#test/support/http-client.ts";

const { paths }: ApiDocument = apiDocument();
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const places = Object.entries(paths).map(([path, operations]) => ({
  path: path.replace("{name}", "sam").replaceAll(/\{\w+\}/g, "x1"),
  has: Object.keys(operations).map((method) => method.toUpperCase()),
}));

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`methods of the API at ${basePath}`, () => {
    let rooms: Classrooms;
    const api = `${basePath}hub/api`;

    before(async () => {
      rooms = await createClassrooms({ basePath });
      await rooms.stage();
    });
    after(() => rooms[Symbol.asyncDispose]());

    for (const { path, has } of places) {
      it(`${path} tells anybody by OPTIONS what it has`, async () => {
        const headers = {
          origin: "http://elsewhere.example",
          "access-control-request-method": "GET",
        };
        const answer = await rooms.ask("anonymous", api + path, { method: "OPTIONS", headers });
        assert.equal(answer.status, 200);
        assert.equal(answer.text, "");
        assertCors(answer, path);
        assert.deepEqual(allowed(answer), [...withHead(has), "OPTIONS"].toSorted());
      });

      for (const method of methods.filter((each) => !has.includes(each))) {
        it(`${path} answers ${method} with 405 and what it has`, async () => {
          const before = rooms.digest();
          for (const who of ["owner", "anonymous"] as const) {
            const answer = await rooms.ask(who, api + path, { method });
            assert.equal(answer.status, 405, answer.text);
            assert.deepEqual(allowed(answer), [...withHead(has), "OPTIONS"].toSorted());
            assertCors(answer, path);
          }
          assert.equal(rooms.digest(), before);
        });
      }

      it(`${path} answers a method that the API never has with 405 and what it has`, async () => {
        const before = rooms.digest();
        for (const method of ["TRACE", "PROPFIND", "QUERY"]) {
          for (const who of ["owner", "anonymous"] as const) {
            const answer = await rooms.ask(who, api + path, { method });
            assert.equal(answer.status, 405, answer.text);
            assert.deepEqual(allowed(answer), [...withHead(has), "OPTIONS"].toSorted());
          }
        }
        assert.equal(rooms.digest(), before);
      });

      if (!has.includes("GET")) continue;
      it(`${path} answers HEAD as GET, without the body`, async () => {
        for (const who of ["owner", "student", "anonymous"] as const) {
          const get = await rooms.ask(who, api + path);
          const head = await rooms.ask(who, api + path, { method: "HEAD" });
          assert.equal(head.status, get.status);
          assert.equal(head.text, "");
          assert.equal(head.headers["content-type"], get.headers["content-type"]);
          assertCors(get, path);
          assertCors(head, path);
        }
      });
    }

    it("says in JSON that there is nothing, whoever asks with whatever method", async () => {
      for (const path of ["/nope", "/users/sam/nope", "/users/sam/server/x", "/groups/x1/nope/"]) {
        for (const method of [...methods, "OPTIONS"]) {
          const answer = await rooms.ask("anonymous", api + path, { method });
          assert.equal(answer.status, 404, `${method} ${path}`);
        }
      }
    });

    for (const path of [
      "hub/api/users/%zz",
      "hub/api//users",
      "hub/api/%00",
      "hub/api/a%2F%2e%2e",
    ]) {
      it(`refuses ${path} in JSON`, async () => {
        const answer = await rooms.ask("owner", basePath + path);
        assert.ok(answer.status === 400 || answer.status === 404, answer.text);
        assert.equal(JSON.parse(answer.text).status, answer.status);
      });
    }

    for (const [who, path, status] of [
      ["anonymous", "user/sam/api/kernels", 403],
      ["classmate", "user/sam/api/kernels", 404],
      ["student", "user/sam/api/kernels", 424],
      ["student", "user/nobody/api/kernels", 404],
      ["student", "user/sam/api/%zz", 400],
      ["student", "user/sam/api/x%00y", 400],
    ] as const) {
      it(`answers ${who} at ${path} with ${status} in JSON`, async () => {
        for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
          const accept = "text/html";
          const answer = await rooms.ask(who, basePath + path, { method, headers: { accept } });
          const type = answer.headers["content-type"] ?? "";
          assert.match(type, /^application\/json/, `${method}: ${answer.text.slice(0, 200)}`);
          if (method === "GET") assert.equal(answer.status, status);
          if (method === "HEAD") assert.equal(answer.text, "");
          else assert.equal(typeof JSON.parse(answer.text).message, "string");
        }
      });
    }
  });
}

/** As JupyterHub: which headers may be sent stands everywhere, and only the version may be read from anywhere. */
function assertCors({ headers }: Answer, path: string): void {
  assert.equal(headers["access-control-allow-headers"], "accept, content-type, authorization");
  assert.equal(headers["access-control-allow-origin"], path === "/" ? "*" : undefined);
  assert.equal(headers["access-control-allow-credentials"], undefined);
}

function allowed({ headers }: Answer): readonly string[] {
  return (headers.allow ?? "").split(/,\s*/).toSorted();
}

function withHead(has: readonly string[]): readonly string[] {
  return has.includes("GET") ? [...has, "HEAD"] : has;
}
