import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kindOf, scopeNames, withIncluded } from "#src/scopes/scope-names.ts";
import {
  covers,
  expandScopes,
  formatScope,
  intersectScopes,
  missingScopes,
  parseScope,
  type Scope,
  type ScopeWorld,
} from "#src/scopes/scopes.ts";
import { fc } from "#test/support/property.ts";

const users = ["ann", "ben", "cleo"];
const groups = ["red", "blue"];
/** Ann is in both classes, Ben in one, Cleo in none. */
const members = new Set(["ann red", "ann blue", "ben red"]);
const world: ScopeWorld = { isMember: (user, group) => members.has(`${user} ${group}`) };

function scopes(...texts: string[]): readonly Scope[] {
  return expandScopes(texts.map(read));
}

function read(text: string): Scope {
  const scope = parseScope(text);
  assert.ok(scope !== undefined, text);
  return scope;
}

const texts = (list: readonly Scope[]): readonly string[] => list.map(formatScope);

const filterText = fc.oneof(
  fc.constant(""),
  fc.constantFrom(...users).map((user) => `!user=${user}`),
  fc.constantFrom(...groups).map((group) => `!group=${group}`),
  fc
    .tuple(fc.constantFrom(...users), fc.constantFrom("", "lab2"))
    .map(([user, server]) => `!server=${user}/${server}`),
);
const anyScope = fc
  .tuple(fc.constantFrom(...scopeNames), filterText)
  .map(([name, filter]) => parseScope(name + filter) ?? { name });
const anyScopes = fc.array(anyScope, { maxLength: 6 });

/** What a scope allows, by looking at each thing alone. */
function allowed(list: readonly Scope[]): Set<string> {
  const answers = new Set<string>();
  for (const name of scopeNames) {
    const things =
      kindOf(name) === "groups"
        ? groups.map((value) => ({ by: "group", value }) as const)
        : kindOf(name) === "servers"
          ? users.flatMap((user) =>
              ["", "lab2"].map((server) => ({ by: "server", value: `${user}/${server}` }) as const),
            )
          : users.map((value) => ({ by: "user", value }) as const);
    for (const filter of things) {
      if (covers(list, { name, filter }, world)) answers.add(formatScope({ name, filter }));
    }
  }
  return answers;
}

describe("reading a scope", () => {
  it("takes JupyterHub's names and the filters that fit them", () => {
    for (const text of [
      "list:users",
      "admin:users!group=red",
      "servers!server=ann/",
      "access:servers!user=ann",
      "groups!group=4A / Physics",
      "read:services!service=grader",
    ]) {
      assert.equal(formatScope(read(text)), text);
    }
    assert.equal(
      formatScope(parseScope("tokens!user", "ann") ?? { name: "proxy" }),
      "tokens!user=ann",
    );
  });

  it("refuses what is none, and filters that mean nothing there", () => {
    for (const text of [
      "",
      "nope",
      "LIST:users",
      "constructor",
      "list:users ",
      "list:users!",
      "list:users!user=",
      "list:users!server=ann/",
      "list:users!planet=mars",
      "tokens!user",
      "servers!server=ann",
      "servers!server=/lab",
      "shutdown!user=ann",
      "proxy!group=red",
      "groups!user=ann",
      "inherit",
      "self",
      `list:users!user=${"a".repeat(400)}`,
    ]) {
      assert.equal(parseScope(text), undefined, text);
    }
  });
});

describe("expanding scopes", () => {
  it("adds what each includes, with its filter", () => {
    assert.deepEqual(texts(scopes("servers!user=ann")), [
      "delete:servers!user=ann",
      "read:servers!user=ann",
      "read:users:name!user=ann",
      "servers!user=ann",
      "start:servers!user=ann",
    ]);
    assert.deepEqual(texts(scopes("list:groups", "list:users")), [
      "list:groups",
      "list:users",
      "read:groups:name",
      "read:users:name",
    ]);
  });

  it("gives of the person behind a server no more than the name", () => {
    assert.deepEqual(texts(scopes("read:servers!server=ann/")), [
      "read:servers!server=ann/",
      "read:users:name!user=ann",
    ]);
  });

  it("never gives power over an account by the way", () => {
    const all = scopes("admin:users", "admin:servers", "tokens", "admin:groups", "read:roles");
    for (const name of ["change:roles", "reset:passwords", "erase:users", "access:servers"]) {
      assert.ok(!texts(all).includes(name), name);
    }
  });

  it("changes nothing when it is done again", () => {
    fc.assert(
      fc.property(anyScopes, (list) => {
        const once = expandScopes(list);
        assert.deepEqual(expandScopes(once), once);
      }),
    );
  });

  it("only ever adds", () => {
    fc.assert(
      fc.property(anyScopes, (list) => {
        assert.deepEqual(missingScopes(list, expandScopes(list), world), []);
      }),
    );
  });

  it("has no circle, and nothing that is not there", () => {
    for (const name of scopeNames) {
      assert.ok(withIncluded(name).every((included) => scopeNames.includes(included)));
    }
  });
});

describe("what two lists of scopes have in common", () => {
  it("is the narrower of what both give", () => {
    const common = (one: string, other: string) =>
      texts(intersectScopes(scopes(one), scopes(other), world));
    assert.deepEqual(common("delete:users", "delete:users!user=ann"), ["delete:users!user=ann"]);
    assert.deepEqual(common("delete:users!group=red", "delete:users!user=ben"), [
      "delete:users!user=ben",
    ]);
    assert.deepEqual(common("delete:users!group=blue", "delete:users!user=ben"), []);
    assert.deepEqual(common("delete:users!group=blue", "delete:users!group=red"), []);
    assert.deepEqual(common("access:servers!group=red", "access:servers!server=ben/lab2"), [
      "access:servers!server=ben/lab2",
    ]);
    assert.deepEqual(common("access:servers!user=ann", "access:servers!server=ben/"), []);
    assert.deepEqual(common("list:users", "read:hub"), []);
  });

  it("is never more than either, whichever comes first", () => {
    fc.assert(
      fc.property(anyScopes, anyScopes, (a, b) => {
        const [one, other] = [expandScopes(a), expandScopes(b)];
        const common = intersectScopes(one, other, world);
        assert.deepEqual(missingScopes(common, one, world), []);
        assert.deepEqual(missingScopes(common, other, world), []);
        assert.deepEqual(intersectScopes(other, one, world), common);
        const [byOne, byOther] = [allowed(one), allowed(other)];
        for (const thing of allowed(common)) {
          assert.ok(byOne.has(thing) && byOther.has(thing), thing);
        }
      }),
    );
  });

  it("is the list itself when the other has everything", () => {
    const everything = expandScopes(scopeNames.map((name) => ({ name })));
    fc.assert(
      fc.property(anyScopes, (list) => {
        const one = expandScopes(list);
        assert.deepEqual(texts(intersectScopes(one, everything, world)), texts(one));
      }),
    );
  });
});
