import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { words } from "#src/services/accounts/first-password-words.ts";
import { makeFirstPassword } from "#src/services/accounts/first-passwords.ts";
import { checkPasswordRules } from "#src/services/sign-in/passwords.ts";

describe("a first password", () => {
  it("is three words and three digits, without 0 and 1", () => {
    const known = new Set(words);
    for (let count = 0; count < 500; count += 1) {
      const password = makeFirstPassword();
      assert.match(password, /^[a-z]+-[a-z]+-[a-z]+-[2-9]{3}$/);
      assert.ok(
        password
          .split("-")
          .slice(0, 3)
          .every((word) => known.has(word)),
      );
    }
  });

  it("has 37 bits at least", () => {
    assert.equal(new Set(words).size, words.length);
    assert.ok(3 * Math.log2(words.length) + 3 * Math.log2(8) >= 37);
  });

  it("is made of short words of small letters", () => {
    for (const word of words) {
      assert.match(word, /^[a-z]{2,10}$/);
    }
  });

  it("is not the same twice, and passes the rules itself", () => {
    // Of so few, two are alike once in five million times.
    const made = new Set(Array.from({ length: 300 }, makeFirstPassword));
    assert.equal(made.size, 300);
    for (const password of made) {
      checkPasswordRules(password, { name: "maria", minLength: 8 });
    }
  });

  it("says nothing unkind", () => {
    const unkind =
      /^(?:fat|ugly|stupid|dumb|kill|gun|knife|die|dead|drug|beer|wine|pig|cow|ape|monkey|rat|donkey|dog|bitch|sex|kiss|nude|hate|hell|devil|god|fool|idiot|poor|slave)s?$/;
    assert.deepEqual(
      words.filter((word) => unkind.test(word)),
      [],
    );
  });
});
