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

// The keys of a constant.
export const collectionNames = Object.keys(collections) as readonly CollectionName[];

/** All that the store keeps but the audit: each row as `["collection",["key",record]]`. */
export function rowTexts(store: StoreReader): readonly string[] {
  return collectionNames.flatMap((name) =>
    Array.from(store.entries(name), (row) => JSON.stringify([name, row])),
  );
}
