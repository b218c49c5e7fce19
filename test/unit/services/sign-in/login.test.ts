import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Authenticator } from "#src/authenticators/authenticator.ts";
import { LocalAuthenticator } from "#src/authenticators/local.ts";
import { HubError } from "#src/errors.ts";
import { Login, openNothing } from "#src/services/sign-in/login.ts";
import { Sessions } from "#src/session/sessions.ts";
import { consoleActor, createPeople, failureOf, visitorAt } from "#test/support/people.ts";
import { userName } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";

let people: ReturnType<typeof createPeople>;
let login: Login;
const never = new AbortController().signal;

beforeEach(() => {
  people = createPeople();
  login = new Login({ ...people, authenticator: new LocalAuthenticator(people) });
});

function signIn(username: string, password: string, address = "192.168.1.20") {
  const actor = visitorAt(address);
  return login.signIn({
    credentials: { username, password },
    actor,
    signal: never,
    open: openNothing,
  });
}

describe("signing in", () => {
  it("takes every spelling of the name, and remembers when", async () => {
    const sam = await people.add("sam");
    people.clock.pass(5000);
    for (const typed of ["sam", " SAM ", "ｓａｍ", "sa\u0301m"]) {
      const { user, mustChangePassword } = await signIn(typed, "sam likes tea");
      assert.equal(user.id, sam.id);
      assert.equal(user.lastSignIn, "2026-11-22T08:00:05.000Z");
      assert.equal(mustChangePassword, false);
    }
    assert.equal(people.accounts.byId(sam.id)?.lastSignIn, "2026-11-22T08:00:05.000Z");
  });

  it("with a first password says that it is to be changed", async () => {
    const { firstPassword = "" } = await people.accounts.add({ name: "sam" }, consoleActor);
    assert.equal((await signIn("sam", firstPassword)).mustChangePassword, true);
  });

  it("refuses everything else alike, and looks at a hash each time", async () => {
    await people.add("sam");
    const gone = await people.add("gone");
    await people.accounts.remove(gone.id, consoleActor);
    const bare = await people.add("bare");
    const { password: _removed, ...record } = bare;
    await people.store.change(() => ({
      writes: [{ put: "users", key: bare.id, record }],
      result: undefined,
    }));
    const tries: readonly (readonly [string, string])[] = [
      ["sam", "sam likes coffee"],
      ["nobody", "nobody likes tea"],
      ["gone", "gone likes tea"],
      ["bare", "bare likes tea"],
      ["bare", "undefined"],
      ["аdmin", "admin likes tea"],
      ["", ""],
      ["../sam", "sam likes tea"],
      ["__proto__", "x"],
      ["x".repeat(1_000_000), "x"],
    ];
    const texts = new Set<string>();
    for (const [index, [name, password]] of tries.entries()) {
      const before = people.passwords.verified;
      try {
        await signIn(name, password, `10.0.0.${index}`);
        assert.fail(`${name} was let in`);
      } catch (error) {
        texts.add(JSON.stringify(error));
      }
      assert.equal(people.passwords.verified, before + 1, name.slice(0, 20));
    }
    assert.equal(texts.size, 1, [...texts].join("\n"));
  });

  it("tells whoever knows the password that the account is locked, and nobody else", async () => {
    const sam = await people.add("sam");
    await people.accounts.setDisabled(sam.id, true, consoleActor);
    const before = people.accounts.byId(sam.id);
    const verified = people.passwords.verified;
    assert.equal(await failureOf(signIn("sam", "sam likes coffee")), "wrong_password");
    assert.equal(await failureOf(signIn("sam", "sam likes tea")), "account_locked");
    assert.equal(people.passwords.verified, verified + 2);
    assert.deepEqual(people.accounts.byId(sam.id), before);
    const [row] = await people.audit();
    assert.equal(row?.action, "session.refused");
    assert.equal(row.detail?.["reason"], "account_locked");
    await people.accounts.setDisabled(sam.id, false, consoleActor);
    assert.equal((await signIn("sam", "sam likes tea")).user.id, sam.id);
  });

  it("is audited, for good or bad, in rows of bounded length without a password", async () => {
    const sam = await people.add("sam");
    await signIn("sam", "sam likes tea");
    await failureOf(signIn("SAM", "Secret-1"));
    await failureOf(signIn("nobody", "Secret-2"));
    await failureOf(signIn("x".repeat(1_000_000), "Secret-3"));
    await failureOf(signIn("My Secret-4!", "sam"));
    const rows = (await people.audit()).toReversed().slice(1);
    assert.deepEqual(
      rows.map(({ action, actor, subject, subjectName }) => [action, actor, subject, subjectName]),
      [
        ["session.signed_in", sam.id, sam.id, "sam"],
        ["session.refused", "anonymous", sam.id, "sam"],
        ["session.refused", "anonymous", undefined, "nobody"],
        ["session.refused", "anonymous", undefined, ""],
        ["session.refused", "anonymous", undefined, ""],
      ],
    );
    assert.ok(
      rows.every((row) => row.address === "192.168.1.20" && JSON.stringify(row).length < 500),
    );
    assert.doesNotMatch(JSON.stringify(rows), /Secret/);
  });

  it("opens a session in the same change as its line in the audit, or neither", async () => {
    const sam = await people.add("sam");
    await using sessions = new Sessions({
      store: people.store,
      clock: people.clock,
      log: silentLog,
      idleMs: 60_000,
      maxMs: 60_000,
    });
    const batches: (readonly string[])[] = [];
    people.store.onChange((writes) =>
      batches.push(
        writes.flatMap((write) =>
          "put" in write ? [write.put] : "audit" in write ? ["audit"] : [],
        ),
      ),
    );
    const device = { device: "Firefox", address: "192.168.1.20" };
    const request = {
      credentials: { username: "sam", password: "sam likes tea" },
      actor: visitorAt("192.168.1.20"),
      signal: never,
    };
    const { opened } = await login.signIn({
      ...request,
      open: (state, { user, mustChangePassword }) =>
        sessions.plan(state, { user, mustChangePassword, ...device }),
    });
    assert.deepEqual(batches, [["users", "sessions", "audit"]]);
    assert.equal(sessions.ofUser(sam.id)[0]?.id, opened.session.id);
    const before = people.accounts.byId(sam.id);
    const refused = login.signIn({
      ...request,
      open: () => {
        throw new HubError("account_locked");
      },
    });
    assert.equal(await failureOf(refused), "account_locked");
    assert.deepEqual(people.accounts.byId(sam.id), before);
    assert.equal(batches.length, 1);
  });

  it("keeps a renewed hash in the same change, and no other part of the password", async () => {
    const sam = await people.add("sam");
    const passwords = {
      needsRehash: () => true,
      verify: people.passwords.verify.bind(people.passwords),
      hash: () => Promise.resolve("renewed"),
    };
    login = new Login({
      ...people,
      authenticator: new LocalAuthenticator({ ...people, passwords }),
    });
    let changes = 0;
    const end = people.store.onChange(() => (changes += 1));
    await signIn("sam", "sam likes tea");
    end();
    assert.equal(changes, 1);
    assert.deepEqual(people.accounts.byId(sam.id)?.password, {
      ...sam.password,
      hash: "renewed",
    });
  });

  it("keeps no renewed hash of a locked account, nor of a password that was reset meanwhile", async () => {
    const sam = await people.add("sam");
    const reset: { now?: () => Promise<unknown> } = {};
    const passwords = {
      needsRehash: () => true,
      verify: () => Promise.resolve(true),
      hash: async () => {
        await reset.now?.();
        return "renewed";
      },
    };
    login = new Login({
      ...people,
      authenticator: new LocalAuthenticator({ ...people, passwords }),
    });
    await people.accounts.setDisabled(sam.id, true, consoleActor);
    assert.equal(await failureOf(signIn("sam", "sam likes tea")), "account_locked");
    assert.equal(people.accounts.byId(sam.id)?.password?.hash, sam.password?.hash);
    await people.accounts.setDisabled(sam.id, false, consoleActor);
    reset.now = () => people.accounts.resetPassword(sam.id, consoleActor);
    assert.equal(await failureOf(signIn("sam", "sam likes tea")), "wrong_password");
    assert.notEqual(people.accounts.byId(sam.id)?.password?.hash, "renewed");
  });

  it("is slowed down after misses, for that name and address alone, and not audited then", async () => {
    await people.add("sam");
    for (let tries = 0; tries < 6; tries += 1) {
      assert.equal(await failureOf(signIn("Sam", `guess ${tries}`)), "wrong_password");
    }
    const rows = (await people.audit()).length;
    assert.equal(await failureOf(signIn("sam ", "sam likes tea")), "too_many_attempts");
    assert.equal((await people.audit()).length, rows);
    assert.equal((await signIn("sam", "sam likes tea", "192.168.1.21")).user.name, "sam");
  });

  it("is refused with a password that was reset while it was checked", async () => {
    const sam = await people.add("sam");
    const checked = Promise.withResolvers<void>();
    people.passwords.verifying = checked.promise;
    const result = failureOf(signIn("sam", "sam likes tea"));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(people.passwords.verified, 1);
    await people.accounts.resetPassword(sam.id, consoleActor);
    checked.resolve();
    assert.equal(await result, "wrong_password");
  });

  it("is refused with an account that was removed while it was checked", async () => {
    const sam = await people.add("sam");
    const checked = Promise.withResolvers<void>();
    people.passwords.verifying = checked.promise;
    const result = failureOf(signIn("sam", "sam likes tea"));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(people.passwords.verified, 1);
    await people.accounts.remove(sam.id, consoleActor);
    await people.add("sam");
    checked.resolve();
    assert.equal(await result, "wrong_password");
  });

  it("lets a whole class in at the same moment", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `student${index}`);
    await Promise.all(names.map((name) => people.add(name)));
    const results = await Promise.all(names.map((name) => signIn(name, `${name} likes tea`)));
    assert.deepEqual(
      results.map(({ user }) => String(user.name)),
      names,
    );
  });

  it("adds nobody: whom an outside authenticator knows needs an account here", async () => {
    const outside: Authenticator = {
      authenticate: async () => ({ name: userName("stranger"), mustChangePassword: false }),
    };
    login = new Login({ ...people, authenticator: outside });
    assert.equal(await failureOf(signIn("stranger", "x")), "wrong_password");
    assert.equal(people.accounts.living().length, 0);
    await people.add("stranger");
    assert.equal((await signIn("me@school.example", "x")).user.name, "stranger");
  });
});
