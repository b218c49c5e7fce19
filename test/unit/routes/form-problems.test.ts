import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { formProblems } from "#src/routes/form-problems.ts";

describe("a failure in a form", () => {
  const tooShort = new HubError("password_too_short", { minimum: 8 });

  it("stands at the field that it is about", () => {
    assert.deepEqual(formProblems(tooShort, ["username", "password"]), {
      fields: { password: { code: "password_too_short", params: { minimum: 8 } } },
    });
  });

  it("stands above a form that does not have the field, so that it is never lost", () => {
    const problems = formProblems(new HubError("current_password_wrong"), ["password"]);
    assert.deepEqual(problems, {
      form: { code: "current_password_wrong", params: {} },
      fields: {},
    });
  });

  it("stands above the form when it is about no field", () => {
    const problems = formProblems(new HubError("too_many_attempts", { seconds: 3 }), ["password"]);
    assert.deepEqual([problems.form?.code, problems.fields], ["too_many_attempts", {}]);
  });
});
