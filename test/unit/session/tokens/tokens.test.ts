import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { grantScopes } from "#src/session/tokens/grant.ts";
import { ServiceTokens } from "#src/session/tokens/service-tokens.ts";
import { Tokens } from "#src/session/tokens/tokens.ts";
import { type Identity, Permissions } from "#src/session/identity.ts";
import { makeSecret } from "#src/stores/ids.ts";
import type { TokenId, UserRecord } from "#src/stores/records.ts";
import { actorFor, consoleActor, createPeople } from "#test/support/people.ts";
import { collect } from "#test/support/records.ts";
import { silentLog } from "#test/support/silent-log.ts";
import { tokenOf } from "#test/support/tokens.ts";

const MINUTE = 60_000;

async function createWorld(services = {}, declared: Readonly<Record<string, string>> = {}) {
  const people = createPeople();
  const { store, clock } = people;
  const secrets = { instanceKey: makeSecret(), serviceTokens: declared };
  const serviceTokens = new ServiceTokens({
    services,
    secrets,
    state: store,
    clock,
    log: silentLog,
  });
  const tokens = new Tokens({ store, clock, log: silentLog, services: serviceTokens });
  const permissions = new Permissions(store);
  const sam = await people.add("sam");
  const olga = await people.add("olga", "owner");
  const make = (person: UserRecord, more: { expiresInSeconds?: number; note?: string } = {}) => {
    const owner = store.get("users", person.id) ?? person;
    return tokens.create({ owner, note: "", scopes: ["inherit"], ...more }, actorFor(owner));
  };
  const grant = (owner: UserRecord, requested?: readonly string[], caller?: Identity) =>
    grantScopes({ owner, requested, caller }, { permissions, state: store });
  return { ...people, tokens, secrets, serviceTokens, permissions, sam, olga, make, grant };
}

function isFailure(code: HubError["code"]): (error: unknown) => boolean {
  return (error) => error instanceof HubError && error.code === code;
}

/** Every token of a person may tell whose it is. */
function identifying(name: string): readonly string[] {
  return [`read:users:groups!user=${name}`, `read:users:name!user=${name}`];
}

