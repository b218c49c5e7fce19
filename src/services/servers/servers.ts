/** Starts and stops people's servers, and knows at any time what each of them does. */
import type { FailureData } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { ServerSpec, Upstream } from "#src/spawners/spawner.ts";
import type {
  LastFailure,
  ServerId,
  ServerRecord,
  UserId,
  UserRecord,
} from "#src/stores/records.ts";
import type { ToldActivity } from "./activity.ts";
import type { Choice } from "./profiles.ts";
import type { ServerEdit } from "./server-edits.ts";
import { serverNameOf } from "./server-names.ts";
import type { StartRequest } from "./server-records.ts";
import type { ServerStatus } from "./server-status.ts";
import { ServersCore, type ServersOptions } from "./servers-core.ts";
import type { StatusListener } from "./status-board.ts";

export type { ServersOptions };

/** Where the proxy finds a server, and what it shows there. */
interface ServerRoute {
  readonly serverId: ServerId;
  readonly kind: ServerSpec["kind"];
  readonly upstream: Upstream;
  readonly secret: string;
  readonly generation: number;
}

/** One of a person's servers. */
export interface ServerOf {
  /** `""` is the first one. */
  readonly name: string;
  /** Absent before its first start. */
  readonly record: ServerRecord | undefined;
  readonly status: ServerStatus;
}

export class Servers implements AsyncDisposable {
  readonly #core: ServersCore;

  constructor(options: ServersOptions) {
    this.#core = new ServersCore(options);
  }

  /**
   * Takes in what runs, ends what nobody wants, resumes starts that were asked for, and follows the engine
   * from now on. An engine that is away is no reason to fail: it is taken in when it is there.
   */
  async open(): Promise<void> {
    await this.#core.open();
  }

  /** Leaves notebooks running. A start under way stays asked for and is resumed by the next hub. */
  async close(): Promise<void> {
    await this.#core.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  status(userId: UserId, serverName = ""): ServerStatus {
    return this.#statusOf(userId, serverName, this.remembered(userId, serverName));
  }

