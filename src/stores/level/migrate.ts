/** Carries out migrations on the rows of an opened database. */
import * as v from "valibot";
import {
  firstSchema,
  type Migration,
  type MigrationWrite,
  type OlderRows,
} from "#src/stores/migrations/migrations.ts";
import { applyTo, type Rows, type TextWrite } from "#src/stores/rows.ts";
import type { Checksum } from "#src/stores/checksum.ts";
import type { Database } from "./database.ts";

const metaSchema = v.looseObject({
  schema: v.pipe(v.number(), v.safeInteger(), v.minValue(firstSchema)),
});

/** Throws what is wrong, in words. */
export function parseMeta(rows: Rows): v.InferOutput<typeof metaSchema> {
  const text = rows.get("meta")?.get("meta");
  const { output, success } = v.safeParse(v.pipe(v.string(), v.parseJson(), metaSchema), text);
  if (!success) {
    throw new Error(`its meta row is ${text === undefined ? "missing" : "damaged"}`);
  }
  return output;
}

/** One batch: the rows, the schema number and the checksum. Changes `rows` as well. */
export async function migrate(
  database: Database,
  rows: Rows,
  checksum: Checksum,
  migration: Migration,
): Promise<Checksum> {
  const meta = { ...parseMeta(rows), schema: migration.to };
  const planned = migration.plan(readOlder(rows));
  const writes = collapse(rows, [...planned, { put: "meta", key: "meta", record: meta }]);
  const next = checksum.after(writes);
  await database.write({ rows: [...writes, next.row()] });
  applyTo(rows, writes);
  return next;
}

function readOlder(rows: Rows): OlderRows {
  return {
    *entries(collection) {
      for (const [key, text] of rows.get(collection) ?? []) {
        yield [key, JSON.parse(text) as unknown];
      }
    },
  };
}

/** The last write to each row counts. */
function collapse(rows: Rows, writes: readonly MigrationWrite[]): readonly TextWrite[] {
  const last = new Map<string, TextWrite>();
  for (const write of writes) {
    const collection = "put" in write ? write.put : write.remove;
    const text = "put" in write ? JSON.stringify(write.record) : undefined;
    const before = rows.get(collection)?.get(write.key);
    const previous: unknown = before === undefined ? undefined : JSON.parse(before);
    last.set(`${collection}!${write.key}`, { collection, key: write.key, text, previous });
  }
  return [...last.values()];
}
