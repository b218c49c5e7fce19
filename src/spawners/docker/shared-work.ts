/**
 * Work that several callers wait for and that is done once: any of them may go away. It ends with the owner's signal,
 * or when its time is over.
 */
export class SharedWork<Result> {
  readonly #work: (signal: AbortSignal) => Promise<Result>;
  readonly #timeoutMs: number;
  readonly #closing: AbortSignal;
  #running: Promise<Result> | undefined;

  constructor(options: {
    readonly closing: AbortSignal;
    readonly timeoutMs: number;
    readonly work: (signal: AbortSignal) => Promise<Result>;
  }) {
    this.#closing = options.closing;
    this.#timeoutMs = options.timeoutMs;
    this.#work = options.work;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  /** The outcome of the work under way, or of new work; the signal ends the waiting alone. */
  async result(signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    this.#running ??= this.#begin();
    const gone = Promise.withResolvers<never>();
    const leave = () => gone.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([this.#running, gone.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  async #begin(): Promise<Result> {
    const limit = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await this.#work(AbortSignal.any([this.#closing, limit]));
    } finally {
      this.#running = undefined;
    }
  }
}
