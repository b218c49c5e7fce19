/**
 * How a database of an older Homeroom becomes one of this schema. Schema 1 is the first; each change of a
 * record's form that older rows do not fit adds a migration at the end, and none is ever altered.
 *
 * A migration and the new schema number are one batch: after a crash it is repeated from the rows it began with.
 */

/** Rows of any older form. */
export interface OlderRows {
  entries(collection: string): Iterable<readonly [key: string, record: unknown]>;
}

export type MigrationWrite =
  | { readonly put: string; readonly key: string; readonly record: unknown }
  | { readonly remove: string; readonly key: string };

export interface Migration {
  /** The schema that it makes; the one before is what it expects. */
  readonly to: number;
  /** What it does, for the log. */
  readonly about: string;
  plan(rows: OlderRows): readonly MigrationWrite[];
}

export const firstSchema = 1;
export const migrations: readonly Migration[] = [
  {
    to: 2,
    // An older Homeroom would let locked people sign in, so it must not open what this one wrote.
    about: "classes say whether people may make accounts for themselves; accounts can be locked",
    plan: (rows) =>
      Array.from(rows.entries("groups"), ([key, record]) => ({
        put: "groups",
        key,
        record: { ...(record as object), signUp: { mode: "off" } },
      })),
  },
  {
    to: 3,
    // An older Homeroom would leave the tokens of people whom it locks or erases.
    about: "people have API tokens",
    plan: () => [],
  },
  {
    to: 4,
    // An older Homeroom would open everything to a session that is on a visit, and keep tokens whose session ended.
    about: "notebooks are shared, sessions may be on a visit, tokens may end with a session",
    plan: () => [],
  },
];
export const schemaVersion = schemaAfter(migrations);

export function schemaAfter(list: readonly Migration[]): number {
  return list.at(-1)?.to ?? firstSchema;
}
