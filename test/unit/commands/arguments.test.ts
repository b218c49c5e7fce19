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
    ["help sign-up", { command: "help", topic: "sign-up" }],
    ["audit help", { command: "help", topic: "audit" }],
    ["doctor --help", { command: "help", topic: "doctor" }],
    ["doctor", { command: "doctor", json: false, outside: false }],
    ["doctor --outside --json", { command: "doctor", json: true, outside: true }],
    ["reset-owner", { command: "reset-owner" }],
    ["token ada", { command: "token", name: "ada" }],
    [
      "token ada --scopes read:users,servers!user --expires-in 3600 --note x",
      {
        command: "token",
        name: "ada",
        scopes: ["read:users", "servers!user"],
        expiresIn: 3600,
        note: "x",
      },
    ],
    ["token --service culler", { command: "token", service: "culler" }],
    ["reset-owner ada", { command: "reset-owner", name: "ada" }],
    ["audit", { command: "audit", form: "table" }],
    ["audit --csv", { command: "audit", form: "csv" }],
    [
      "audit --about maria --limit 7 --json",
      { command: "audit", about: "maria", limit: 7, form: "json" },
    ],
    ["sign-up", { command: "sign-up", json: false }],
    ["sign-up off", { command: "sign-up", mode: "off", json: false }],
    ["sign-up open --class 7b", { command: "sign-up", mode: "open", className: "7b", json: false }],
    [
      "sign-up code --hours 1.5 --places 30 --json",
      { command: "sign-up", mode: "code", hours: 1.5, places: 30, json: true },
    ],
    ["user list --json", { command: "user list", json: true, trash: false }],
    ["user list --trash", { command: "user list", json: false, trash: true }],
    ["user show maria --json", { command: "user show", name: "maria", json: true }],
    ["user rename maria mia", { command: "user rename", name: "maria", newName: "mia" }],
    [
      "user rename maria --display=Mia",
      { command: "user rename", name: "maria", displayName: "Mia" },
    ],
    ["user role maria teacher", { command: "user role", name: "maria", role: "teacher" }],
    ["user disable maria", { command: "user disable", name: "maria" }],
    ["user enable maria", { command: "user enable", name: "maria" }],
    ["user accept maria", { command: "user accept", name: "maria" }],
    ["user sign-out maria", { command: "user sign-out", name: "maria" }],
    ["user restore maria", { command: "user restore", name: "maria" }],
    ["user restore abcd --as mia", { command: "user restore", name: "abcd", as: "mia" }],
    ["user erase maria", { command: "user erase", name: "maria" }],
    [
      "user erase maria --confirm maria",
      { command: "user erase", name: "maria", confirm: "maria" },
    ],
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
    ["user role maria", /^user role: the role is missing$/],
    ["user role maria king", /^user role: “king” must be owner, teacher or student$/],
    ["user rename maria", /^user rename: say the new user name, or --display/],
    ["user restor maria", /did you mean “restore”/],
    ["audit maria", /^audit: “maria” is too much$/],
    ["audit --limit 0", /^--limit: “0” must be a whole number above 0$/],
    ["audit --limit 1e3", /^--limit: “1e3” must be/],
    ["audit --csv --json", /not both/],
    ["sign-up cod", /^sign-up: “cod” must be off, code or open$/],
    ["sign-up open --hours 2", /belong to a code/],
    ["sign-up code --hours 0", /^--hours: “0” must be a number above 0$/],
    ["sign-up code --places 2.5", /^--places: “2.5” must be a whole number/],
    ["token", /name is missing/],
    ["token ada --service culler", /stands alone/],
    ["token ada --expires-in soon", /expires-in/],
    ["reset-owner ada bo", /“bo” is too much/],
    ["doctor --trash", /^doctor: does not take --trash$/],
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
