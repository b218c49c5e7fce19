/** What is wrong with a value, in words. */
import type * as v from "valibot";
import { formatBytes } from "./texts.ts";
import type { Setting, SettingKind } from "./settings.ts";

/** `“99999” must be at most 65535`. */
export function problemWords(issue: v.BaseIssue<unknown>, setting: Setting | undefined): string {
  const kind = setting?.kind ?? "text";
  return `${shown(issue.input, kind)} ${rule(issue, kind, setting)}`;
}

export function shown(value: unknown, kind: SettingKind): string {
  const text =
    kind === "bytes" && typeof value === "number" && value > 0 ? formatBytes(value) : value;
  return `“${typeof text === "string" ? text : JSON.stringify(text)}”`;
}

function rule(
  issue: v.BaseIssue<unknown>,
  kind: SettingKind,
  setting: Setting | undefined,
): string {
  switch (issue.type) {
    case "number":
      return kind === "bytes" ? "must be a size such as 512m or 2g" : "must be a number";
    case "boolean":
      return "must be true or false";
    case "string":
      return typeof issue.input === "number" || typeof issue.input === "boolean"
        ? `must be text: write "${issue.input}" with the quotation marks`
        : "must be text";
    case "array":
      return "must be a list, such as [one, two]";
    case "integer":
      return "must be a whole number";
    case "min_value":
      return `must be at least ${bound(issue.requirement, kind)}`;
    case "max_value":
      return `must be at most ${bound(issue.requirement, kind)}`;
    case "max_length":
      return `must be shorter: the most is ${String(issue.requirement)} characters`;
    case "non_empty":
      return "must not be empty";
    case "picklist":
      return `must be ${either(setting?.choices ?? [])}`;
    case "strict_object":
    case "record":
      return "must be a group of settings, indented below its name";
    default:
      return issue.message;
  }
}

function bound(requirement: unknown, kind: SettingKind): string {
  return kind === "bytes" && typeof requirement === "number"
    ? formatBytes(requirement)
    : String(requirement);
}

function either(choices: readonly string[]): string {
  const last = choices.at(-1) ?? "";
  return choices.length > 1 ? `${choices.slice(0, -1).join(", ")} or ${last}` : last;
}
