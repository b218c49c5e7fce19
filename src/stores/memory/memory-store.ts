/** A store that forgets: for tests. */
import { systemClock, type Clock } from "#src/clock.ts";
import { makeFirstRows } from "#src/stores/first-rows.ts";
import { frozenCopy, toFrozen } from "#src/stores/frozen-json.ts";
import { schemaVersion } from "#src/stores/migrations/migrations.ts";
import type { AuditRecord } from "#src/stores/records.ts";
import { namesIn, redacted } from "#src/stores/redact.ts";
import type { Store } from "#src/stores/store.ts";
import { Tables } from "#src/stores/tables.ts";
import type { Backing, Batch } from "#src/stores/backing.ts";
import { WriteThroughStore } from "#src/stores/write-through-store.ts";

export function createMemoryStore(options: { readonly clock?: Clock } = {}): Store {
  const { meta, group } = makeFirstRows(schemaVersion, options.clock ?? systemClock);
  const kept = new Tables();
  const draft = new Tables();
  for (const tables of [kept, draft]) {
    tables.set("meta", "meta", frozenCopy(meta));
    tables.set("groups", group.id, frozenCopy(group));
  }
  return new WriteThroughStore({ backing: new MemoryBacking(), kept, draft });
}

class MemoryBacking implements Backing {
  /** Their keys only grow. */
  #audit: AuditRecord[] = [];

  write(batch: Batch): Promise<void> {
    for (const userId of batch.redact) {
      const names = new Set(this.#audit.flatMap((record) => namesIn(record, userId)));
      this.#audit = this.#audit.map((record) => redacted(record, userId, names) ?? record);
    }
    this.#audit.push(...batch.audit.map((row) => toFrozen<AuditRecord>(row.text)));
    return Promise.resolve();
  }

  async *audit(limit: number): AsyncGenerator<AuditRecord> {
    yield* this.#audit.toReversed().slice(0, limit);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