  /** The first one, whether or not it was ever started, and those with a name, in the order of their names. */
  of(userId: UserId): readonly ServerOf[] {
    const records = this.#core.records.of(userId);
    const first = records.find(({ name }) => name === "");
    const named = records
      .filter(({ name }) => name !== "")
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return [first, ...named].map((record) => {
      const { name } = record ?? { name: "" };
      return { name, record, status: this.#statusOf(userId, name, record) };
    });
  }

  /** Whether one of a person's servers does something: is in line, starts, runs or stops. */
  isAnyActive(userId: UserId): boolean {
    return this.#core.lives.ofUser(userId).some(({ state }) => state.is !== "stopped");
  }

  /** Whether one of a person's servers runs. */
  isAnyReady(userId: UserId): boolean {
    return this.#core.lives
      .ofUser(userId)
      .some(({ state }) => state.is === "running" || state.is === "frozen");
  }

  /**
   * Which server an address below `/user/<person>/` means: the one of that name, or else the first one (`""`).
   * Whether it runs or rests: what is meant for one is never the other's.
   */
  named(userId: UserId, name: string): string {
    return this.#core.records.find(userId, serverNameOf(name))?.name ?? "";
  }

  /** What went wrong last, also while it starts or runs again. */
  lastFailure(userId: UserId, serverName = ""): LastFailure | undefined {
    return this.#core.records.find(userId, serverName)?.lastFailure;
  }

  /** What is on record of it; nothing before its first start. */
  remembered(userId: UserId, serverName = ""): ServerRecord | undefined {
    return this.#core.records.find(userId, serverName);
  }

  /** Servers that can be reached now. */
  running(): readonly { readonly userId: UserId; readonly serverName: string }[] {
    return Array.from(this.#core.lives)
      .filter(({ state }) => state.is === "running")
      .map(({ userId, name }) => ({ userId, serverName: name }));
  }

  /**
   * Asks for a start; ends when it is in the line and on record. Starting what starts or runs changes nothing;
   * what is just stopping starts when it has stopped.
   */
  async start(user: UserRecord, actor: Actor, request: StartRequest = {}): Promise<ServerStatus> {
    const { name = "" } = request;
    await this.#core.wishes.start(user, request, actor);
    if (actor.id === user.id) this.touch(user.id, name);
    return this.status(user.id, name);
  }

  /**
   * Asks for a stop, in whatever state; ends when it has stopped. A start in line or under way is called off.
   * @throws HubError when the engine could not stop it: it runs on.
   */
  async stop(userId: UserId, actor: Actor, serverName = ""): Promise<void> {
    await this.#core.wishes.stop(userId, serverName, actor);
  }

  /** As {@link stop}, of all servers of a person. */
  async stopAllOf(userId: UserId, actor: Actor): Promise<void> {
    await this.#core.wishes.stopAllOf(userId, actor);
  }

  /** Throws what keeps this person from having one more server, of that name. */
  assertMayMake(user: UserRecord, name: string): void {
    this.#core.edits.assertMayMake(user, name);
  }

  /** Makes a server with a name, which rests. Throws what keeps this person from having it. */
  create(user: UserRecord, name: string, edit: Omit<ServerEdit, "name">): Promise<ServerRecord> {
    return this.#core.edits.create(user, name, edit);
  }

  /** Changes one that rests. Throws `server_unknown`, `server_active`, `server_exists` and what is wrong with it. */
  change(user: UserRecord, serverName: string, edit: ServerEdit): Promise<ServerRecord> {
    return this.#core.edits.change(user, serverName, edit);
  }

  /** Deletes one that has a name, and the files that are its alone; ends when it is gone. */
  async remove(user: UserRecord, serverName: string, actor: Actor): Promise<void> {
    await this.#core.removals.remove(user, serverName, actor);
  }

  /** What this person may choose among when they start one; the usual one first. */
  choicesOf(user: UserRecord): readonly Choice[] {
    return this.#core.specs.choicesOf(user);
  }

  /** The status when it neither waits nor starts nor stops any more, or when the time is up. */
  settled(userId: UserId, timeoutMs: number, serverName = ""): Promise<ServerStatus> {
    return this.#core.board.settled(userId, serverName, timeoutMs);
  }

  /** The present status, then each change, until the signal is aborted. */
  watch(userId: UserId, signal: AbortSignal, serverName = ""): AsyncIterable<ServerStatus> {
    return this.#core.board.watch(userId, serverName, signal);
  }

  onChange(listener: StatusListener): () => void {
    return this.#core.board.onChange(listener);
  }

  route(userId: UserId, serverName: string): ServerRoute | undefined {
    const life = this.#core.lives.find(userId, serverName);
    if (life?.state.is !== "running") return undefined;
    const { generation, upstream } = life.state;
    const { serverId } = life;
    const secret = this.#core.specs.secretOf(serverId, generation);
    return { serverId, kind: upstream.kind ?? "jupyter", upstream, secret, generation };
  }

  /** The proxy could not reach it: the engine is asked at once what has become of it. */
  unreachable(userId: UserId, serverName: string): void {
    const life = this.#core.lives.find(userId, serverName);
    if (life !== undefined && this.#core.isOpen) void this.#core.looks.look(life);
  }

  touch(userId: UserId, serverName = ""): void {
    this.#core.activity.touch(userId, serverName);
  }

  /** The person uses the hub: its pages, or its API by a token of theirs. */
  touchPerson(userId: UserId): void {
    this.#core.activity.touch(userId);
  }

  /** Activity that a server tells of itself. Throws `activity_in_future`. */
  noteActivity(userId: UserId, told: ToldActivity): Promise<void> {
    return this.#core.activity.note(userId, told);
  }

  /** How many starts wait for a place, and how many are under way. */
  starts(): { readonly waiting: number; readonly starting: number } {
    return { waiting: this.#core.queue.waiting.length, starting: this.#core.queue.starting };
  }

  /** Compares what is known with what the engine has, now. @throws HubError when it is away. */
  async lookAgain(): Promise<void> {
    await this.#core.lookAgain();
  }

  /** Stops whatever starts or runs; ends when all have stopped that can be. */
  async stopAll(actor: Actor): Promise<void> {
    await this.#core.wishes.stopAll(actor);
  }

  /** What the server printed last; when there is none any more, what is on record of it. */
  async log(userId: UserId, lines: number, serverName = ""): Promise<readonly string[]> {
    const life = this.#core.lives.find(userId, serverName);
    if (life === undefined || life.state.is === "stopped") {
      return this.lastFailure(userId, serverName)?.log.slice(-lines) ?? [];
    }
    return this.#core.engine.logs(life.serverId, lines);
  }

  /** What keeps servers from starting now. */
  trouble(): FailureData | undefined {
    return this.#core.watch.trouble;
  }

  /** One that is being deleted is on its way out, whatever is left of it. */
  #statusOf(userId: UserId, name: string, record: ServerRecord | undefined): ServerStatus {
    return record?.removing === undefined
      ? this.#core.board.status(userId, name)
      : { is: "stopping", since: record.removing };
  }
}
