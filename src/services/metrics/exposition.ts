/** Counters, gauges and histograms in the text format that Prometheus reads (version 0.0.4). */

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface Metric {
  /** The lines of it, each with its end. */
  text(): string;
}

interface About {
  readonly name: string;
  readonly help: string;
  /** Each set of values is a row that is kept for good: never what people choose. */
  readonly labels?: readonly string[];
}

/** Buckets of most libraries, in seconds. */
const usualBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

export class Counter implements Metric {
  readonly #about: About;
  readonly #rows = new Rows<{ count: number }>(() => ({ count: 0 }));

  /** The name ends in `_total`. */
  constructor(about: About) {
    this.#about = about;
    if (about.labels === undefined) this.#rows.of([]);
  }

  add(...values: readonly string[]): void {
    this.#rows.of(values).count += 1;
  }

  text(): string {
    const lines = this.#rows
      .all()
      .map(([values, { count }]) => line(this.#about.name, pairs(this.#about, values), count));
    return head(this.#about, "counter") + lines.join("");
  }
}

/** What is asked for when it is read: a number, or one for each value of the only label. */
export class Gauge implements Metric {
  readonly #about: About;
  readonly #type: "gauge" | "counter";
  readonly #read: () => number | ReadonlyMap<string, number>;

  constructor(
    about: About & { readonly type?: "gauge" | "counter" },
    read: () => number | ReadonlyMap<string, number>,
  ) {
    this.#about = about;
    this.#type = about.type ?? "gauge";
    this.#read = read;
  }

  text(): string {
    const { name } = this.#about;
    const found = this.#read();
    const lines =
      typeof found === "number"
        ? [line(name, [], found)]
        : Array.from(found, ([value, count]) => line(name, pairs(this.#about, [value]), count));
    return head(this.#about, this.#type) + lines.join("");
  }
}

interface Observations {
  /** For each bucket those that are in no smaller one; the last are greater than all bounds. */
  readonly counts: number[];
  sum: number;
}

export class Histogram implements Metric {
  readonly #about: About;
  readonly #bounds: readonly number[];
  readonly #rows: Rows<Observations>;
  /** Without labels there is one row, which is found without looking. */
  readonly #only: Observations | undefined;

  constructor(about: About & { readonly buckets?: readonly number[] }) {
    this.#about = about;
    this.#bounds = about.buckets ?? usualBuckets;
    this.#rows = new Rows(() => ({ counts: [...this.#bounds, 0].fill(0), sum: 0 }));
    this.#only = about.labels === undefined ? this.#rows.of([]) : undefined;
  }

  observe(seconds: number, ...values: readonly string[]): void {
    const row = this.#only ?? this.#rows.of(values);
    let index = 0;
    while (index < this.#bounds.length && seconds > (this.#bounds[index] ?? Infinity)) index += 1;
    row.counts[index] = (row.counts[index] ?? 0) + 1;
    row.sum += seconds;
  }

  text(): string {
    return (
      head(this.#about, "histogram") +
      this.#rows
        .all()
        .map(([values, row]) => this.#rowText(pairs(this.#about, values), row))
        .join("")
    );
  }

  #rowText(labels: Pairs, { counts, sum }: Observations): string {
    const { name } = this.#about;
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      const bound = this.#bounds[index];
      return line(`${name}_bucket`, [...labels, ["le", bound?.toString() ?? "+Inf"]], total);
    });
    return (
      buckets.join("") + line(`${name}_sum`, labels, sum) + line(`${name}_count`, labels, total)
    );
  }
}

/** A row for each set of label values. */
class Rows<Row> {
  readonly #make: () => Row;
  readonly #rows = new Map<string, { readonly values: readonly string[]; readonly row: Row }>();

  constructor(make: () => Row) {
    this.#make = make;
  }

  of(values: readonly string[]): Row {
    const key = values.join("\n");
    const known = this.#rows.get(key);
    if (known !== undefined) return known.row;
    const row = this.#make();
    this.#rows.set(key, { values, row });
    return row;
  }

  all(): readonly (readonly [values: readonly string[], row: Row])[] {
    return Array.from(this.#rows.values(), ({ values, row }) => [values, row]);
  }
}

type Pairs = readonly (readonly [label: string, value: string])[];

function pairs({ labels = [] }: About, values: readonly string[]): Pairs {
  return labels.map((label, index) => [label, values[index] ?? ""]);
}

function head({ name, help }: About, type: string): string {
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`;
}

function line(name: string, labels: Pairs, value: number): string {
  const text = labels.map(([label, of]) => `${label}="${escaped(of).replaceAll('"', '\\"')}"`);
  return `${name}${text.length === 0 ? "" : `{${text.join(",")}}`} ${value}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
