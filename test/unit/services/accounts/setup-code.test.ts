import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { SetupCode, makeSetupCode } from "#src/services/accounts/setup-code.ts";
import { createPeople, failureOf, visitorAt } from "#test/support/people.ts";

const owner = { name: "olga", displayName: "", password: "three small words" };
let people: ReturnType<typeof createPeople>;
let setupCode: SetupCode;

beforeEach(() => {
  people = createPeople();
  setupCode = new SetupCode(people);
});

describe("the set-up code", () => {
  it("is three groups of three characters that nobody mistakes, and 40 bits", () => {
    const made = new Set(Array.from({ length: 500 }, makeSetupCode));
    assert.equal(made.size, 500);
    const used = new Set([...made].join(""));
    for (const code of made) {
      assert.match(code, /^[34679CDFGHJKMNPQRTVWXY]{3}(?:-[34679CDFGHJKMNPQRTVWXY]{3}){2}$/);
    }
    used.delete("-");
    assert.ok(9 * Math.log2(used.size) >= 40);
  });

  it("stays the same over restarts until there is an owner", async () => {
    const code = await setupCode.current();
    assert.equal(await setupCode.current(), code);
    assert.equal(await new SetupCode(people).current(), code);
    await people.accounts.setUp(owner, visitorAt("192.168.1.20"));
    assert.equal(await setupCode.current(), undefined);
    assert.equal(people.store.get("settings", "setupCode"), undefined);
    assert.equal(
      await failureOf(setupCode.check(code ?? "", visitorAt("192.168.1.20"))),
      "setup_done",
    );
  });

  it("is one, also when it is first asked for twice at the same moment", async () => {
    const [one, other] = await Promise.all([setupCode.current(), setupCode.current()]);
    assert.equal(one, other);
  });

  it("fits however it is typed", async () => {
    const code = (await setupCode.current()) ?? "";
    const spaced = code.replaceAll("-", " ");
    for (const typed of [
      code,
      code.toLowerCase(),
      spaced,
      ` ${code.replaceAll("-", "")}\n`,
      code.replaceAll("-", "–"),
    ]) {
      await setupCode.check(typed, visitorAt("192.168.1.20"));
    }
  });

  it("cannot be guessed without end", async () => {
    const code = (await setupCode.current()) ?? "";
    const guess = (typed: string, address: string) =>
      failureOf(setupCode.check(typed, visitorAt(address)));
    for (const typed of [
      "",
      "AAA-AAA-AAA",
      `${code}X`,
      code.slice(1),
      "x".repeat(1_000_000),
      "...",
    ]) {
      assert.equal(await guess(typed, "192.168.1.66"), "wrong_setup_code");
    }
    assert.equal(await guess(code, "192.168.1.66"), "too_many_attempts");
    assert.equal(await guess(code, "192.168.1.20"), "no failure");
  });
});
