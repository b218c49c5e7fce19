/**
 * How many event streams one person has of the same thing. Each is told of every change, so whoever opens thousands
 * makes a change cost seconds; the one that was opened first gives way.
 */
const MOST_OF_THE_SAME = 20;

export class OpenStreams {
  readonly #open = new Map<string, Set<AbortController>>();

  /** `what` names person and thing. The signal ends the stream; `leave` when it has ended. */
  enter(what: string): { readonly signal: AbortSignal; readonly leave: () => void } {
    const open = this.#open.get(what) ?? new Set<AbortController>();
    this.#open.set(what, open);
    const place = new AbortController();
    open.add(place);
    const leave = (): void => {
      open.delete(place);
      if (open.size === 0 && this.#open.get(what) === open) this.#open.delete(what);
    };
    const [first] = open;
    if (first !== undefined && open.size > MOST_OF_THE_SAME) {
      open.delete(first);
      first.abort();
    }
    return { signal: place.signal, leave };
  }
}
