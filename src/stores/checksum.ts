/**
 * What LevelDB does not tell: whether all rows are still there. It opens a database with a damaged log or a
 * missing CURRENT without a word and with fewer rows.
 */
import { hash } from "node:crypto";
import * as v from "valibot";
import type { Rows, RowText, TextWrite } from "./rows.ts";

/** Where it is kept; itself outside the sum. */
const CHECKSUM_COLLECTION = "meta";
const CHECKSUM_KEY = "checksum";

const MODULUS = 2n ** 256n;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.strictObject({
  changes: count,
  rows: v.record(v.string(), count),
  sum: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

/** A sum over all rows, whatever their order; each write carries it on from the one before. */
export class Checksum {
  /** Writes since the database was made. */
  readonly changes: number;
  /** Rows of each collection. */
  readonly #rows: ReadonlyMap<string, number>;
  readonly #sum: bigint;

  private constructor(changes: number, rows: ReadonlyMap<string, number>, sum: bigint) {
    this.changes = changes;
    this.#rows = rows;
    this.#sum = sum;
  }

  static of(rows: Rows, changes: number): Checksum {
    const counts = new Map<string, number>();
    let sum = 0n;
    for (const [collection, kept] of rows) {
      for (const [key, text] of kept) {
        if (!isChecksumRow(collection, key)) {
          sum += digest(collection, key, text);
          counts.set(collection, (counts.get(collection) ?? 0) + 1);
        }
      }
    }
    return new Checksum(changes, counts, sum % MODULUS);
  }

  /** What the rows say of themselves. Throws what is wrong with it, in words. */
  static read(rows: Rows): Checksum {
    const text = rows.get(CHECKSUM_COLLECTION)?.get(CHECKSUM_KEY);
    if (text === undefined) {
      throw new Error("the checksum of its rows is missing");
    }
    return Checksum.parse(text);
  }

  /** {@link text} as it was kept. */
  static parse(text: string): Checksum {
    const { output, success } = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
    if (!success) {
      throw new Error("the checksum of its rows is damaged");
    }
    return new Checksum(
      output.changes,
      new Map(Object.entries(output.rows)),
      BigInt(`0x${output.sum}`),
    );
  }

  after(writes: readonly TextWrite[]): Checksum {
    const counts = new Map(this.#rows);
    let sum = this.#sum;
    for (const { collection, key, text, previous } of writes) {
      let difference = 0;
      if (previous !== undefined) {
        // A record is what JSON.parse made of its text, so this is that text again.
        sum -= digest(collection, key, JSON.stringify(previous));
        difference -= 1;
      }
      if (text !== undefined) {
        sum += digest(collection, key, text);
        difference += 1;
      }
      counts.set(collection, (counts.get(collection) ?? 0) + difference);
    }
    return new Checksum(this.changes + 1, counts, ((sum % MODULUS) + MODULUS) % MODULUS);
  }

  /** The same rows, at another count of changes. */
  at(changes: number): Checksum {
    return new Checksum(changes, this.#rows, this.#sum);
  }

  fits(other: Checksum): boolean {
    return this.difference(other) === undefined;
  }

  /** What is wrong with the rows `found`, in words; `undefined` when they fit. */
  difference(found: Checksum): string | undefined {
    const names = new Set([...this.#rows.keys(), ...found.#rows.keys()]);
    const wrong = [...names].flatMap((name) => {
      const [written, there] = [this.#rows.get(name) ?? 0, found.#rows.get(name) ?? 0];
      return written === there ? [] : [`${there} of ${written} rows of “${name}” are there`];
    });
    if (wrong.length > 0) {
      return wrong.join(", ");
    }
    return this.#sum === found.#sum ? undefined : "a row is not what was written";
  }

  get text(): string {
    return JSON.stringify({
      changes: this.changes,
      rows: Object.fromEntries(this.#rows),
      sum: this.#sum.toString(16).padStart(64, "0"),
    });
  }

  /** As it is kept. */
  row(): RowText {
    return { collection: CHECKSUM_COLLECTION, key: CHECKSUM_KEY, text: this.text };
  }
}

export function isChecksumRow(collection: string, key: string): boolean {
  return collection === CHECKSUM_COLLECTION && key === CHECKSUM_KEY;
}

function digest(collection: string, key: string, text: string): bigint {
  // Lengths first, so that no two rows run into the same bytes.
  const row = `${collection.length}:${key.length}:${collection}${key}${text}`;
  return BigInt(`0x${hash("sha256", row)}`);
}
