import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { argon2id, hash as argon2Hash } from "argon2";
import * as v from "valibot";
import { HubError, failureText } from "#src/errors.ts";
import { Passwords, checkPasswordRules } from "#src/services/sign-in/passwords.ts";
import { countedComparisons } from "#test/support/counted-comparisons.ts";

/** Those of the list that are long enough. */
const leaked = v
  .parse(
    v.array(v.string()),
    createRequire(import.meta.url)("@zxcvbn-ts/language-common/src/passwords.json"),
  )
  .filter((text) => text.length >= 8);

const password = "red lamp río";

describe("a password hash", () => {
  const passwords = new Passwords({ width: 2 });

  it("is argon2id with the parameters of the design, and fits its password alone", async () => {
    const hash = await passwords.hash(password);
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
    assert.equal(await passwords.verify(hash, password), true);
    assert.equal(await passwords.verify(hash, `${password} `), false);
    assert.equal(await passwords.verify(hash, password.toUpperCase()), false);
    assert.equal(passwords.needsRehash(hash), false);
  });

  it("fits the same letters from a keyboard that sends them in parts", async () => {
    const hash = await passwords.hash("contrase\u00F1a de Zo\u00EB");
    assert.equal(await passwords.verify(hash, "contrasen\u0303a de Zoe\u0308"), true);
  });

  it("never fits an empty password or one of more than 1,024 bytes, and is not made of one", async () => {
    const hash = await passwords.hash("");
    assert.equal(await passwords.verify(hash, ""), false);
    for (const long of ["x".repeat(1025), "é".repeat(513), "x".repeat(5_000_000)]) {
      assert.equal(await passwords.verify(hash, long), false);
      await assert.rejects(passwords.hash(long), { code: "password_too_long" });
    }
    const longest = "é".repeat(512);
    assert.equal(await passwords.verify(await passwords.hash(longest), longest), true);
  });

  it("with other parameters still fits, and is to be made anew", async () => {
    const old = await argon2Hash(password, {
      type: argon2id,
      memoryCost: 8192,
      timeCost: 1,
      parallelism: 2,
    });
    assert.equal(await passwords.verify(old, password), true);
    assert.equal(passwords.needsRehash(old), true);
  });

  it("that is damaged, missing or too dear never fits and never throws", async () => {
    const [salt, output] = ["c2FsdHNhbHRzYWx0c2FsdA", "A".repeat(43)];
    const stored = [
      undefined,
      "",
      "not a hash",
      "$argon2id$",
      `$argon2id$v=19$m=4194304,t=100,p=1$${salt}$${output}`,
      `$argon2id$v=19$m=65537,t=2,p=1$${salt}$${output}`,
      `$argon2id$v=19$m=19456,t=7,p=1$${salt}$${output}`,
      `$argon2id$v=19$m=19456,t=2,p=5$${salt}$${output}`,
      `$argon2id$v=19$m=0,t=2,p=1$${salt}$${output}`,
      `$argon2id$v=19$m=7,t=2,p=1$${salt}$${output}`,
      `$argon2id$v=19$m=19456,t=0,p=1$${salt}$${output}`,
      `$argon2id$v=19$m=19456,m=19456,p=1$${salt}$${output}`,
      `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${output}`,
      `$argon2id$v=16$m=19456,t=2,p=1$${salt}$${output}`,
      `$argon2id$v=19$m=19456,t=2,p=1$c2Fs$${output}`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$AA`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${output}\n`,
      "$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    ];
    for (const hash of stored) {
      assert.equal(await passwords.verify(hash, password), false, String(hash));
      if (hash !== undefined) assert.equal(passwords.needsRehash(hash), true, hash);
    }
  });

  it("that is real but too dear does not fit either", async () => {
    for (const cost of [
      { memoryCost: 1024, timeCost: 7, parallelism: 1 },
      { memoryCost: 65_544, timeCost: 1, parallelism: 1 },
      { memoryCost: 1024, timeCost: 1, parallelism: 5 },
    ]) {
      const dear = await argon2Hash(password, { type: argon2id, ...cost });
      assert.equal(await passwords.verify(dear, password), false);
    }
  });

  it("takes as much work to refuse when there is none, or one that is damaged or too dear", async () => {
    const { comparisons, works } = countedComparisons();
    const counted = new Passwords({ width: 1, comparisons });
    const hash = await counted.hash(password);
    const tooDear = hash.replace("t=2", "t=99");
    for (const stored of [hash, undefined, "not a hash", tooDear]) {
      assert.equal(await counted.verify(stored, "wrong password"), false);
    }
    assert.deepEqual(works, Array(4).fill("argon2 m=19456,p=1,t=2"));
  });
});

describe("the queue of hashes", () => {
  it("has room for as many as there are cores, but leaves a thread to the database", async () => {
    for (const [width, most] of [
      [1, 1],
      [2, 2],
      [16, 3],
      [0, 1],
    ] as const) {
      assert.equal(await mostAtOnce(new Passwords({ width })), most, `width ${width}`);
    }
  });

  it("asks people to come back when five hundred wait, and has room again when they leave", async () => {
    const passwords = new Passwords({ width: 1 });
    const gone = new AbortController();
    const waiting = Array.from({ length: 501 }, () =>
      passwords.verify(undefined, "x", gone.signal),
    );
    const refusal = await passwords.verify(undefined, "x").catch((error: unknown) => error);
    assert.ok(refusal instanceof HubError);
    assert.deepEqual([refusal.code, refusal.status, refusal.retryAfter], ["too_busy", 503, 5]);
    gone.abort();
    await Promise.allSettled(waiting);
    assert.equal(await passwords.verify(undefined, "x"), false);
  });

  it("keeps the order in which people came, and lets sign-ins go before new hashes", async () => {
    const passwords = new Passwords({ width: 1 });
    const done: string[] = [];
    await Promise.all([
      passwords.hash(password).then(() => done.push("running")),
      passwords.hash(password).then(() => done.push("hash 1")),
      passwords.hash(password).then(() => done.push("hash 2")),
      passwords.verify(undefined, "a").then(() => done.push("sign-in 1")),
      passwords.verify(undefined, "b").then(() => done.push("sign-in 2")),
    ]);
    assert.deepEqual(done, ["running", "sign-in 1", "sign-in 2", "hash 1", "hash 2"]);
  });

  it("gives up the place of someone who went away", async () => {
    const passwords = new Passwords({ width: 1 });
    const gone = new AbortController();
    const running = passwords.hash(password);
    const waiting = passwords.verify(undefined, "a", gone.signal);
    const next = passwords.verify(undefined, "b");
    gone.abort(new Error("went away"));
    await assert.rejects(waiting, /went away/);
    await assert.rejects(passwords.verify(undefined, "c", gone.signal), /went away/);
    assert.equal(await next, false);
    await running;
    // Nobody's place was lost.
    assert.equal(await passwords.verify(await passwords.hash(password), password), true);
  });
});

describe("the rules for a password", () => {
  const rules = { name: "maria", minLength: 8, previous: "lamp-river-tiger-427" };

  /** The sentence of a refusal, with its code in front. */
  function answerTo(text: string): string {
    try {
      checkPasswordRules(text, rules);
      return "fine";
    } catch (error) {
      assert.ok(error instanceof HubError);
      return `${error.code}: ${failureText(error.toData(), "student")}`;
    }
  }

  it("accept what is long enough and not obvious, in any script", () => {
    for (const text of [
      "lampriver",
      "tres palabras juntas",
      "कखगघङचछज",
      "سلام يا عالم",
      "8 chars!",
      "maria likes tea",
      "passwordless cat",
      "x".repeat(500) + "y",
    ]) {
      assert.equal(answerTo(text), "fine", text);
    }
  });

  it("count characters as people do", () => {
    assert.match(answerTo("1234567"), /^password_too_short: .*at least 8 characters/);
    assert.match(answerTo(""), /^password_too_short: .*at least 8 characters/);
    assert.match(answerTo("😀😃😄😁😆😅😂"), /^password_too_short: .*at least 8 characters/);
    assert.match(
      answerTo("e\u0301e\u0301e\u0301e\u0301"),
      /^password_too_short: .*at least 8 characters/,
    );
    assert.equal(answerTo("😀😃😄😁😆😅😂🤣"), "fine");
  });

  it("refuse the user name, also dressed up", () => {
    for (const text of ["maria2026", "María1234!", "MARIA!!!!"]) {
      assert.match(answerTo(text), /^password_is_name: .*more than your user name/, text);
    }
  });

  it("refuse the password that it replaces", () => {
    assert.match(answerTo("lamp-river-tiger-427"), /^password_unchanged: .*another password/);
  });

  it("refuse what everybody tries first", () => {
    for (const text of [
      "password",
      "Password1",
      "P4ssw0rd!",
      "passwort123",
      "contraseña",
      "12345678",
      "87654321",
      "123123123",
      "qwertyui",
      "QWERTZUIOP",
      "1q2w3e4r",
      "aaaaaaaa",
      "abababab",
      "        ",
      "iloveyou",
      "student123",
      "Football2026",
      "welcome!",
      "jupyterhub",
    ]) {
      assert.match(answerTo(text), /^password_common: .*others would try/, text);
    }
  });

  it("refuse all of the passwords that leaked most often, however they are typed", () => {
    assert.ok(leaked.length > 15_000);
    for (const text of leaked) {
      for (const typed of [text, text.toUpperCase()]) {
        assert.notEqual(answerTo(typed), "fine", typed);
      }
    }
    for (const known of ["trustno1", "jordan23", "q1w2e3r4t5", "Tinkerbell", "manchester"]) {
      assert.match(answerTo(known), /^password_common/, known);
    }
  });

  it("take words together, of which each alone is on the list", () => {
    for (const text of ["dragon monkey", "sunshine-football-tea", "princess of my shadow"]) {
      assert.equal(answerTo(text), "fine", text);
    }
  });

  it("refuse more than 1,024 bytes", () => {
    assert.match(answerTo("ab".repeat(513)), /^password_too_long: .*at most 1024 bytes/);
  });
});

/** Eight people ask at the same moment and leave at once: those who have a place are hashed all the same. */
async function mostAtOnce(passwords: Passwords): Promise<number> {
  const gone = new AbortController();
  const results = Array.from({ length: 8 }, () => passwords.verify(undefined, "x", gone.signal));
  gone.abort();
  const settled = await Promise.allSettled(results);
  return settled.filter(({ status }) => status === "fulfilled").length;
}