describe("an API token", () => {
  it("is 32 hexadecimal characters, told once, and kept as a hash alone", async () => {
    const { tokens, store, sam, make } = await createWorld();
    const { token, record } = await make(sam, { note: " a\u202e note\n" });
    assert.match(token, /^[0-9a-f]{32}$/);
    assert.equal(record.note, "a note");
    assert.equal(record.number, 1);
    const kept = JSON.stringify([...store.entries("tokens"), ...(await collect(store.audit()))]);
    assert.ok(!kept.includes(token));
    const identity = tokens.authenticate(token);
    assert.ok(identity?.kind === "token" && identity.user.id === sam.id);
    for (const other of ["", token.toUpperCase(), `${token}0`, token.slice(1), "x".repeat(9999)]) {
      // One without letters is its own capitals.
      if (other !== token) assert.equal(tokens.authenticate(other), undefined);
    }
  });

  it("never has the number of an earlier one", async () => {
    const { tokens, sam, make } = await createWorld();
    const first = await make(sam);
    await tokens.revoke(first.record, actorFor(sam));
    assert.equal((await make(sam)).record.number, 2);
  });

  it("lasts as long as was asked for, also when somebody sets the clock", async () => {
    const { tokens, store, clock, sam, make } = await createWorld();
    const { token, record } = await make(sam, { expiresInSeconds: 600 });
    clock.jump(-365 * 24 * 60 * MINUTE);
    clock.pass(5 * MINUTE);
    assert.ok(tokens.authenticate(token) !== undefined);
    clock.jump(2 * 365 * 24 * 60 * MINUTE);
    await tokens.tidy();
    const shown = tokens.ofUser(sam.id)[0];
    assert.equal(Date.parse(shown?.expires ?? ""), clock.now() + 5 * MINUTE);
    clock.pass(5 * MINUTE);
    assert.equal(tokens.authenticate(token), undefined);
    assert.deepEqual(tokens.ofUser(sam.id), []);
    const ended: TokenId[] = [];
    tokens.onEnded((ids) => ended.push(...ids));
    await tokens.tidy();
    assert.equal(store.get("tokens", record.id), undefined);
    assert.ok(ended.includes(record.id));
    for (const expiresInSeconds of [0, -1, 1.5, 1e12]) {
      await assert.rejects(make(sam, { expiresInSeconds }), isFailure("token_life"));
    }
  });

  it("is read again by the next hub, with what is left of its time", async () => {
    const { tokens, store, clock, sam, make } = await createWorld();
    const { token } = await make(sam, { expiresInSeconds: 600 });
    await tokens[Symbol.asyncDispose]();
    clock.pass(5 * MINUTE);
    const services = { find: () => undefined };
    await using next = new Tokens({ store, clock, log: silentLog, services });
    assert.equal(next.authenticate(token)?.kind, "token");
    clock.pass(5 * MINUTE);
    assert.equal(next.authenticate(token), undefined);
  });

  it("is remembered as used without a write for each time", async () => {
    const { tokens, store, clock, sam, make } = await createWorld();
    const { token, record } = await make(sam);
    let writes = 0;
    store.onChange(() => (writes += 1));
    for (let time = 0; time < 100; time += 1) tokens.authenticate(token);
    assert.equal(writes, 0);
    assert.ok(tokens.ofUser(sam.id)[0]?.lastActivity !== undefined);
    clock.pass(MINUTE);
    await tokens.tidy();
    await tokens.tidy();
    assert.equal(writes, 1);
    assert.ok(store.get("tokens", record.id)?.lastActivity !== undefined);
  });

  it("ends with a reset, a lock, another role, the trash and erasing, at once and for whoever listens", async () => {
    const { accounts, tokens, store, sam, olga, make } = await createWorld();
    const by = actorFor(olga);
    const ends = {
      reset: () => accounts.resetPassword(sam.id, by),
      lock: () => accounts.setDisabled(sam.id, true, by),
      unlock: () => accounts.setDisabled(sam.id, false, by),
      role: () => accounts.setRole(sam.id, "teacher", by),
      trash: () => accounts.remove(sam.id, by),
    };
    const ended: TokenId[] = [];
    tokens.onEnded((ids) => ended.push(...ids));
    for (const [what, end] of Object.entries(ends)) {
      const made = what === "unlock" ? undefined : await make(sam);
      await end();
      if (made === undefined) continue;
      assert.equal(tokens.authenticate(made.token), undefined, what);
      assert.equal(store.get("tokens", made.record.id), undefined, what);
      assert.equal(ended.at(-1), made.record.id, what);
    }
  });

  it("is not made any more by who asked for it before a reset that is just written", async () => {
    const { accounts, tokens, sam, make } = await createWorld();
    const asked: Promise<unknown>[] = [];
    const reset = accounts.resetPassword(sam.id, consoleActor);
    // As sessions do, the record says until the very end that nothing has happened.
    while (accounts.byId(sam.id)?.password?.isFirst === false) {
      asked.push(make(sam));
      await Promise.resolve();
    }
    await reset;
    const outcomes = await Promise.allSettled(asked);
    assert.ok(outcomes.some(({ status }) => status === "rejected"));
    assert.deepEqual(tokens.ofUser(sam.id), []);
  });

  it("is worth nothing while its person is locked, should its row be left", async () => {
    const { tokens, permissions, store, sam, make } = await createWorld();
    const { token } = await make(sam);
    const identity = tokens.authenticate(token);
    const user = store.get("users", sam.id);
    assert.ok(user !== undefined);
    const locked = { ...user, disabled: "2026-11-22T08:00:00.000Z" };
    await store.change(() => ({
      writes: [{ put: "users", key: sam.id, record: locked }],
      result: undefined,
    }));
    assert.equal(tokens.authenticate(token), undefined);
    assert.equal(permissions.may(identity, "servers", sam), false);
    assert.deepEqual(permissions.scopesOf(identity), []);
    const asked = { owner: sam, note: "", scopes: ["inherit"] };
    await assert.rejects(tokens.create(asked, consoleActor), isFailure("account_locked"));
  });

  it("is one of a hundred at most", async () => {
    const { sam, make } = await createWorld();
    for (let count = 0; count < 100; count += 1) await make(sam);
    await assert.rejects(make(sam), isFailure("tokens_full"));
  });

  it("stays when its person chooses another password", async () => {
    const { accounts, tokens, sam, make } = await createWorld();
    await accounts.resetPassword(sam.id, consoleActor);
    const { token } = await make(sam);
    const current = accounts.byId(sam.id)?.password?.hash.slice("plain ".length) ?? "";
    await accounts.changePassword(sam.id, { current, next: "three little words" }, actorFor(sam));
    assert.ok(tokens.authenticate(token) !== undefined);
  });
});

