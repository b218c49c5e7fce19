/** All collections in memory. */
import type { CollectionName, Collections } from "./records.ts";
import { SortedRows } from "./sorted-rows.ts";
import type { StoreReader } from "./store.ts";

type RowsOf = { readonly [Name in CollectionName]: SortedRows<Collections[Name]> };

function emptyRows(): RowsOf {
  return {
    meta: new SortedRows(),
    users: new SortedRows(),
    names: new SortedRows(),
    groups: new SortedRows(),
    members: new SortedRows(),
    servers: new SortedRows(),
    sessions: new SortedRows(),
    tokens: new SortedRows(),
    shares: new SortedRows(),
    shareCodes: new SortedRows(),
    settings: new SortedRows(),
  };
}

const known = emptyRows();

export function isCollectionName(name: string): name is CollectionName {
  return Object.hasOwn(known, name);
}

export class Tables implements StoreReader {
  readonly #rows = emptyRows();

  get<Name extends CollectionName>(collection: Name, key: string): Collections[Name] | undefined {
    return this.#rows[collection].get(key);
  }

  entries<Name extends CollectionName>(
    collection: Name,
    prefix?: string,
  ): Iterable<readonly [key: string, record: Collections[Name]]> {
    return this.#rows[collection].entries(prefix);
  }

  get size(): number {
    return Object.values(this.#rows).reduce((sum, rows) => sum + rows.size, 0);
  }

  /** A list of its own: what changes later does not change it. */
  all(): readonly (readonly [collection: CollectionName, key: string, record: unknown])[] {
    return Object.keys(this.#rows)
      .filter(isCollectionName)
      .flatMap((name) => {
        const entries: Iterable<readonly [string, unknown]> = this.#rows[name].entries();
        return Array.from(entries, ([key, record]) => [name, key, record] as const);
      });
  }

  /** `undefined` removes the row. */
  set<Name extends CollectionName>(
    collection: Name,
    key: string,
    record: Collections[Name] | undefined,
  ): void {
    if (record === undefined) {
      this.#rows[collection].delete(key);
    } else {
      this.#rows[collection].set(key, record);
    }
  }
}
