import assert from "node:assert/strict";
import { it } from "node:test";
import { loggedPath } from "#src/routes/middleware/access-log.ts";

it("a path in the log is short, and without the secrets that old clients put there", () => {
  assert.equal(loggedPath("/hub/api/users/sam"), "/hub/api/users/sam");
  assert.equal(loggedPath(`/${"x".repeat(300)}`).length, 200);
  for (const base of ["/", "/jupyterhub/"]) {
    const old = `${base}hub/api/authorizations/`;
    assert.equal(loggedPath(`${old}token/0123abcd`), `${old}token/…`);
    assert.equal(loggedPath(`${old}cookie/name/0123abcd`), `${old}cookie/…`);
    assert.equal(loggedPath(`${old}token`), `${old}token`);
  }
});
