/** The parts that servers are kept with, and how they know of each other; ./servers.ts is what others see. */
import { availableParallelism } from "node:os";
import type { Clock } from "#src/clock.ts";
import type { Secrets } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type { ServerState as FoundState, Spawner } from "#src/spawners/spawner.ts";
import type { ServerId, ServerRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { type Timers, systemTimers } from "#src/timers.ts";
import { Activity } from "./activity.ts";
import { BoundedEngine } from "./bounded-engine.ts";
import { type AboutServer, EngineWatch } from "./engine-watch.ts";
import { Lives } from "./lives.ts";
import { Looks } from "./looks.ts";
import { followPeople } from "./people-follower.ts";
import { Reconciler } from "./reconciler.ts";
import { ServerEdits } from "./server-edits.ts";
import { type LifeParts, ServerLife } from "./server-life.ts";
import { ServerRecords } from "./server-records.ts";
import { ServerRemovals } from "./server-removals.ts";
import type { ServersConfig } from "./server-spec.ts";
import { ServerSpecs } from "./server-specs.ts";
import { type Admit, StartQueue } from "./start-queue.ts";
import { StatusBoard } from "./status-board.ts";
import { Wishes } from "./wishes.ts";

/** Beyond what a notebook has to save and end: killing it, and removing container and network. */
const CLEAN_UP_MS = 30_000;

export interface ServersOptions {
  readonly store: Store;
  readonly spawner: Spawner;
  readonly config: ServersConfig;
  readonly secrets: Pick<Secrets, "instanceKey">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timers?: Timers;
  /** Where files of a server are that are its alone. */
  readonly homes: Pick<Homes, "remove">;
  /** Whether the next in line may start; absent: whenever a place is free. */
  readonly admit?: Admit<ServerId>;
}

export class ServersCore {
  readonly records: ServerRecords;
  readonly specs: ServerSpecs;
  readonly queue: StartQueue<ServerId>;
  readonly engine: BoundedEngine;
  readonly watch: EngineWatch;
  readonly looks: Looks;
  readonly board: StatusBoard;
  readonly activity: Activity;
  readonly wishes: Wishes;
  readonly edits: ServerEdits;
  readonly removals: ServerRemovals;
  readonly lives = new Lives();
  readonly #options: ServersOptions & { readonly timers: Timers };
  readonly #reconciler: Reconciler;
  readonly #lifeParts: LifeParts;
  #ignorePeople: () => void = () => {};
  #isOpen = false;
  #isClosed = false;

  constructor(given: ServersOptions) {
    const options = { timers: systemTimers, ...given };
    const { store, spawner, config, secrets, clock, log, timers } = options;
    this.#options = options;
    this.records = new ServerRecords(store, clock, config);
    this.specs = new ServerSpecs({ store, records: this.records, config, secrets });
    this.engine = new BoundedEngine(spawner, timers);
    this.looks = new Looks({ engine: this.engine, timers, log });
    this.queue = this.#makeQueue();
    this.board = new StatusBoard({ lives: this.lives, queue: this.queue, timers, log });
    this.watch = this.#makeWatch();
    this.activity = new Activity({
      store,
      clock,
      timers,
      log,
      isRunning: (userId, name) => this.lives.find(userId, name)?.state.is === "running",
    });
    this.#lifeParts = this.#partsOfLives();
    const lifeOf = (record: ServerRecord): ServerLife => this.lifeOf(record);
    const { records, specs, engine, watch, looks, board, lives } = this;
    const shared = { store, records, specs, engine, watch, looks, board, lives, lifeOf };
    const around = { ...shared, config, clock, timers, log };
    this.#reconciler = new Reconciler(around);
    this.wishes = new Wishes(around);
    this.edits = new ServerEdits({ ...around, wishes: this.wishes });
    this.removals = new ServerRemovals({
      ...around,
      wishes: this.wishes,
      homes: options.homes,
    });
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isClosed;
  }

  async open(): Promise<void> {
    for (const record of this.records.all()) {
      if (this.records.activeUser(record.userId) !== undefined) this.lifeOf(record);
    }
    const { store, log } = this.#options;
    this.#ignorePeople = followPeople({ store, log, wishes: this.wishes });
    this.#isOpen = true;
    await this.watch.open();
    if (this.watch.trouble !== undefined) this.#reconciler.reconcile(undefined);
    this.removals.open();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.wishes.close();
    this.#ignorePeople();
    this.watch.close();
    this.looks.close();
    this.#reconciler.close();
    this.queue.close();
    this.board.close();
    const lives = Array.from(this.lives, (life) => life.close());
    this.engine.close();
    await this.removals.close();
    await Promise.all(lives);
    await this.activity.close();
  }

  /** Compares what is known with what the engine has, now. @throws HubError when it is away. */
  async lookAgain(): Promise<void> {
    // A hub that did not take in what runs would take it for leftovers.
    if (!this.isOpen) throw new HubError("hub_stopping");
    await this.watch.lookAgain();
  }

  lifeOf(record: ServerRecord): ServerLife {
    const known = this.lives.get(record.id);
    if (known !== undefined) return known;
    const life = new ServerLife(record, this.#lifeParts);
    this.lives.add(life);
    return life;
  }

  #makeQueue(): StartQueue<ServerId> {
    const { config, clock, timers, log, admit } = this.#options;
    return new StartQueue({
      width: config.concurrentStarts ?? availableParallelism(),
      clock,
      timers,
      log,
      ...(admit === undefined ? {} : { admit }),
      onMove: () => this.board.tellPlaces(),
    });
  }

  #makeWatch(): EngineWatch {
    const { spawner, timers, log } = this.#options;
    return new EngineWatch({
      spawner,
      engine: this.engine,
      timers,
      log,
      onEvent: (event) => this.#hear(event),
      onLost: () => this.#engineLost(),
      onFound: (listed) => this.#engineFound(listed),
    });
  }

  #partsOfLives(): LifeParts {
    const { config, clock, log, timers } = this.#options;
    return {
      engine: this.engine,
      records: this.records,
      queue: this.queue,
      clock,
      timers,
      log,
      limits: {
        stepMs: config.startTimeoutSeconds * 1000,
        stopMs: config.stopTimeoutSeconds * 1000 + CLEAN_UP_MS,
        engineLostMs: config.startTimeoutSeconds * 1000,
      },
      specs: this.specs,
      isEngineLost: () => this.watch.trouble !== undefined,
      onChange: (life) => this.board.tell(life),
    };
  }

  #hear(event: AboutServer): void {
    const life = this.lives.get(event.serverId);
    if (life !== undefined && !life.hear(event)) void this.looks.look(life);
  }

  #engineLost(): void {
    this.queue.hold();
    for (const life of this.lives) life.engineChanged();
  }

  #engineFound(listed: readonly FoundState[]): void {
    this.#reconciler.reconcile(listed);
    this.queue.release();
    for (const life of this.lives) life.engineChanged();
  }
}
