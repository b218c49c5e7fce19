import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError, failureText, failures, isFailureCode } from "#src/errors.ts";

describe("the table of failures", () => {
  it("fills the placeholders of each reader's sentence", () => {
    const error = new HubError("crashed", { exit_code: 137 });
    assert.equal(error.status, 424);
    assert.match(failureText(error.toData(), "teacher"), /exit code 137/);
    assert.doesNotMatch(failureText(error.toData(), "student"), /137/);
  });

  it("gives what is missing for one reader in the student's words", () => {
    const error = new HubError("too_many_attempts", { seconds: 40 }, { retryAfter: 40 });
    assert.equal(
      failureText(error.toData(), "teacher"),
      "Too many tries. Try again in 40 seconds.",
    );
    assert.equal(error.retryAfter, 40);
  });

  it("crosses a seam as data and comes back the same", () => {
    const error = new HubError("image_missing", { image: "x" });
    const back = HubError.from(JSON.parse(JSON.stringify(error.toData())) as typeof error);
    assert.ok(back instanceof HubError);
    assert.deepEqual([back.code, back.status, back.message], [error.code, 503, error.message]);
  });

  it("does not expand what stands in a value", () => {
    const error = new HubError("name_taken", { name: "{name}$&" });
    assert.equal(failureText(error.toData(), "api"), "User {name}$& already exists");
  });

  it("has a status that HTTP knows and words for a student in every row", () => {
    for (const [code, failure] of Object.entries(failures)) {
      assert.ok(failure.status >= 400 && failure.status < 600, code);
      assert.ok(failure.student.length > 0, code);
    }
    assert.equal(isFailureCode("constructor"), false);
  });

  it("has whole sentences of its own, which catalogues can translate", () => {
    const texts = Object.entries<{ student: string; teacher?: string }>(failures)
      // What a program sent is described to programs, in English.
      .filter(([code]) => code !== "invalid_field")
      .flatMap(([code, { student, teacher = student }]) => [
        [code, student],
        [code, teacher],
      ]);
    for (const [code, text = ""] of texts) {
      assert.doesNotMatch(text, /\{(reason|message|text)\}/, code);
      assert.match(text, /^\P{Ll}/u, code);
    }
  });

  it("says what JupyterHub says to programs about every name it refuses", () => {
    const refusals = Object.entries<{ student: string; api?: string }>(failures).filter(
      ([code]) => code.startsWith("name_") && code !== "name_taken",
    );
    assert.ok(refusals.length > 0);
    for (const [code, { api }] of refusals) assert.equal(api, "Invalid username: {name}", code);
  });

  it("never shows a student the machinery", () => {
    for (const [code, failure] of Object.entries(failures)) {
      // A placeholder is not shown, whatever it is called.
      const shown = failure.student.replaceAll(/\{\w+\}/g, "…");
      assert.doesNotMatch(shown, /docker|container|spawn|token|server/i, code);
    }
  });
});
