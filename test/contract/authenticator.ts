/** What every authenticator keeps to, whoever the accounts belong to. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Authenticator } from "#src/authenticators/authenticator.ts";

export interface AuthenticatorUnderTest {
  readonly authenticator: Authenticator;
  /** Makes `name` known with this password. */
  readonly add: (name: string, password: string) => Promise<void>;
  /** From now on nobody of that name is known. */
  readonly remove: (name: string) => Promise<void>;
}

export function describeAuthenticator(
  what: string,
  create: () => Promise<AuthenticatorUnderTest>,
): void {
  const never = new AbortController().signal;

  describe(what, () => {
    it("knows a person by name and password, and answers with the canonical name", async () => {
      const { authenticator, add } = await create();
      await add("maria", "three small words");
      for (const username of ["maria", "María", " MARIA ", "ｍａｒｉａ"]) {
        const found = await authenticator.authenticate(
          { username, password: "three small words" },
          never,
        );
        assert.deepEqual(found, { name: "maria", mustChangePassword: false }, username);
      }
    });

    it("answers nothing to anything else", async () => {
      const { authenticator, add, remove } = await create();
      await add("maria", "three small words");
      await add("gone", "three small words");
      await remove("gone");
      for (const [username, password] of [
        ["maria", "three small word"],
        ["maria", "three small words "],
        ["maria", "Three small words"],
        ["maria", ""],
        ["maria", "\u0000"],
        ["maria", "x".repeat(100_000)],
        ["gone", "three small words"],
        ["nobody", "three small words"],
        ["", "three small words"],
        ["mаria", "three small words"],
        ["maria/../maria", "three small words"],
        ["__proto__", "three small words"],
        ["*", "*"],
        ["x".repeat(100_000), "three small words"],
      ] as const) {
        const found = await authenticator.authenticate({ username, password }, never);
        assert.equal(found, undefined, `${username.slice(0, 30)} with ${password.slice(0, 30)}`);
      }
    });

    it("never takes an empty password", async () => {
      const { authenticator, add } = await create();
      await add("maria", "three small words");
      for (const username of ["maria", "nobody", ""]) {
        assert.equal(
          await authenticator.authenticate({ username, password: "" }, never),
          undefined,
        );
      }
    });

    it("answers each of many at the same moment for themselves", async () => {
      const { authenticator, add } = await create();
      const names = ["anna", "bob", "carol", "dave"];
      await Promise.all(names.map((name) => add(name, `${name} likes tea`)));
      const found = await Promise.all(
        names.flatMap((username, index) => [
          authenticator.authenticate({ username, password: `${username} likes tea` }, never),
          authenticator.authenticate(
            { username, password: `${names[(index + 1) % names.length]} likes tea` },
            never,
          ),
        ]),
      );
      assert.deepEqual(
        found.map((answer) => answer?.name),
        names.flatMap((name) => [name, undefined]),
      );
    });

    it("gives up when it is told to", async () => {
      const { authenticator, add } = await create();
      await add("maria", "three small words");
      const signal = AbortSignal.abort(new Error("went away"));
      await assert.rejects(
        authenticator.authenticate({ username: "maria", password: "three small words" }, signal),
        /went away/,
      );
    });
  });
}
