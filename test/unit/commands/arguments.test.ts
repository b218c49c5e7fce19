import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCommand } from "#src/commands/arguments.ts";

describe("the command line", () => {
  const good: readonly (readonly [line: string, command: Record<string, unknown>])[] = [
    ["", { command: "serve" }],
    ["serve", { command: "serve" }],
    ["--check-config", { command: "check-config" }],
    ["serve --check-config", { command: "check-config" }],
    ["help", { command: "help", topic: "all" }],
    ["-h", { command: "help", topic: "all" }],
    ["user", { command: "help", topic: "user" }],
    ["user help", { command: "help", topic: "user" }],
    ["user add --help", { command: "help", topic: "user" }],
    ["help user", { command: "help", topic: "user" }],
    ["--version", { command: "version" }],
    ["health", { command: "health" }],
    ["setup-code", { command: "setup-code" }],
    ["stop-notebooks", { command: "stop-notebooks" }],
    ["status", { command: "status", json: false }],
    ["status --json", { command: "status", json: true }],
    ["user list --json", { command: "user list", json: true }],
    ["user reset maria", { command: "user reset", name: "maria" }],
    ["user remove maria", { command: "user remove", name: "maria" }],
    ["user remove -- --maria", { command: "user remove", name: "--maria" }],
    ["user add maria", { command: "user add", name: "maria", passwordFromInput: false }],
    [
      "user add maria --display=María --role teacher --password-stdin",
      {
        command: "user add",
        name: "maria",
        displayName: "María",
        role: "teacher",
        passwordFromInput: true,
      },
    ],
  ];
  for (const [line, command] of good) {
    it(`understands “${line}”`, () => {
      assert.deepEqual(parseCommand(line.split(" ").filter((word) => word !== "")), command);
    });
  }

  const bad: readonly (readonly [line: string, problem: RegExp])[] = [
    ["sevre", /^there is no command “sevre”; did you mean “serve”\?$/],
    ["dance", /^there is no command “dance”$/],
    ["user lst", /^there is no command “user lst”; did you mean “list”\?$/],
    ["user add", /^user add: the name is missing$/],
    ["user reset", /the name is missing/],
    ["user add maria juan", /^user add: “juan” is too much$/],
    ["user add maria --role king", /^--role: “king” must be owner, teacher or student$/],
    ["user add maria --json", /^user add: does not take --json$/],
    ["user list --role owner", /^user list: does not take --role$/],
    ["status now", /^status: “now” is too much$/],
    ["serve --json", /^serve: does not take --json$/],
    ["health --nothing", /nothing/],
    ["user add maria --display", /display/],
    ["--check-config --json", /does not take --json/],
  ];
  for (const [line, problem] of bad) {
    it(`says what is wrong with “${line}”`, () => {
      const parsed = parseCommand(line.split(" "));
      assert.ok("problem" in parsed, "it was taken");
      assert.match(parsed.problem, problem);
    });
  }
});
