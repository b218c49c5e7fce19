import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearPeople } from "#src/services/accounts/sign-up-near.ts";
import { userName, userRecord } from "#test/support/records.ts";

const people = [
  userRecord("anna", { displayName: "Anna Björk" }),
  userRecord("maria", { displayName: "María López" }),
  userRecord("maximilian", { displayName: "Max" }),
  userRecord("p.okoro", { displayName: "Peace Okoro" }),
  userRecord("student1", { displayName: "李伟" }),
];

function near(name: string, displayName: string, isProposed = false): readonly string[] {
  return nearPeople({ name: userName(name), displayName, isProposed }, people).map(
    (user) => user.name,
  );
}

describe("somebody new", () => {
  it("may be whoever has almost the same user name", () => {
    assert.deepEqual(near("ana", "Q"), ["anna"]);
    assert.deepEqual(near("anan", "Q"), ["anna"], "two letters changed places");
    assert.deepEqual(near("maximillan", "Q"), ["maximilian"]);
    assert.deepEqual(near("marie1", "Q"), ["maria"]);
  });

  it("may be whoever is called so, in whatever spelling and order", () => {
    assert.deepEqual(near("mlo", "Lopez, Maria"), ["maria"]);
    assert.deepEqual(near("blue-fish", "  MARÍA  LÓPEZ "), ["maria"]);
    assert.deepEqual(near("blue-fish", "Peace Okoroo"), ["p.okoro"]);
    assert.deepEqual(near("blue-fish", "李伟"), ["student1"]);
  });

  it("may be who has the user name that would have been made of the name", () => {
    assert.deepEqual(near("maria.schmidt", "Maria Schmidt", true), ["maria"]);
    assert.deepEqual(near("maria.schmidt", "Maria Schmidt", false), []);
  });

  it("is nobody of those who are only a little alike", () => {
    assert.deepEqual(near("tom", "Tom"), []);
    assert.deepEqual(near("an", "Ann Otieno"), []);
    assert.deepEqual(near("max", "Maximilian"), []);
  });
});
