/**
 * The store itself, whatever keeps the rows: one change after the other, disk first, then memory.
 *
 * Changes that wait while a write is under way go into the next write together: thirty sign-ins at the same
 * moment cost two writes on a slow card, not thirty.
 */
import { HubError } from "#src/errors.ts";
import type { Backing } from "./backing.ts";
import { Draft, type PlannedChange } from "./draft.ts";
import type { AuditRecord, CollectionName, Collections } from "./records.ts";
import type { Change, Store, StoreCheck, StoreHealth, StoreReader, Write } from "./store.ts";
import { readRestored } from "./restored.ts";
import type { Tables } from "./tables.ts";

interface Waiting {
  readonly plan: (state: StoreReader) => {
    readonly writes: readonly Write[];
    readonly resolve: () => void;
  };
  readonly reject: (error: unknown) => void;
}

interface Planned extends PlannedChange {
  readonly resolve: () => void;
}

type Outcome =
  | { readonly waiting: Waiting; readonly planned: Planned }
  | { readonly waiting: Waiting; readonly error: unknown };

/** A bound for the size of one write, far above what a class does at once. */
const MAX_GROUP = 200;

export class WriteThroughStore implements Store {
  readonly #backing: Backing;
  /** What is on the disk: readers see this. */
  readonly #kept: Tables;
  /** With the changes of the write under way: plans see this. */
  readonly #draft: Draft;
  readonly #listeners = new Set<(writes: readonly Write[]) => void>();
  readonly #queue: Waiting[] = [];
  #working: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isWriting = false;
  readonly #waitingAlone: (() => Promise<void>)[] = [];
  readonly #waitingForRest: (() => void)[] = [];

  /** `kept` and `draft` hold the same rows; the store owns both from now on. */
  constructor(options: {
    readonly backing: Backing;
    readonly kept: Tables;
    readonly draft: Tables;
    readonly lastAuditTime?: string | undefined;
  }) {
    this.#backing = options.backing;
    this.#kept = options.kept;
    this.#draft = new Draft({ ...options, tables: options.draft });
  }

  get<Name extends CollectionName>(collection: Name, key: string): Collections[Name] | undefined {
    return this.#kept.get(collection, key);
  }

  entries<Name extends CollectionName>(
    collection: Name,
    prefix?: string,
  ): Iterable<readonly [key: string, record: Collections[Name]]> {
    return this.#kept.entries(collection, prefix);
  }

  change<Result>(plan: (state: StoreReader) => Change<Result>): Promise<Result> {
    if (this.#closing !== undefined) {
      return Promise.reject(new HubError("hub_stopping"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const planAndKeep = (state: StoreReader) => {
      const { writes, result } = plan(state);
      return { writes, resolve: () => resolve(result) };
    };
    this.#queue.push({ plan: planAndKeep, reject });
    this.#working ??= this.#work();
    return promise;
  }

  audit(options: { readonly limit?: number } = {}): AsyncIterable<AuditRecord> {
    return this.#backing.audit(options.limit ?? Number.MAX_SAFE_INTEGER);
  }

  onChange(listener: (writes: readonly Write[]) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  health(): StoreHealth {
    const restored = readRestored(this.#kept);
    return restored === undefined ? {} : { restored };
  }

  async verify(): Promise<StoreCheck> {
    let auditRows = 0;
    for await (const _ of this.audit()) {
      auditRows += 1;
    }
    return {
      rows: this.#kept.size,
      auditRows,
      exports: { good: 0, bad: 0 },
      problems: [],
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls `look` while readers see what is on the disk: now, or between two writes. */
  protected atRest<Result>(look: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const answer = () => {
      try {
        resolve(look());
      } catch (error) {
        reject(error);
      }
    };
    if (this.#isWriting) {
      this.#waitingForRest.push(answer);
    } else {
      answer();
    }
    return promise;
  }

  /** Calls `work` between two writes; the next waits for its end. */
  protected alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waitingAlone.push(() => work().then(resolve, reject));
    this.#working ??= this.#work();
    return promise;
  }

  /** Ends what goes on beside changes, which are refused by now. */
  protected endOtherWork(): Promise<void> {
    return Promise.resolve();
  }

  async #close(): Promise<void> {
    await this.endOtherWork();
    await this.#working;
    await this.#backing.close();
  }

  async #work(): Promise<void> {
    // Changes asked for in the same turn share the first write.
    await Promise.resolve();
    while (this.#queue.length > 0 || this.#waitingAlone.length > 0) {
      this.#isWriting = true;
      await this.#waitingAlone.shift()?.();
      await this.#carryOut(this.#queue.splice(0, MAX_GROUP));
      this.#isWriting = false;
      for (const look of this.#waitingForRest.splice(0)) {
        look();
      }
    }
    this.#working = undefined;
  }

  async #carryOut(group: readonly Waiting[]): Promise<void> {
    const outcomes = group.map((waiting): Outcome => {
      try {
        return { waiting, planned: this.#plan(waiting.plan) };
      } catch (error) {
        return { waiting, error };
      }
    });
    const planned = outcomes.flatMap((outcome) => ("planned" in outcome ? [outcome.planned] : []));
    try {
      const batch = this.#draft.batchOf(planned);
      if (batch !== undefined) await this.#backing.write(batch);
    } catch (error) {
      this.#draft.forget(planned);
      // Also those whose plan threw: it may have looked at a change that is not made now.
      for (const { waiting } of outcomes) {
        waiting.reject(error);
      }
      return;
    }
    for (const outcome of outcomes) {
      if ("planned" in outcome) {
        this.#publish(outcome.planned);
        outcome.planned.resolve();
      } else {
        outcome.waiting.reject(outcome.error);
      }
    }
  }

  #plan(plan: Waiting["plan"]): Planned {
    const { writes, resolve } = plan(this.#draft.state);
    return { ...this.#draft.add(writes), resolve };
  }

  #publish(planned: Planned): void {
    this.#draft.keep(planned);
    for (const listener of this.#listeners) {
      try {
        listener(planned.writes);
      } catch (error) {
        // The change is made, whatever a listener does; but an index that did not follow must not be trusted.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
