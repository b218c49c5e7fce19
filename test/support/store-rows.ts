import type { CollectionName } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";

const collections = {
  meta: true,
  users: true,
  names: true,
  groups: true,
  members: true,
  servers: true,
  tokens: true,
  shares: true,
  shareCodes: true,
  sessions: true,
  settings: true,
} as const satisfies Record<CollectionName, true>;

/** All that the store keeps but the audit: each row as `["collection",["key",record]]`. */
export function rowTexts(store: StoreReader): readonly string[] {
  return Object.keys(collections).flatMap((name) =>
    // The keys of a constant.
    Array.from(store.entries(name as CollectionName), (row) => JSON.stringify([name, row])),
  );
}
