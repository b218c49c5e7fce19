/** Counts who reads in the database: it is not opened anew under their eyes. */
import type { OpenDatabase } from "./level-backing.ts";

export class Readers {
  #count = 0;

  get isNobody(): boolean {
    return this.#count === 0;
  }

  counting(database: OpenDatabase): OpenDatabase {
    return {
      rows: async () => {
        this.#count += 1;
        try {
          return await database.rows();
        } finally {
          this.#count -= 1;
        }
      },
      audit: (limit) => this.#each(database.audit(limit)),
      auditKeys: () => this.#each(database.auditKeys()),
      write: (batch) => database.write(batch),
      compact: () => database.compact(),
      rewrite: (keys) => database.rewrite(keys),
      close: () => database.close(),
    };
  }

  /** From the call on: until it is read, the iterator holds a view on the database. */
  #each<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
    this.#count += 1;
    const done = () => (this.#count -= 1);
    return (async function* () {
      try {
        yield* items;
      } finally {
        done();
      }
    })();
  }
}
