import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRoster } from "#src/services/accounts/roster.ts";

describe("a pasted list", () => {
  it("takes a name from each line and counts lines as the teacher does", () => {
    assert.deepEqual(readRoster("María López\r\n\n  Jose  \n"), [
      { line: 1, displayName: "María López" },
      { line: 3, displayName: "Jose" },
    ]);
  });

  it("reads columns as a spreadsheet pastes them", () => {
    assert.deepEqual(readRoster('\uFEFFMaría López\tmaria\n"Björk, Anna"\tanna\nSara\t'), [
      { line: 1, displayName: "María López", username: "maria" },
      { line: 2, displayName: "Björk, Anna", username: "anna" },
      { line: 3, displayName: "Sara" },
    ]);
    assert.deepEqual(readRoster("Ann Otieno;ann"), [
      { line: 1, displayName: "Ann Otieno", username: "ann" },
    ]);
  });

  it("tells a user name behind a comma from a family name before one", () => {
    assert.deepEqual(readRoster("Ann Otieno, ann\nJosé, jose.p"), [
      { line: 1, displayName: "Ann Otieno", username: "ann" },
      { line: 2, displayName: "José", username: "jose.p" },
    ]);
    assert.deepEqual(readRoster("Otieno, Ann\nPérez, José"), [
      { line: 1, displayName: "Otieno, Ann" },
      { line: 2, displayName: "Pérez, José" },
    ]);
  });

  it("is empty for nothing but space", () => {
    assert.deepEqual(readRoster(" \n\t\n"), []);
  });

  it("refuses a list that is too long, rather than dropping its end", () => {
    const list = Array.from({ length: 501 }, (_, index) => `Student ${index}`).join("\n");
    assert.throws(() => readRoster(list), {
      code: "list_too_long",
      params: { count: 501, limit: 500 },
    });
  });
});
