/** `homeroom.yaml`: its values and where each of them stands, or what is wrong with it. */
import type { Document, LineCounter, ParsedNode } from "yaml";
import { didYouMean } from "./nearest.ts";
import { kindOf, type SchemaParts, type Setting, settings, unwrap } from "./settings.ts";
import { readText } from "./texts.ts";

export interface ConfigFile {
  /** In the form of the schema. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
  /** `homeroom.yaml:3: listen.port`. */
  label(path: readonly string[]): string;
}

export async function parseConfigFile(
  text: string,
  path: string,
  schema: SchemaParts,
): Promise<ConfigFile> {
  // Loaded here: most boxes have no such file, and it takes as long as the rest of a command.
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reader = new FileReader(path, document, lines);
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message, code }) => {
      const { line, col } = lines.linePos(pos[0]);
      const words =
        code === "DUPLICATE_KEY" ? "this name stands here for the second time" : message;
      return `${path}:${line}:${col}: ${words}`;
    });
    return { values: {}, problems, label: () => path };
  }
  return {
    values: reader.readGroup(document.toJS() ?? {}, schema, []),
    problems: reader.problems,
    label: (keys) => reader.label(keys),
  };
}

class FileReader {
  readonly problems: string[] = [];
  readonly #path: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(path: string, document: Document.Parsed, lines: LineCounter) {
    this.#path = path;
    this.#document = document;
    this.#lines = lines;
  }

  label(keys: readonly string[]): string {
    return `${this.#path}${this.#lineOf(keys)}: ${keys.join(".")}`;
  }

  readGroup(
    value: unknown,
    schema: SchemaParts,
    path: readonly string[],
  ): Readonly<Record<string, unknown>> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const name = path.length === 0 ? "the file" : `“${path.join(".")}”`;
      this.#say(path, `${name} must be a group of settings: lines of the form “name: value”`);
      return {};
    }
    const { entries, value: each } = unwrap(schema);
    const read: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const keys = [...path, key];
      const part = entries === undefined ? each : ownEntry(entries, key);
      if (part === undefined) {
        this.#say(keys, `“${keys.join(".")}” is not a setting${suggestion(key, path, entries)}`);
      } else if (item !== null) {
        // A name with nothing behind it is not set.
        read[key] = this.#readValue(item, part, keys);
      }
    }
    return read;
  }

  #readValue(value: unknown, schema: SchemaParts, path: readonly string[]): unknown {
    const kind = kindOf(schema, path.at(-1) ?? "");
    if (kind === undefined) {
      return this.readGroup(value, schema, path);
    }
    return typeof value === "string" ? readText(kind, value) : value;
  }

  #say(path: readonly string[], words: string): void {
    this.problems.push(`${this.#path}${this.#lineOf(path)}: ${words}`);
  }

  /** `:3`, of the name itself when its value has no place. */
  #lineOf(path: readonly string[]): string {
    for (let length = path.length; length > 0; length -= 1) {
      const start = rangeStart(this.#document.getIn(path.slice(0, length), true));
      if (start !== undefined) {
        return `:${this.#lines.linePos(start).line}`;
      }
    }
    return "";
  }
}

function ownEntry(
  entries: Readonly<Record<string, SchemaParts>>,
  key: string,
): SchemaParts | undefined {
  return Object.hasOwn(entries, key) ? entries[key] : undefined;
}

function rangeStart(node: unknown): number | undefined {
  // Asked for a node, a parsed document gives one, or undefined.
  return (node as Partial<ParsedNode> | undefined)?.range?.[0];
}

/** Near names of the same group, and where else a setting of this name is. */
function suggestion(
  key: string,
  path: readonly string[],
  entries: Readonly<Record<string, SchemaParts>> = {},
): string {
  const elsewhere = settings.find((setting) => isCalled(setting, key));
  if (elsewhere !== undefined) {
    return `; did you mean “${elsewhere.path.join(".")}”?`;
  }
  const siblings = Object.keys(entries).map((name) => [...path, name].join("."));
  const all = settings.map((setting) => setting.path.join("."));
  return didYouMean([...path, key].join("."), [...siblings, ...all]);
}

function isCalled({ path, env, flag }: Setting, key: string): boolean {
  return path.at(-1) === key || env === key || flag === key || path.join(".") === key;
}
