/** From arguments to a command, or what is wrong with them. */
import { parseArgs } from "node:util";
import { didYouMean } from "#src/config/nearest.ts";
import {
  type Arguments,
  commandFlags,
  helpTopics,
  isProblem,
  type ParsedCommand,
} from "./command.ts";
import { type Form, forms } from "./forms.ts";

/** `rest`: the arguments without the settings among them. */
export function parseCommand(rest: readonly string[]): ParsedCommand {
  const read = readArguments(rest);
  if (isProblem(read)) {
    return read;
  }
  const { words, flags } = read;
  const [topic = "serve"] = words;
  if (flags.help === true || topic === "help" || words[1] === "help" || isGroup(words)) {
    return { command: "help", topic: helpTopics.find((name) => words.includes(name)) ?? "all" };
  }
  if (flags.version === true) {
    return { command: "version" };
  }
  if (flags["check-config"] === true) {
    const form: Form = { flags: ["check-config"], read: () => ({ command: "check-config" }) };
    return parseForm("--check-config", form, { words: [], flags });
  }
  const name = groups.includes(topic) ? `${topic} ${words[1] ?? ""}` : topic;
  const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
  if (form === undefined) {
    return { problem: `there is no command “${name}”${suggestion(name)}` };
  }
  return parseForm(name, form, { words: words.slice(name.split(" ").length), flags });
}

/** Words that stand before a command of theirs. */
const groups: readonly string[] = ["user", "import"];

/** `user` alone. */
function isGroup([word = "", ...more]: readonly string[]): boolean {
  return more.length === 0 && groups.includes(word);
}

/** Nothing may be missing, and nothing may be left over that the command does not take. */
function parseForm(name: string, form: Form, { words, flags }: Arguments): ParsedCommand {
  const wanted = form.words ?? [];
  const missing = wanted[words.length];
  if (missing !== undefined && !missing.endsWith("?")) {
    return { problem: `${name}: the ${missing} is missing` };
  }
  const surplus = words[wanted.length];
  if (surplus !== undefined) {
    return { problem: `${name}: “${surplus}” is too much` };
  }
  const foreign = Object.keys(flags).find((flag) => !form.flags?.some((known) => known === flag));
  return foreign === undefined
    ? form.read(words, flags)
    : { problem: `${name}: does not take --${foreign}` };
}

function suggestion(name: string): string {
  const group = groups.find((word) => name.startsWith(`${word} `));
  const before = group === undefined ? "" : `${group} `;
  const known = Object.keys(forms)
    .filter((form) => (group === undefined ? !form.includes(" ") : form.startsWith(before)))
    .map((form) => form.slice(before.length));
  const others = group === undefined ? groups : [];
  return didYouMean(name.slice(before.length), [...known, "help", ...others]);
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