describe("the scopes of a new token", () => {
  it("are everything that its person may, whatever that is at the time", async () => {
    const { grant, permissions, sam, olga, accounts } = await createWorld();
    assert.deepEqual(grant(sam), ["inherit"]);
    const token = tokenOf(sam, grant(sam));
    assert.equal(permissions.may(token, "list:users", olga), false);
    await accounts.setRole(sam.id, "owner", actorFor(olga));
    assert.equal(permissions.may(token, "list:users", olga), true);
  });

  it("are refused by name when there are none of that name", async () => {
    const { grant, olga } = await createWorld();
    assert.throws(() => grant(olga, ["list:users", "rule:world"]), isFailure("scope_unknown"));
  });

  it("never give what the person lacks", async () => {
    const { grant, sam, olga } = await createWorld();
    for (const scope of [
      "list:users",
      "admin:users!user=sam",
      "tokens!user=olga",
      "access:servers!user=olga",
      "access:servers",
      "servers!group=Class",
      "servers!user=nobody",
      "read:hub",
    ]) {
      assert.throws(() => grant(sam, [scope]), isFailure("scopes_not_held"), scope);
    }
    assert.throws(
      () => grant(sam, ["list:users"]),
      new HubError("scopes_not_held", { scopes: "list:users,read:users:name", who: "User sam" }),
    );
    assert.throws(() => grant(olga, ["access:servers!user=sam"]), isFailure("scopes_not_held"));
    const own = grant(sam, ["servers!user", "access:servers!server=sam/", "self"]);
    assert.deepEqual(own, ["self", `servers!user=${sam.id}`, `access:servers!server=${sam.id}/`]);
  });

  it("never give what the token lacks that asks for them", async () => {
    const { grant, permissions, sam, olga } = await createWorld();
    const narrow = tokenOf(olga, ["tokens", "read:hub"]);
    assert.throws(() => grant(olga, ["inherit"], narrow), isFailure("scopes_not_held"));
    assert.throws(() => grant(olga, ["shutdown"], narrow), isFailure("scopes_not_held"));
    assert.throws(() => grant(sam, ["self"], narrow), isFailure("scopes_not_held"));
    assert.deepEqual(grant(olga, ["read:hub"], narrow), ["read:hub"]);
    const usual = tokenOf(olga, grant(olga, undefined, narrow));
    assert.deepEqual(permissions.scopesOf(usual), [
      "read:hub",
      "read:tokens",
      ...identifying("olga"),
      "tokens",
    ]);
    const forSam = tokenOf(sam, grant(sam, undefined, narrow));
    assert.deepEqual(permissions.scopesOf(forSam), [
      "read:tokens!user=sam",
      ...identifying("sam"),
      "tokens!user=sam",
    ]);
  });

  it("stay with the person and not with the name", async () => {
    const { grant, permissions, accounts, add, sam, olga } = await createWorld();
    const token = tokenOf(olga, grant(olga, ["delete:users!user=sam"]));
    assert.equal(permissions.may(token, "delete:users", sam), true);
    await accounts.rename(sam.id, { name: "samuel" }, actorFor(olga));
    const other = await add("sam");
    assert.equal(permissions.may(token, "delete:users", other), false);
    assert.deepEqual(permissions.scopesOf(token), [
      "delete:users!user=samuel",
      ...identifying("olga"),
    ]);
  });
});

