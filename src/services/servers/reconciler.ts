/** Carries out what {@link reconcile} decides, when the hub opens and when the engine comes back. */
import type { Logger } from "#src/log.ts";
import type { ServerState as FoundState } from "#src/spawners/spawner.ts";
import type { ServerId, ServerRecord } from "#src/stores/records.ts";
import type { BoundedEngine } from "./bounded-engine.ts";
import type { Lives } from "./lives.ts";
import type { Looks } from "./looks.ts";
import { type Decision, reconcile } from "./reconcile.ts";
import type { ServerLife } from "./server-life.ts";
import type { ServerRecords } from "./server-records.ts";

interface ReconcilerParts {
  readonly lives: Lives;
  readonly records: ServerRecords;
  readonly engine: BoundedEngine;
  readonly looks: Looks;
  readonly log: Logger;
  readonly lifeOf: (record: ServerRecord) => ServerLife;
}

type ForLife = Exclude<Decision, { readonly do: "remove_orphan" }>;

export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #closing = new AbortController();
  /** One after the other: nobody waits for them, and the engine has better to do. */
  #removals: Promise<void> = Promise.resolve();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /**
   * `listed` is absent when the engine could not be asked. Looks at the records and carries out without a
   * pause in between, so that no wish of a person comes between decision and deed.
   */
  reconcile(listed: readonly FoundState[] | undefined): void {
    const { lives, records } = this.#parts;
    const known = Array.from(lives).flatMap((life) => {
      const record = records.get(life);
      const isActive = records.activeUser(life.userId) !== undefined;
      return record === undefined || !isActive ? [] : [{ record, state: life.state }];
    });
    for (const decision of reconcile(known, listed)) {
      const life = lives.get(decision.serverId);
      if (decision.do === "remove_orphan") this.#endOrphan(decision.serverId);
      else if (life !== undefined) this.#carryOut(life, decision);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  #carryOut(life: ServerLife, decision: ForLife): void {
    const { log, looks } = this.#parts;
    const { serverId } = decision;
    const when = life.now;
    if (decision.do !== "look") log.info({ server: serverId, decision }, "reconciled");
    switch (decision.do) {
      case "adopt":
        life.apply({ event: "adopted", state: decision.state });
        return;
      case "resume":
        life.apply({ ...decision, event: "start_asked", mayHaveLeftover: true, when });
        return;
      case "bury":
        life.apply({ ...decision, event: "found_dead", when });
        return;
      case "remove":
        life.apply({ ...decision, event: "found_leftover", when });
        return;
      case "look":
        void looks.look(life);
        return;
      case "forget":
        void this.#forget(life, decision.generation);
        return;
    }
  }

  async #forget(life: ServerLife, generation: number): Promise<void> {
    const { records, log } = this.#parts;
    try {
      await records.ended(life, generation);
    } catch (error) {
      log.error({ err: error, server: life.serverId }, "a server could not be written");
    }
  }

  /** Whoever is locked or in the trash may be back at any moment: a start of theirs waits for the end of what is left. */
  #endOrphan(serverId: ServerId): void {
    const { lives, records, lifeOf } = this.#parts;
    const record = records.all().find(({ id }) => id === serverId);
    const life = lives.get(serverId) ?? (record && lifeOf(record));
    if (life === undefined) {
      this.#removeOrphan(serverId);
      return;
    }
    const { now: when } = life;
    const generation = record?.generation ?? 0;
    if (life.state.is === "stopped") life.apply({ event: "found_leftover", generation, when });
    else life.apply({ event: "stop_asked", when });
  }

  #removeOrphan(serverId: ServerId): void {
    const { engine, log } = this.#parts;
    const { signal } = this.#closing;
    this.#removals = this.#removals.then(async () => {
      if (signal.aborted) return;
      try {
        await engine.remove(serverId);
        log.info({ server: serverId }, "removed what the engine had of nobody");
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, server: serverId }, "something of nobody could not be removed");
      }
    });
  }
}
