/** From arguments to a command, or what is wrong with them. */
import { parseArgs } from "node:util";
import type { FlagOption } from "#src/config/command-line.ts";
import { didYouMean } from "#src/config/nearest.ts";

export const roles = ["owner", "teacher", "student"] as const;
export type RoleName = (typeof roles)[number];

export type Command =
  | { readonly command: "serve" }
  | { readonly command: "check-config" }
  | { readonly command: "help"; readonly topic: "all" | "user" }
  | { readonly command: "version" }
  | { readonly command: "health" }
  | { readonly command: "setup-code" }
  | { readonly command: "stop-notebooks" }
  | { readonly command: "status"; readonly json: boolean }
  | UserCommand;

export type UserCommand =
  | {
      readonly command: "user add";
      readonly name: string;
      readonly displayName?: string;
      readonly role?: RoleName;
      readonly passwordFromInput: boolean;
    }
  | { readonly command: "user list"; readonly json: boolean }
  | { readonly command: "user reset"; readonly name: string }
  | { readonly command: "user remove"; readonly name: string };

export type ParsedCommand = Command | { readonly problem: string };

export const commandFlags = {
  display: { type: "string" },
  role: { type: "string" },
  "password-stdin": { type: "boolean" },
  json: { type: "boolean" },
  "check-config": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const satisfies Readonly<Record<string, FlagOption>>;

type FlagName = keyof typeof commandFlags;

interface Arguments {
  readonly words: readonly string[];
  readonly flags: Partial<Record<FlagName, string | boolean>>;
}

const topics = ["serve", "status", "user", "setup-code", "stop-notebooks", "health", "help"];
const userTopics = ["add", "list", "reset", "remove", "help"];

/** `rest`: the arguments without the settings among them. */
export function parseCommand(rest: readonly string[]): ParsedCommand {
  const read = readArguments(rest);
  if ("problem" in read) {
    return read;
  }
  const { words, flags } = read;
  const [topic = "serve"] = words;
  if (flags.help === true || topic === "help") {
    return { command: "help", topic: words.includes("user") ? "user" : "all" };
  }
  if (flags.version === true) {
    return { command: "version" };
  }
  if (flags["check-config"] === true) {
    return only({ words: [], flags }, "--check-config", ["check-config"], {
      command: "check-config",
    });
  }
  switch (topic) {
    case "user":
      return parseUser({ words: words.slice(1), flags });
    case "status":
      return only(withoutTopic(read), topic, ["json"], {
        command: topic,
        json: flags.json === true,
      });
    case "serve":
    case "setup-code":
    case "stop-notebooks":
    case "health":
      return only(withoutTopic(read), topic, [], { command: topic });
    default:
      return { problem: `there is no command “${topic}”${didYouMean(topic, topics)}` };
  }
}

function parseUser({ words, flags }: Arguments): ParsedCommand {
  const [topic = "help", name, ...more] = words;
  switch (topic) {
    case "help":
      return { command: "help", topic: "user" };
    case "list":
      return only({ words: words.slice(1), flags }, "user list", ["json"], {
        command: "user list",
        json: flags.json === true,
      });
    case "add":
    case "reset":
    case "remove":
      break;
    default:
      return { problem: `there is no command “user ${topic}”${didYouMean(topic, userTopics)}` };
  }
  const command = `user ${topic}` as const;
  if (name === undefined) {
    return { problem: `${command}: the name is missing` };
  }
  const left = { words: more, flags };
  if (command !== "user add") {
    return only(left, command, [], { command, name });
  }
  const { display, role } = flags;
  if (role !== undefined && !isRole(role)) {
    return { problem: `--role: “${role}” must be owner, teacher or student` };
  }
  return only(left, command, ["display", "role", "password-stdin"], {
    command,
    name,
    ...(typeof display === "string" ? { displayName: display } : {}),
    ...(role === undefined ? {} : { role }),
    passwordFromInput: flags["password-stdin"] === true,
  });
}

/** The command, when nothing is left over that it does not take. */
function only(
  { words, flags }: Arguments,
  name: string,
  allowed: readonly FlagName[],
  command: Command,
): ParsedCommand {
  const [word] = words;
  if (word !== undefined) {
    return { problem: `${name}: “${word}” is too much` };
  }
  const flag = Object.keys(flags).find((flag) => !allowed.some((known) => known === flag));
  return flag === undefined ? command : { problem: `${name}: does not take --${flag}` };
}

function withoutTopic({ words, flags }: Arguments): Arguments {
  return { words: words.slice(1), flags };
}

function readArguments(rest: readonly string[]): Arguments | { readonly problem: string } {
  try {
    const { positionals, values } = parseArgs({
      args: [...rest],
      options: commandFlags,
      allowPositionals: true,
    });
    return { words: positionals, flags: values };
  } catch (error) {
    // parseArgs says in its message what it does not take.
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function isRole(text: unknown): text is RoleName {
  return roles.some((role) => role === text);
}
