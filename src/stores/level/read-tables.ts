/** From texts to frozen records in memory. */
import { toFrozen } from "#src/stores/frozen-json.ts";
import { isChecksumRow } from "#src/stores/checksum.ts";
import type { Rows } from "#src/stores/rows.ts";
import type { CollectionName, Collections } from "#src/stores/records.ts";
import { isCollectionName, Tables } from "#src/stores/tables.ts";

/** Two tables that share their records. */
export function readTables(rows: Rows): { readonly kept: Tables; readonly draft: Tables } {
  const kept = new Tables();
  const draft = new Tables();
  for (const [collection, texts] of rows) {
    if (!isCollectionName(collection)) {
      throw new Error(`it has rows of “${collection}”, which this Homeroom does not know`);
    }
    for (const [key, text] of texts) {
      if (!isChecksumRow(collection, key)) {
        const record = toFrozen<Collections[CollectionName]>(text);
        kept.set(collection, key, record);
        draft.set(collection, key, record);
      }
    }
  }
  return { kept, draft };
}
