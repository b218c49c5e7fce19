/** Starts and stops people's servers, and knows at any time what each of them does. */
import { availableParallelism } from "node:os";
import type { Clock } from "#src/clock.ts";
import type { Secrets } from "#src/config/schema.ts";
import { type FailureData, HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Homes } from "#src/spawners/homes.ts";
import type {
  ServerState as FoundState,
  ServerSpec,
  Spawner,
  Upstream,
} from "#src/spawners/spawner.ts";
import type {
  LastFailure,
  ServerId,
  ServerRecord,
  UserId,
  UserRecord,
} from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import { Activity, type ToldActivity } from "./activity.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { BoundedEngine } from "./bounded-engine.ts";
import { type AboutServer, EngineWatch } from "./engine-watch.ts";
import { Lives } from "./lives.ts";
import { Looks } from "./looks.ts";
import { Reconciler } from "./reconciler.ts";
import { type LifeParts, ServerLife } from "./server-life.ts";
import type { Choice } from "./profiles.ts";
import { type ServerEdit, ServerEdits } from "./server-edits.ts";
import { serverNameOf } from "./server-names.ts";
import { ServerRecords, type StartRequest } from "./server-records.ts";
import { ServerRemovals } from "./server-removals.ts";
import type { ServersConfig } from "./server-spec.ts";
import { ServerSpecs } from "./server-specs.ts";
import type { ServerStatus } from "./server-status.ts";
import { type Admit, StartQueue } from "./start-queue.ts";
import { StatusBoard, type StatusListener } from "./status-board.ts";
import { type Timers, systemTimers } from "#src/timers.ts";
import { Wishes } from "./wishes.ts";

/** Beyond what a notebook has to save and end: killing it, and removing container and network. */
const CLEAN_UP_MS = 30_000;

/** Each has half a minute to save; the disk is one. */
const STOPS_AT_ONCE = 8;

const hub: Actor = { id: "hub", name: "hub" };

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

/** Where the proxy finds a server, and what it shows there. */
export interface ServerRoute {
  readonly serverId: ServerId;
  readonly kind: ServerSpec["kind"];
  readonly upstream: Upstream;
  readonly secret: string;
  readonly generation: number;
}

export class Servers implements AsyncDisposable {
  readonly #options: ServersOptions;
  readonly #log: Logger;
  readonly #timers: Timers;
  readonly #records: ServerRecords;
  readonly #specs: ServerSpecs;
  readonly #queue: StartQueue<ServerId>;
  readonly #engine: BoundedEngine;
  readonly #watch: EngineWatch;
  readonly #looks: Looks;
  readonly #reconciler: Reconciler;
  readonly #board: StatusBoard;
  readonly #activity: Activity;
  readonly #lifeParts: LifeParts;
  readonly #wishes: Wishes;
  readonly #edits: ServerEdits;
  readonly #removals: ServerRemovals;
  readonly #lives = new Lives();
  #ignoreStore: () => void = () => {};
  #isOpen = false;
  #isClosed = false;

