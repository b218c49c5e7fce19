import type { MetaRecord } from "./records.ts";
import type { StoreReader } from "./store.ts";

/** The one row of `meta`, which every store has from its first moment. */
export function metaOf(state: Pick<StoreReader, "get">): MetaRecord {
  const meta = state.get("meta", "meta");
  if (meta === undefined) throw new TypeError("A store begins with its meta row");
  return meta;
}
