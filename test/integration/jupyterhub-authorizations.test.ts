/** Whose a token is, as clients from before JupyterHub 2.0 ask: with the token in the address. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type Classrooms, createClassrooms } from "#test/support/classrooms.ts";
import type { Answer } from "#test/support/http-client.ts";

for (const basePath of ["/", "/jupyterhub/"]) {
  describe(`tokens in addresses below ${basePath}`, () => {
    let rooms: Classrooms;
    const address = (secret: string) => `${basePath}hub/api/authorizations/token/${secret}`;

    before(async () => {
      rooms = await createClassrooms({ basePath });
    });
    beforeEach(() => rooms.stage());
    after(() => rooms[Symbol.asyncDispose]());

    function messageOf(answer: Answer): string {
      return (JSON.parse(answer.text) as { message: string }).message;
    }

    it("tells who asks with their own token who they are", async () => {
      const answer = await rooms.askByToken("student", address(rooms.tokenText("student")));
      assert.equal(answer.status, 200, answer.text);
      assert.partialDeepStrictEqual(JSON.parse(answer.text), {
        kind: "user",
        name: "sam",
        admin: false,
        groups: ["Class"],
        server: null,
        servers: {},
      });
    });

    it("tells whose another's token is, and of them no more than the visitor may see", async () => {
      const answer = await rooms.askByToken("student", address(rooms.tokenText("farTeacher")));
      assert.equal(answer.status, 200, answer.text);
      const model = JSON.parse(answer.text) as object;
      assert.partialDeepStrictEqual(model, { kind: "user", name: "fred", groups: ["Away"] });
      for (const key of ["servers", "last_activity", "created", "roles", "token"]) {
        assert.ok(!Object.hasOwn(model, key), key);
      }
    });

    it("knows no tokens that are unknown, too long, or of people who may not sign in", async () => {
      const locked = rooms.tokenText("classmate");
      const gone = rooms.tokenText("colleague");
      await rooms.put("classmate", { disabled: "2026-11-22T08:00:00.000Z" });
      await rooms.trash("colleague");
      const odd = ["nope", "%F0%9F%92%A9", "x".repeat(5000), "__proto__", locked, gone];
      for (const secret of odd) {
        const answer = await rooms.askByToken("owner", address(secret));
        assert.equal(answer.status, 404, `${secret.slice(0, 20)}: ${answer.text}`);
        assert.equal(messageOf(answer), "Not Found");
      }
    });

    it("refuses who has no token, a dead one, or a session", async () => {
      const secret = rooms.tokenText("student");
      const dead = { headers: { authorization: "token dead" } };
      for (const answer of [
        await rooms.ask("anonymous", address(secret)),
        await rooms.ask("anonymous", address(secret), dead),
        await rooms.ask("owner", address(secret)),
        await rooms.ask("console", address(secret)),
      ]) {
        assert.equal(answer.status, 403, answer.text);
        assert.ok(!answer.text.includes("sam"), answer.text);
      }
    });

    it("looks nobody up by a cookie", async () => {
      const cookies = `${basePath}hub/api/authorizations/cookie/jupyterhub-hub-login/abc`;
      assert.equal((await rooms.askByToken("owner", cookies)).status, 404);
    });
  });
}
