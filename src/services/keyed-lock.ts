/** One task at a time for each key, in the order they came; tasks of different keys do not wait for each other. */
export class KeyedLock<Key> {
  readonly #tails = new Map<Key, Promise<unknown>>();

  /** How many keys have a task running or waiting. */
  get size(): number {
    return this.#tails.size;
  }

  async run<Result>(key: Key, task: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const outcome = before.then(task);
    const tail = outcome
      .catch(() => {
        // The next in line does not care how this one ended.
      })
      .then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return outcome;
  }
}
