/** Ending the hub when a program asks for it: as SIGTERM does, which leaves notebooks running. */
import type { Clock } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { auditRow } from "#src/services/audit/audit.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Store } from "#src/stores/store.ts";

interface ShutdownParts {
  readonly store: Pick<Store, "change">;
  readonly servers: Pick<Servers, "stopAll">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asks the process to end; absent: nobody can from here. */
  readonly end: (() => void) | undefined;
}

export class Shutdown {
  readonly #parts: ShutdownParts;
  #isUnderWay = false;

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
  }

  /**
   * Puts it on record. The answer does it, once the one who asked has theirs; asked twice, the hub ends once.
   * Throws `shutdown_elsewhere`.
   */
  async prepare(
    options: { readonly stopServers: boolean },
    actor: Actor,
  ): Promise<() => Promise<void>> {
    const { store, servers, clock, log, end } = this.#parts;
    if (end === undefined) throw new HubError("shutdown_elsewhere");
    const { stopServers } = options;
    await store.change(() => ({
      writes: [auditRow({ action: "hub.shut_down", actor, detail: { stopServers } }, clock)],
      result: undefined,
    }));
    return async () => {
      if (this.#isUnderWay) return;
      this.#isUnderWay = true;
      log.info({ actor: actor.name, stopServers }, "the hub was asked to end");
      try {
        if (stopServers) await servers.stopAll(actor);
      } finally {
        end();
      }
    };
  }
}
