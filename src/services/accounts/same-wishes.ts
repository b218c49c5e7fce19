/**
 * A form that is sent twice, by a double click say, is one wish. Who is told instead that the name is taken, by their
 * own first click, makes a second account.
 */
import { createHash } from "node:crypto";

export class SameWishes<Result> {
  /** What is under way, by all that was asked, which nobody else knows: a password is part of it. */
  readonly #running = new Map<string, Promise<Result>>();

  /** Does `work`, or waits for the same that is done already. */
  async run(asked: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const key = createHash("sha256").update(JSON.stringify(asked)).digest("base64");
    const known = this.#running.get(key);
    if (known !== undefined) return known;
    const running = work();
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      this.#running.delete(key);
    }
  }
}
