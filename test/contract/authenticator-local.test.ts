import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { argon2id, hash } from "argon2";
import bcrypt from "bcrypt";
import { createAuthenticator } from "#src/authenticators/create.ts";
import { Passwords } from "#src/services/sign-in/passwords.ts";
import { consoleActor, createPeople } from "#test/support/people.ts";
import { describeAuthenticator } from "./authenticator.ts";

function createLocal() {
  const passwords = new Passwords({ width: 2 });
  const people = createPeople({ passwords });
  const { accounts } = people;
  const authenticator = createAuthenticator({ kind: "local" }, { accounts, passwords });
  return { ...people, passwords, authenticator };
}

describeAuthenticator("the authenticator of local accounts", async () => {
  const { authenticator, accounts } = createLocal();
  return {
    authenticator,
    add: async (name, password) => void (await accounts.add({ name, password }, consoleActor)),
    remove: async (name) => {
      const user = accounts.byName(name);
      assert.ok(user !== undefined);
      await accounts.remove(user.id, consoleActor);
    },
  };
});

describe("local accounts", () => {
  const never = new AbortController().signal;

  it("say that a first password is to be changed", async () => {
    const { authenticator, accounts } = createLocal();
    const { firstPassword = "" } = await accounts.add({ name: "maria" }, consoleActor);
    const found = await authenticator.authenticate(
      { username: "maria", password: firstPassword },
      never,
    );
    assert.deepEqual(found, { name: "maria", mustChangePassword: true });
  });

  it("tell a new hash when the old one is of other days", async () => {
    const { authenticator, accounts, store, passwords } = createLocal();
    const { user } = await accounts.add({ name: "maria" }, consoleActor);
    const old = await hash("three small words", {
      type: argon2id,
      memoryCost: 8192,
      timeCost: 1,
      parallelism: 1,
    });
    const moved = await bcrypt.hash("three small words", 4);
    const signIn = (text: string) =>
      authenticator.authenticate({ username: "maria", password: text }, never);
    for (const stored of [old, moved]) {
      const password = { hash: stored, isFirst: false, changed: user.created };
      await store.change(() => ({
        writes: [{ put: "users", key: user.id, record: { ...user, password } }],
        result: undefined,
      }));
      assert.equal(await signIn("wrong words here"), undefined);
      const found = await signIn("three small words");
      const renewed = found?.renewedHash ?? "";
      assert.equal(passwords.needsRehash(renewed), false);
      assert.equal(await passwords.verify(renewed, "three small words"), true);
    }
  });

  it("without a password let nobody in", async () => {
    const { authenticator, accounts, store } = createLocal();
    const { user } = await accounts.add({ name: "maria" }, consoleActor);
    const { password: _gone, ...record } = user;
    await store.change(() => ({
      writes: [{ put: "users", key: user.id, record }],
      result: undefined,
    }));
    for (const password of ["", "maria", "undefined", "null"]) {
      assert.equal(
        await authenticator.authenticate({ username: "maria", password }, never),
        undefined,
      );
    }
  });

  it("with a damaged hash let nobody in, and break nothing", async () => {
    const { authenticator, accounts, store } = createLocal();
    const { user } = await accounts.add({ name: "maria" }, consoleActor);
    for (const hash of ["", "x", "$argon2id$v=19$m=4194304,p=1,t=100$c2FsdHNhbHRzYWx0$AAAA"]) {
      const password = { hash, isFirst: false, changed: user.created };
      await store.change(() => ({
        writes: [{ put: "users", key: user.id, record: { ...user, password } }],
        result: undefined,
      }));
      const credentials = { username: "maria", password: "three small words" };
      assert.equal(await authenticator.authenticate(credentials, never), undefined);
    }
  });
});
