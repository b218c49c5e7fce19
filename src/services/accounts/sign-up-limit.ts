/**
 * How many accounts may be made from one address in an hour: a class behind one router fits in, a script that
 * fills the box with people does not. Measured with the clock that only grows.
 */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import { networkOf } from "#src/services/networks.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** The network that was quiet for longest is forgotten first. */
const MAX_NETWORKS = 10_000;

interface Taken {
  readonly atMs: number;
}

export class SignUpLimit {
  readonly #most: number;
  readonly #clock: Clock;
  /** When it was counted for a network, oldest first; networks in the order of their last one. */
  readonly #taken = new Map<string, readonly Taken[]>();

  constructor({ most, clock }: { readonly most: number; readonly clock: Clock }) {
    this.#most = most;
    this.#clock = clock;
  }

  /**
   * Counts one, before it is made: a hundred at the same moment are a hundred. The answer takes it back, for one
   * that was not made after all. Throws `sign_up_limit`.
   */
  take(address: string): () => void {
    const now = this.#clock.monotonic();
    const network = networkOf(address);
    const recent = this.#recent(network, now);
    const [oldest] = recent;
    if (recent.length >= this.#most && oldest !== undefined) {
      const leftMs = oldest.atMs + HOUR_MS - now;
      const minutes = Math.max(1, Math.ceil(leftMs / MINUTE_MS));
      throw new HubError("sign_up_limit", { minutes }, { retryAfter: Math.ceil(leftMs / 1000) });
    }
    const taken = { atMs: now };
    this.#put(network, [...recent, taken]);
    return () => {
      const others = this.#recent(network, this.#clock.monotonic());
      this.#put(
        network,
        others.filter((each) => each !== taken),
      );
    };
  }

  #recent(network: string, now: number): readonly Taken[] {
    return (this.#taken.get(network) ?? []).filter(({ atMs }) => atMs + HOUR_MS > now);
  }

  #put(network: string, times: readonly Taken[]): void {
    this.#taken.delete(network);
    if (times.length > 0) this.#taken.set(network, times);
    const [first] = this.#taken.keys();
    if (this.#taken.size > MAX_NETWORKS && first !== undefined) this.#taken.delete(first);
  }
}
