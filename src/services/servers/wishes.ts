/** What people ask for: written down first, then passed on. One wish of a person at a time; the last one wins. */
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { ServerRecord, UserId, UserRecord } from "#src/stores/records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { BoundedEngine } from "./bounded-engine.ts";
import type { EngineWatch } from "./engine-watch.ts";
import { KeyedLock } from "#src/services/keyed-lock.ts";
import type { Lives } from "./lives.ts";
import type { Looks } from "./looks.ts";
import type { ServerLife } from "./server-life.ts";
import type { LifeState } from "./server-state.ts";
import type { ServerRecords, StartRequest } from "./server-records.ts";
import type { ServerSpecs } from "./server-specs.ts";

/** Each has half a minute to save; the disk is one. */
const STOPS_AT_ONCE = 8;

interface WishesParts {
  readonly lives: Lives;
  readonly records: ServerRecords;
  readonly specs: ServerSpecs;
  readonly engine: BoundedEngine;
  readonly watch: EngineWatch;
  readonly looks: Looks;
  readonly log: Logger;
  readonly lifeOf: (record: ServerRecord) => ServerLife;
}

export class Wishes {
  readonly #parts: WishesParts;
  readonly #lock = new KeyedLock<UserId>();
  #isClosed = false;

  constructor(parts: WishesParts) {
    this.#parts = parts;
  }

  /** Ends when the start is on record and in the line; nothing to do for what starts or runs. */
  async start(user: UserRecord, request: StartRequest, actor: Actor): Promise<void> {
    this.#mustBeOpen();
    const { name = "" } = request;
    const { lives, watch, records } = this.#parts;
    await this.#lock.run(user.id, async () => {
      records.assertActive(user);
      const life = lives.find(user.id, name);
      if (life?.state.is === "frozen") await this.#wake(life);
      if (!this.#isUp(user.id, name)) await watch.ready();
      // Asked again: the engine may have come back with this very server running.
      if (!this.#isUp(user.id, name)) await this.#ask(user, request, actor);
    });
  }

  /** Ends when it has stopped. @throws HubError when the engine could not stop it. */
  async stop(userId: UserId, name: string, actor: Actor): Promise<void> {
    this.#mustBeOpen();
    const { ended } = await this.#lock.run(userId, async () => {
      const life = this.#parts.lives.find(userId, name);
      if (life !== undefined && this.#isWanted(life)) {
        await this.#writeStop(life, actor);
        life.apply({ event: "stop_asked", when: life.now });
      }
      // In a box of its own: the lock is not to wait for the stop.
      return { ended: life?.stopEnded };
    });
    const failure = await ended;
    if (failure !== undefined) throw failure;
  }

  /** As {@link stop}, of all servers of a person. */
  async stopAllOf(userId: UserId, actor: Actor): Promise<void> {
    const lives = this.#parts.lives.ofUser(userId);
    const stops = lives.map(({ name }) => this.stop(userId, name, actor));
    for (const outcome of await Promise.allSettled(stops)) {
      if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  /** Of everybody, whatever starts or runs; ends when all have stopped that can be. */
  async stopAll(actor: Actor): Promise<void> {
    const lives = Array.from(this.#parts.lives).filter(({ state }) => state.is !== "stopped");
    const next = lives.values();
    const stopSome = async (): Promise<void> => {
      for (const { userId, name, log } of next) {
        try {
          await this.stop(userId, name, actor);
        } catch (error) {
          log.warn({ err: error }, "a server runs on");
        }
      }
    };
    await Promise.all(Array.from({ length: STOPS_AT_ONCE }, stopSome));
  }

  /** What is on record as asked for takes the place of what runs; the start after the stop is not waited for. */
  async restart({ userId, id }: Pick<ServerRecord, "userId" | "id">): Promise<void> {
    await this.#lock.run(userId, async () => {
      const { records, lives } = this.#parts;
      const record = records.get({ userId, serverId: id });
      const life = lives.get(id);
      if (this.#isClosed || life === undefined || record?.startRequested === undefined) return;
      const { generation } = record;
      // Something else of the record was changed, and its coming up may not be on record yet.
      if (isOf(life.state, generation)) return;
      // Also what waits in line: its place is of the generation before.
      life.apply({ event: "stop_asked", when: life.now });
      life.apply({ event: "start_asked", generation, when: life.now, mayHaveLeftover: true });
    });
  }

  /** Nothing else is asked of this person's servers meanwhile. */
  async alone<Result>(userId: UserId, task: () => Promise<Result>): Promise<Result> {
    this.#mustBeOpen();
    return this.#lock.run(userId, task);
  }

  close(): void {
    this.#isClosed = true;
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new HubError("hub_stopping");
  }

  /** Whether a start has nothing to add. */
  #isUp(userId: UserId, name: string): boolean {
    const state = this.#parts.lives.find(userId, name)?.state;
    if (state === undefined || state.is === "stopped") return false;
    return state.is !== "stopping" || state.again !== undefined;
  }

  /** Whether a stop has something to add. */
  #isWanted(life: ServerLife): boolean {
    const { state } = life;
    if (state.is === "stopping") return state.again !== undefined;
    if (state.is !== "stopped") return true;
    // The engine was away when the hub opened, and may still have it.
    return this.#parts.records.get(life)?.started !== undefined;
  }

  async #ask(user: UserRecord, request: StartRequest, actor: Actor): Promise<void> {
    const { specs, records, lifeOf } = this.#parts;
    specs.assertPossible(user, request.options);
    const record = await records.requestStart(user, request, actor);
    // On record, for the next hub.
    this.#mustBeOpen();
    const life = lifeOf(record);
    const { generation } = record;
    // Refused when a hub that opens has just taken this very wish from the record.
    life.apply({ event: "start_asked", generation, when: life.now, mayHaveLeftover: false });
  }

  /** A disk that cannot be written is no reason to keep a server running. */
  async #writeStop(life: ServerLife, actor: Actor): Promise<void> {
    const { records, log } = this.#parts;
    try {
      await records.requestStop(life, actor);
    } catch (error) {
      log.error({ err: error, server: life.serverId, actor }, "a stop could not be written");
    }
  }

  async #wake(life: ServerLife): Promise<void> {
    const { engine, looks } = this.#parts;
    await engine.resume(life.serverId);
    await looks.look(life);
  }
}

/** Whether this generation is what starts or runs already. */
function isOf(state: LifeState, generation: number): boolean {
  switch (state.is) {
    case "queued":
    case "starting":
    case "running":
    case "frozen":
      return state.generation === generation;
    case "stopping":
      return state.again?.generation === generation;
    case "stopped":
      return false;
  }
}