  constructor(options: ServersOptions) {
    const { store, spawner, config, secrets, clock, log, timers = systemTimers, admit } = options;
    this.#options = options;
    this.#log = log;
    this.#timers = timers;
    this.#records = new ServerRecords(store, clock, config);
    this.#specs = new ServerSpecs({ store, records: this.#records, config, secrets });
    this.#engine = new BoundedEngine(spawner, timers);
    this.#looks = new Looks({ engine: this.#engine, timers, log });
    this.#reconciler = new Reconciler({
      lives: this.#lives,
      records: this.#records,
      engine: this.#engine,
      looks: this.#looks,
      log,
    });
    this.#queue = new StartQueue({
      width: config.concurrentStarts ?? availableParallelism(),
      clock,
      timers,
      log,
      ...(admit === undefined ? {} : { admit }),
      onMove: () => this.#board.tellPlaces(),
    });
    this.#board = new StatusBoard({ lives: this.#lives, queue: this.#queue, timers, log });
    this.#watch = new EngineWatch({
      spawner,
      engine: this.#engine,
      timers,
      log,
      onEvent: (event) => this.#hear(event),
      onLost: () => this.#engineLost(),
      onFound: (listed) => this.#engineFound(listed),
    });
    this.#activity = new Activity({
      store,
      clock,
      timers,
      log,
      isRunning: (userId, name) => this.status(userId, name).is === "running",
    });
    this.#lifeParts = this.#partsOfLives(options);
    this.#wishes = new Wishes({
      lives: this.#lives,
      records: this.#records,
      specs: this.#specs,
      engine: this.#engine,
      watch: this.#watch,
      looks: this.#looks,
      log,
      lifeOf: (record) => this.#lifeOf(record),
    });
    const shared = { store, clock, timers, log, config, homes: options.homes };
    this.#edits = new ServerEdits({ ...shared, ...this.#partsOfEdits() });
    this.#removals = new ServerRemovals({ ...shared, ...this.#partsOfEdits() });
  }

  /**
   * Takes in what runs, ends what nobody wants, resumes starts that were asked for, and follows the engine
   * from now on. An engine that is away is no reason to fail: it is taken in when it is there.
   */
  async open(): Promise<void> {
    for (const record of this.#records.all()) {
      if (this.#records.activeUser(record.userId) !== undefined) this.#lifeOf(record);
    }
    this.#ignoreStore = this.#options.store.onChange((writes) => this.#followStore(writes));
    this.#isOpen = true;
    await this.#watch.open();
    if (this.#watch.trouble !== undefined) this.#reconciler.reconcile(undefined);
    this.#removals.open();
  }

  /** Leaves notebooks running. A start under way stays asked for and is resumed by the next hub. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wishes.close();
    this.#ignoreStore();
    this.#watch.close();
    this.#looks.close();
    this.#reconciler.close();
    this.#queue.close();
    this.#board.close();
    const lives = Array.from(this.#lives, (life) => life.close());
    this.#engine.close();
    await this.#removals.close();
    await Promise.all(lives);
    await this.#activity.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  status(userId: UserId, serverName = ""): ServerStatus {
    const removing = this.#records.find(userId, serverName)?.removing;
    if (removing !== undefined) return { is: "stopping", since: removing };
    return this.#board.status(userId, serverName);
  }

  /** The first one, whether or not it was ever started, and those with a name, in the order of their names. */
  of(userId: UserId): readonly { readonly name: string; readonly status: ServerStatus }[] {
    const names = this.#records.of(userId).map(({ name }) => name);
    return [...new Set(["", ...names.toSorted()])].map((name) => ({
      name,
      status: this.status(userId, name),
    }));
  }

  /**
   * Which server an address below `/user/<person>/` means: the one of that name, or else the first one (`""`).
   * Whether it runs or rests: what is meant for one is never the other's.
   */
  named(userId: UserId, name: string): string {
    return this.#records.find(userId, serverNameOf(name))?.name ?? "";
  }

  /** What went wrong last, also while it starts or runs again. */
  lastFailure(userId: UserId, serverName = ""): LastFailure | undefined {
    return this.#records.find(userId, serverName)?.lastFailure;
  }

  /** What is on record of it; nothing before its first start. */
  remembered(userId: UserId, serverName = ""): ServerRecord | undefined {
    return this.#records.find(userId, serverName);
  }

  /** Servers that can be reached now. */
  running(): readonly { readonly userId: UserId; readonly serverName: string }[] {
    return Array.from(this.#lives)
      .filter(({ state }) => state.is === "running")
      .map(({ userId, name }) => ({ userId, serverName: name }));
  }

  /**
   * Asks for a start; ends when it is in the line and on record. Starting what starts or runs changes nothing;
   * what is just stopping starts when it has stopped.
   */
  async start(user: UserRecord, actor: Actor, request: StartRequest = {}): Promise<ServerStatus> {
    const { name = "" } = request;
    await this.#wishes.start(user, request, actor);
    if (actor.id === user.id) this.touch(user.id, name);
    return this.status(user.id, name);
  }

  /**
   * Asks for a stop, in whatever state; ends when it has stopped. A start in line or under way is called off.
   * @throws HubError when the engine could not stop it: it runs on.
   */
  async stop(userId: UserId, actor: Actor, serverName = ""): Promise<void> {
    await this.#wishes.stop(userId, serverName, actor);
  }

  /** As {@link stop}, of all servers of a person. */
  async stopAllOf(userId: UserId, actor: Actor): Promise<void> {
    const lives = this.#lives.ofUser(userId);
    const stops = lives.map(({ name }) => this.#wishes.stop(userId, name, actor));
    for (const outcome of await Promise.allSettled(stops)) {
      if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  /** Throws what keeps this person from having one more server, of that name. */
  assertMayMake(user: UserRecord, name: string): void {
    this.#edits.assertMayMake(user, name);
  }

  /** Makes a server with a name, which rests. Throws what keeps this person from having it. */
  create(user: UserRecord, name: string, edit: Omit<ServerEdit, "name">): Promise<ServerRecord> {
    return this.#edits.create(user, name, edit);
  }

  /** Changes one that rests. Throws `server_unknown`, `server_active`, `server_exists` and what is wrong with it. */
  change(user: UserRecord, serverName: string, edit: ServerEdit): Promise<ServerRecord> {
    return this.#edits.change(user, serverName, edit);
  }

  /** Deletes one that has a name, and the files that are its alone; ends when it is gone. */
  async remove(user: UserRecord, serverName: string, actor: Actor): Promise<void> {
    await this.#removals.remove(user, serverName, actor);
  }

  /** What this person may choose among when they start one; the usual one first. */
  choicesOf(user: UserRecord): readonly Choice[] {
    return this.#specs.choicesOf(user);
  }

  /** The status when it neither waits nor starts nor stops any more, or when the time is up. */
  settled(userId: UserId, timeoutMs: number, serverName = ""): Promise<ServerStatus> {
    return this.#board.settled(userId, serverName, timeoutMs);
  }

  /** The present status, then each change, until the signal is aborted. */
  watch(userId: UserId, signal: AbortSignal, serverName = ""): AsyncIterable<ServerStatus> {
    return this.#board.watch(userId, serverName, signal);
  }

  onChange(listener: StatusListener): () => void {
    return this.#board.onChange(listener);
  }

  route(userId: UserId, serverName: string): ServerRoute | undefined {
    const life = this.#lives.find(userId, serverName);
    if (life?.state.is !== "running") return undefined;
    const { generation, upstream } = life.state;
    const { serverId } = life;
    const secret = this.#specs.secretOf(serverId, generation);
    return { serverId, kind: upstream.kind ?? "jupyter", upstream, secret, generation };
  }

  /** The proxy could not reach it: the engine is asked at once what has become of it. */
  unreachable(userId: UserId, serverName: string): void {
    const life = this.#lives.find(userId, serverName);
    if (life !== undefined && !this.#isClosed) void this.#looks.look(life);
  }

  touch(userId: UserId, serverName = ""): void {
    this.#activity.touch(userId, serverName);
  }

  /** Activity that a server tells of itself. Throws `activity_in_future`. */
  noteActivity(userId: UserId, told: ToldActivity): Promise<void> {
    return this.#activity.note(userId, told);
  }

  /** How many starts wait for a place, and how many are under way. */
  starts(): { readonly waiting: number; readonly starting: number } {
    return { waiting: this.#queue.waiting.length, starting: this.#queue.starting };
  }

  /** Compares what is known with what the engine has, now. @throws HubError when it is away. */
  async lookAgain(): Promise<void> {
    // A hub that did not take in what runs would take it for leftovers.
    if (!this.#isOpen || this.#isClosed) throw new HubError("hub_stopping");
    await this.#watch.lookAgain();
  }

  /** Stops whatever starts or runs; ends when all have stopped that can be. */
  async stopAll(actor: Actor): Promise<void> {
    const lives = Array.from(this.#lives).filter(({ state }) => state.is !== "stopped");
    const next = lives.values();
    const stopSome = async (): Promise<void> => {
      for (const { userId, name, log } of next) {
        try {
          await this.#wishes.stop(userId, name, actor);
        } catch (error) {
          log.warn({ err: error }, "a server runs on");
        }
      }
    };
    await Promise.all(Array.from({ length: STOPS_AT_ONCE }, stopSome));
  }

  /** What the server printed last; when there is none any more, what is on record of it. */
  async log(userId: UserId, lines: number, serverName = ""): Promise<readonly string[]> {
    const life = this.#lives.find(userId, serverName);
    if (life === undefined || life.state.is === "stopped") {
      return this.lastFailure(userId, serverName)?.log.slice(-lines) ?? [];
    }
    return this.#engine.logs(life.serverId, lines);
  }

  /** What keeps servers from starting now. */
  trouble(): FailureData | undefined {
    return this.#watch.trouble;
  }

  #lifeOf(record: ServerRecord): ServerLife {
    const known = this.#lives.get(record.id);
    if (known !== undefined) return known;
    const life = new ServerLife(record, this.#lifeParts);
    this.#lives.add(life);
    return life;
  }

  #partsOfEdits() {
    return {
      records: this.#records,
      specs: this.#specs,
      lives: this.#lives,
      wishes: this.#wishes,
      engine: this.#engine,
      board: this.#board,
      lifeOf: (record: ServerRecord) => this.#lifeOf(record),
    };
  }

  #partsOfLives({ config, clock, log }: ServersOptions): LifeParts {
    return {
      engine: this.#engine,
      records: this.#records,
      queue: this.#queue,
      clock,
      timers: this.#timers,
      log,
      limits: {
        stepMs: config.startTimeoutSeconds * 1000,
        stopMs: config.stopTimeoutSeconds * 1000 + CLEAN_UP_MS,
        engineLostMs: config.startTimeoutSeconds * 1000,
      },
      specs: this.#specs,
      isEngineLost: () => this.#watch.trouble !== undefined,
      onChange: (life) => this.#board.tell(life),
    };
  }

  #hear(event: AboutServer): void {
    const life = this.#lives.get(event.serverId);
    if (life !== undefined && !life.hear(event)) void this.#looks.look(life);
  }

  #engineLost(): void {
    this.#queue.hold();
    for (const life of this.#lives) life.engineChanged();
  }

  #engineFound(listed: readonly FoundState[]): void {
    this.#reconciler.reconcile(listed);
    this.#queue.release();
    for (const life of this.#lives) life.engineChanged();
  }

  /** People who are deleted or locked have no servers any more; those of renamed people move to the new address. */
  #followStore(writes: readonly Write[]): void {
    for (const write of writes) {
      if (!("put" in write) || write.put !== "users") continue;
      const user = write.record;
      if (user.deleted !== undefined || user.disabled !== undefined) void this.#end(user);
      else for (const record of askedFor(writes, user.id)) void this.#wishes.restart(record);
    }
  }

  async #end(user: UserRecord): Promise<void> {
    try {
      await this.stopAllOf(user.id, hub);
    } catch (error) {
      this.#log.warn({ err: error, user: user.id }, "a deleted or locked user's server runs on");
    }
  }
}

/** Servers that a change of the person asks to start anew. */
function askedFor(writes: readonly Write[], userId: UserId): readonly ServerRecord[] {
  return writes.flatMap((write) =>
    "put" in write &&
    write.put === "servers" &&
    write.record.userId === userId &&
    write.record.startRequested !== undefined
      ? [write.record]
      : [],
  );
}
