import type { Clock } from "#src/clock.ts";

/** Keys that were used lately, a bounded number of them. */
export class RecentKeys {
  readonly #options: { readonly clock: Clock; readonly maxKeys: number; readonly forgetMs: number };
  /** When, on the clock that only grows; the least recently used first. */
  readonly #usedMs = new Map<string, number>();

  constructor(options: {
    readonly clock: Clock;
    readonly maxKeys: number;
    readonly forgetMs: number;
  }) {
    this.#options = options;
  }

  has(key: string): boolean {
    const usedMs = this.#usedMs.get(key);
    return (
      usedMs !== undefined && this.#options.clock.monotonic() - usedMs < this.#options.forgetMs
    );
  }

  remember(key: string, atMs = this.#options.clock.monotonic()): void {
    this.#usedMs.delete(key);
    this.#usedMs.set(key, atMs);
    const [oldest] = this.#usedMs.keys();
    if (this.#usedMs.size > this.#options.maxKeys && oldest !== undefined) {
      this.#usedMs.delete(oldest);
    }
  }
}
