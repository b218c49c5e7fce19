/** Which arguments are settings, which belong to the command, and which to nobody. */
import { parseArgs } from "node:util";
import { didYouMean } from "./nearest.ts";
import { settings } from "./settings.ts";

export interface Flags {
  /** Texts by flag: `base-path` → `/x/`. */
  readonly values: ReadonlyMap<string, string>;
  /** The arguments that are left. */
  readonly rest: readonly string[];
  readonly problems: readonly string[];
}

/** `commandFlags`: what the commands take for themselves. */
export function splitArguments(
  argv: readonly string[],
  commandFlags: Readonly<Record<string, FlagOption>>,
): Flags {
  const settingFlags = settings.flatMap(({ flag, kind }) =>
    flag === undefined
      ? []
      : [[flag, { type: kind === "boolean" ? "boolean" : "string" }] as const],
  );
  const options = { ...commandFlags, ...Object.fromEntries(settingFlags) };
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const isSetting = new Map(settingFlags);
  const values = new Map<string, string>();
  const rest: string[] = [];
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") {
      rest.push(token.value);
    } else if (token.kind === "option-terminator") {
      rest.push("--");
    } else {
      const { name, rawName, value } = token;
      const isText = Object.hasOwn(options, name) && options[name]?.type === "string";
      if (!Object.hasOwn(options, name)) {
        problems.push(`${rawName}: there is no such flag${suggestion(name, Object.keys(options))}`);
      } else if (
        isText &&
        (value === undefined || (!token.inlineValue && value.startsWith("--")))
      ) {
        problems.push(`${rawName}: needs a value, as in ${rawName}=…`);
      } else if (isSetting.has(name)) {
        values.set(name, value ?? "true");
      } else {
        rest.push(value === undefined ? rawName : `--${name}=${value}`);
      }
    }
  }
  return { values, rest, problems };
}

export interface FlagOption {
  readonly type: "string" | "boolean";
  readonly short?: string;
}

function suggestion(name: string, names: readonly string[]): string {
  return didYouMean(name, names).replace("“", "“--");
}
