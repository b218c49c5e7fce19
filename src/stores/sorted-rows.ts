/** Rows of one collection in the order of their keys: a map for `get`, a sorted list of keys for ranges. */
export class SortedRows<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #keys: string[] = [];

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  set(key: string, row: Row): void {
    if (!this.#rows.has(key)) {
      this.#keys.splice(this.#position(key), 0, key);
    }
    this.#rows.set(key, row);
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) {
      this.#keys.splice(this.#position(key), 1);
    }
  }

  /** Rows may come and go while a reader walks: it sees those that are still there. */
  *entries(prefix = ""): Generator<readonly [key: string, row: Row]> {
    const start = this.#position(prefix);
    let end = start;
    while (this.#keys[end]?.startsWith(prefix) === true) {
      end += 1;
    }
    for (const key of this.#keys.slice(start, end)) {
      const row = this.#rows.get(key);
      if (row !== undefined) {
        yield [key, row];
      }
    }
  }

  /** Where `key` stands, or would stand. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