describe("a token with fewer scopes than its person", () => {
  it("adds nobody when it may only touch some", async () => {
    const { permissions, sam, olga } = await createWorld();
    const some = tokenOf(olga, [`admin:users!user=${sam.id}`]);
    assert.equal(permissions.may(some, "admin:users"), true);
    assert.equal(permissions.mayAnew(some, "admin:users"), false);
    assert.equal(permissions.mayAnew(tokenOf(olga, ["admin:users"]), "admin:users"), true);
    assert.equal(permissions.mayAnew(tokenOf(olga, ["admin:users"]), "change:roles"), false);
    assert.equal(permissions.mayAnew(tokenOf(sam, ["admin:users"]), "admin:users"), false);
  });

  it("opens the one notebook that it names", async () => {
    const { permissions, sam } = await createWorld();
    const one = tokenOf(sam, [`access:servers!server=${sam.id}/lab2`]);
    assert.equal(permissions.may(one, "access:servers", sam, "lab2"), true);
    assert.equal(permissions.may(one, "access:servers", sam), false);
    assert.equal(permissions.may(tokenOf(sam, ["list:users"]), "access:servers", sam), false);
  });
});

describe("a service", () => {
  it("has a token of its own that the next generation makes worthless, and its scopes alone", async () => {
    const services = {
      culler: { scopes: ["delete:servers!user=sam", "list:users"], generation: 1 },
    };
    const { secrets, serviceTokens, tokens, permissions, sam, olga, store, clock } =
      await createWorld(services);
    const token = serviceTokens.tokenOf("culler") ?? "";
    assert.match(token, /^[0-9a-f]{32}$/);
    assert.equal(serviceTokens.tokenOf("constructor"), undefined);
    const identity = tokens.authenticate(token);
    assert.equal(identity?.kind, "service");
    assert.equal(permissions.may(identity, "delete:servers", sam), true);
    assert.equal(permissions.may(identity, "delete:servers", olga), false);
    assert.equal(permissions.may(identity, "list:users", olga), true);
    assert.equal(permissions.may(identity, "admin:users", sam), false);
    assert.deepEqual(permissions.scopesOf(identity), [
      "delete:servers!user=sam",
      "list:users",
      "read:users:name",
    ]);
    const next = { culler: { ...services.culler, generation: 2 } };
    const parts = { secrets, state: store, clock, log: silentLog };
    const other = new ServiceTokens({ services: next, ...parts });
    assert.notEqual(other.tokenOf("culler"), token);
  });

  it("may have come from elsewhere: then it is the one in the box's secrets, and no other", async () => {
    const services = { culler: { scopes: ["list:users"], generation: 1 } };
    const declared = "0123456789abcdef0123456789abcdef";
    const { secrets, serviceTokens, tokens, store, clock } = await createWorld(services, {
      culler: declared,
      stranger: "fedcba9876543210fedcba9876543210",
    });
    assert.equal(serviceTokens.tokenOf("culler"), declared);
    const identity = tokens.authenticate(declared);
    assert.equal(identity?.kind === "service" && identity.name, "culler");
    const warned: unknown[] = [];
    const log = { warn: (about: unknown) => void warned.push(about) };
    const { instanceKey } = secrets;
    const derived = new ServiceTokens({
      services,
      secrets: { instanceKey },
      state: store,
      clock,
      log,
    });
    assert.equal(tokens.authenticate(derived.tokenOf("culler") ?? ""), undefined);
    assert.equal(tokens.authenticate("fedcba9876543210fedcba9876543210"), undefined);
    const again = new ServiceTokens({ services, secrets, state: store, clock, log });
    assert.equal(again.tokenOf("stranger"), undefined);
    assert.deepEqual(warned, [{ service: "stranger" }]);
  });
});
