/** Defaults < `homeroom.yaml` < `HOMEROOM_*` < command line, into one frozen object, or all problems at once. */
import { join } from "node:path";
import * as v from "valibot";
import { type FlagOption, splitArguments } from "./command-line.ts";
import { type ConfigFile, parseConfigFile } from "./config-file.ts";
import { didYouMean } from "./nearest.ts";
import { isOtherVariable, otherVariables } from "./other-variables.ts";
import { problemWords } from "./problem-words.ts";
import { type Config, configSchema } from "./schema.ts";
import {
  profileSettings,
  rootSchema,
  serviceSettings,
  type Setting,
  settings,
} from "./settings.ts";
import { readText } from "./texts.ts";

export interface ConfigSources {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As `readFile` of node:fs/promises: fails with ENOENT when there is no such file. */
  readonly readFile: (path: string) => Promise<string>;
  /** Flags that the commands take; they stay in `rest`. */
  readonly commandFlags?: Readonly<Record<string, FlagOption>>;
}

type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly rest: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** A text that was given for a setting, and where. */
interface Given {
  readonly setting: Setting;
  readonly source: string;
  readonly text: string;
}

export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const flags = splitArguments(sources.argv, sources.commandFlags ?? {});
  const variables = readVariables(sources.env);
  const fromFlags = [...flags.values].flatMap(([flag, text]) =>
    settings
      .filter((setting) => setting.flag === flag)
      .map((setting) => ({ setting, source: `--${flag}`, text })),
  );
  const given = [...variables.given, ...fromFlags];
  const file = await readConfigFile(sources, given);

  const input = structuredClone(file.values);
  for (const { setting, text } of given) {
    put(input, setting.path, readText(setting.kind, text));
  }
  const parsed = v.safeParse(configSchema, input);
  const problems = [
    ...file.problems,
    ...variables.problems,
    ...flags.problems,
    ...(parsed.issues ?? []).map((issue) => describe(issue, given, file)),
  ];
  return parsed.success && problems.length === 0
    ? { ok: true, config: deepFreeze(parsed.output), rest: flags.rest }
    : { ok: false, problems: [...new Set(problems)] };
}

function readVariables(env: ConfigSources["env"]): {
  readonly given: readonly Given[];
  readonly problems: readonly string[];
} {
  const given: Given[] = [];
  const problems: string[] = [];
  for (const [name, text = ""] of Object.entries(env)) {
    const setting = settings.find((setting) => setting.env === name);
    // Compose passes variables that are not set as empty ones.
    if (text !== "" && setting !== undefined) {
      given.push({ setting, source: name, text });
    } else if (text !== "" && name.startsWith("HOMEROOM_") && !isOtherVariable(name)) {
      const known = [...settings.map(({ env = "" }) => env), ...otherVariables.map((o) => o.name)];
      problems.push(`${name}: there is no such setting${didYouMean(name, known)}`);
    }
  }
  return { given, problems };
}

async function readConfigFile(
  { env, readFile }: ConfigSources,
  given: readonly Given[],
): Promise<ConfigFile> {
  const named = env["HOMEROOM_CONFIG"] ?? "";
  const dataDir = given.findLast(({ setting }) => setting.path.join(".") === "dataDir")?.text;
  const path = named === "" ? join(dataDir ?? "./data", "homeroom.yaml") : named;
  const none = { values: {}, label: () => path };
  try {
    return await parseConfigFile(await readFile(path), path, rootSchema);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) {
      throw error;
    }
    const { code } = error;
    if (named === "" && (code === "ENOENT" || code === "ENOTDIR")) {
      return { ...none, problems: [] };
    }
    if (code === "ENOENT") {
      return { ...none, problems: [`HOMEROOM_CONFIG: there is no file ${path}`] };
    }
    return { ...none, problems: [`${path}: cannot be read (${error.message})`] };
  }
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const group: Record<string, unknown> =
    typeof inner === "object" && inner !== null ? { ...inner } : {};
  target[key] = group;
  put(group, rest, value);
}

function describe(issue: v.BaseIssue<unknown>, given: readonly Given[], file: ConfigFile): string {
  const path = (issue.path ?? []).map(({ key }) => String(key));
  const setting = settings.find(({ path: known }) => known.every((key, at) => key === path[at]));
  const isMissing = issue.type === "strict_object" && issue.received === "undefined";
  if (isMissing) {
    return `${file.label(path.slice(0, -1))}: “${path.at(-1)}” is missing`;
  }
  const last = given.findLast((entry) => entry.setting === setting);
  if (last !== undefined) {
    return `${last.source}: ${problemWords(issue, setting)}`;
  }
  // `spawner.profiles.<name>.<key>`
  const inProfile = profileSettings.find(({ path: [key] }) => key === path[3]);
  // `services.<name>.<key>`
  const inService =
    path[0] === "services" ? serviceSettings.find(({ path: [key] }) => key === path[2]) : undefined;
  return `${file.label(path)}: ${problemWords(issue, setting ?? inService ?? inProfile)}`;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach((part: unknown) => deepFreeze(part));
    Object.freeze(value);
  }
  return value;
}
