/** Looks at servers that a request could not reach; a swarm of requests makes one look. */
import type { Logger } from "#src/log.ts";
import type { ServerId } from "#src/stores/records.ts";
import type { BoundedEngine } from "./bounded-engine.ts";
import type { ServerLife } from "./server-life.ts";
import type { Timers } from "#src/timers.ts";

/** A server that runs and does not answer is looked at no more often than this. */
const AGAIN_AFTER_MS = 1_000;

interface LooksParts {
  readonly engine: BoundedEngine;
  readonly timers: Timers;
  readonly log: Logger;
}

export class Looks {
  readonly #parts: LooksParts;
  /** Those looked at just now, and whether they were asked for again. */
  readonly #recent = new Map<ServerId, { isWantedAgain: boolean; cancel: () => void }>();
  #isClosed = false;

  constructor(parts: LooksParts) {
    this.#parts = parts;
  }

  /** Asks the engine whether this server does what it should; never fails. */
  async look(life: ServerLife): Promise<void> {
    const recent = this.#recent.get(life.serverId);
    if (recent !== undefined) {
      recent.isWantedAgain = true;
      return;
    }
    if (this.#isClosed) return;
    const entry = { isWantedAgain: false, cancel: () => {} };
    this.#recent.set(life.serverId, entry);
    await this.#ask(life);
    entry.cancel = this.#parts.timers.after(AGAIN_AFTER_MS, () => {
      this.#recent.delete(life.serverId);
      if (entry.isWantedAgain) void this.look(life);
    });
    if (this.#isClosed) entry.cancel();
  }

  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#recent.values()) cancel();
  }

  async #ask(life: ServerLife): Promise<void> {
    const seen = life.state;
    if (seen.is !== "running" && seen.is !== "frozen") return;
    try {
      const found = await this.#parts.engine.inspect(life.serverId);
      // What changed meanwhile is newer than the answer.
      if (life.state === seen) life.takeIn(found);
    } catch (error) {
      this.#parts.log.debug({ err: error, server: life.serverId }, "the engine could not be asked");
    }
  }
}
