/** The settings of the schema as a list: what the loader and the reference page go through. */
import { profileSchema, serviceSchema } from "./entries.ts";
import { configSchema } from "./schema.ts";
import type { SettingMetadata } from "./setting-kinds.ts";

/** The parts of a valibot schema that tell what it takes (they are public: valibot.dev/guides/internal-architecture). */
export interface SchemaParts {
  readonly type: string;
  readonly entries?: Readonly<Record<string, SchemaParts>>;
  readonly wrapped?: SchemaParts;
  readonly default?: unknown;
  readonly pipe?: readonly SchemaParts[];
  readonly value?: SchemaParts;
  readonly options?: readonly string[];
  readonly requirement?: unknown;
  readonly message?: unknown;
  readonly metadata?: SettingMetadata;
}

export type SettingKind = "text" | "choice" | "number" | "bytes" | "boolean" | "list";

export interface Setting {
  /** Where it stands in the file: `["listen", "port"]`. */
  readonly path: readonly string[];
  readonly kind: SettingKind;
  readonly about: string;
  readonly example: string | undefined;
  readonly default: unknown;
  readonly choices: readonly string[];
  /** Its variable and flag; `undefined`: only in the file. */
  readonly env: string | undefined;
  readonly flag: string | undefined;
}

export const rootSchema = configSchema as unknown as SchemaParts;
const profileParts = profileSchema as unknown as SchemaParts;

export const settings: readonly Setting[] = settingsIn(rootSchema, []);
export const profileSettings: readonly Setting[] = settingsIn(profileParts, []);
export const serviceSettings: readonly Setting[] = settingsIn(serviceSchema, []);

/** `HOMEROOM_BASE_PATH` → `base-path`. */
function flagOf(env: string): string {
  return env
    .replace(/^HOMEROOM_/, "")
    .replaceAll("_", "-")
    .toLowerCase();
}

/** Without `optional` and the pipe around it. */
export function unwrap(schema: SchemaParts): SchemaParts {
  const inner = schema.wrapped ?? schema.pipe?.[0];
  return inner === undefined || inner === schema || inner.type === schema.type
    ? schema
    : unwrap(inner);
}

export function kindOf(schema: SchemaParts, key: string): SettingKind | undefined {
  switch (unwrap(schema).type) {
    case "string":
      return "text";
    case "picklist":
      return "choice";
    case "number":
      return key.endsWith("Bytes") ? "bytes" : "number";
    case "boolean":
      return "boolean";
    case "array":
      return "list";
    default:
      return undefined;
  }
}

function settingsIn(schema: SchemaParts, path: readonly string[]): readonly Setting[] {
  return Object.entries(unwrap(schema).entries ?? {}).flatMap(([key, part]) => {
    const metadata = part.pipe?.find(({ type }) => type === "metadata")?.metadata;
    // A group of names that are the owner's own is described as one setting; each value is text.
    const kind = kindOf(part, key) ?? (unwrap(part).type === "record" ? "text" : undefined);
    if (metadata === undefined || kind === undefined) {
      return settingsIn(part, [...path, key]);
    }
    const { about, env, example } = metadata;
    return [
      {
        path: [...path, key],
        kind,
        about,
        example,
        default: defaultOf(part),
        choices: unwrap(part).options ?? [],
        env,
        flag: env === undefined ? undefined : flagOf(env),
      },
    ];
  });
}

function defaultOf(schema: SchemaParts): unknown {
  return schema.type === "optional" && "default" in schema && schema.default !== undefined
    ? schema.default
    : schema.pipe?.map((part) => part.default).find((value) => value !== undefined);
}
