/** When people were last at work: kept in memory, written once a minute in one batch. */
import { type Clock, isoTime } from "#src/clock.ts";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { IsoTime, UserId, UserRecord } from "#src/stores/records.ts";
import type { Store, StoreReader, Write } from "#src/stores/store.ts";
import type { Timers } from "#src/timers.ts";

const WRITE_EVERY_MS = 60_000;
/** As JupyterHub has it: clocks differ, and one that is wrong would keep a server awake for ever. */
const MOST_AHEAD_MS = 59 * 60_000;

/** As told by a server about itself; each counts only when it is later than what is known. */
export interface ToldActivity {
  /** Of the person. */
  readonly user?: IsoTime;
  /** Of servers, by name. */
  readonly servers: ReadonlyMap<string, IsoTime>;
}

/** When a person was last at work, and in which of their servers. */
interface Seen {
  readonly at: IsoTime;
  readonly servers: Map<string, IsoTime>;
}

interface ActivityParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** Whether this server runs: activity of a person whose server rests is not its activity. */
  readonly isRunning: (userId: UserId, serverName: string) => boolean;
}

export class Activity {
  readonly #parts: ActivityParts;
  #seen = new Map<UserId, Seen>();
  #cancelWrite: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: ActivityParts) {
    this.#parts = parts;
  }

  /** The person was at work, in this server of theirs or with the hub alone. */
  touch(userId: UserId, serverName?: string): void {
    const at = isoTime(this.#parts.clock);
    const servers = this.#seen.get(userId)?.servers ?? new Map<string, IsoTime>();
    if (serverName !== undefined) servers.set(serverName, at);
    this.#seen.set(userId, { at, servers });
    this.#writeLater();
  }

  /** Written at once: who tells it asks for it the next moment. Throws `activity_in_future`. */
  async note(userId: UserId, { user: at, servers }: ToldActivity): Promise<void> {
    this.#assertNotAhead(at);
    for (const time of servers.values()) this.#assertNotAhead(time);
    await this.#parts.store.change((state) => {
      const user = state.get("users", userId);
      if (user === undefined || user.deleted !== undefined)
        return { writes: [], result: undefined };
      const rows = state.entries("servers", `${userId}!`);
      const writes: Write[] = Array.from(rows).flatMap(([key, record]) => {
        const lastActivity = servers.get(record.name);
        return isLater(lastActivity, record.lastActivity)
          ? { put: "servers", key, record: { ...record, lastActivity } }
          : [];
      });
      return { writes: [...writes, ...presenceOf(user, at)], result: undefined };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWrite?.();
    await this.#write();
  }

  #writeLater(): void {
    if (this.#isClosed) return;
    this.#cancelWrite ??= this.#parts.timers.after(WRITE_EVERY_MS, () => {
      this.#cancelWrite = undefined;
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    if (this.#seen.size === 0) return;
    const seen = this.#seen;
    this.#seen = new Map();
    try {
      await this.#parts.store.change((state) => ({
        writes: [...seen].flatMap(([userId, what]) => [...this.#writesOf(state, userId, what)]),
        result: undefined,
      }));
    } catch (error) {
      this.#parts.log.warn({ err: error }, "last activity could not be written");
      this.#seen = bothOf(seen, this.#seen);
      this.#writeLater();
    }
  }

  *#writesOf(state: StoreReader, userId: UserId, { at, servers }: Seen): Iterable<Write> {
    const user = state.get("users", userId);
    if (user === undefined || user.deleted !== undefined) return;
    yield* presenceOf(user, at);
    for (const [key, server] of state.entries("servers", `${userId}!`)) {
      const lastActivity = servers.get(server.name);
      if (!this.#parts.isRunning(userId, server.name)) continue;
      if (!isLater(lastActivity, server.lastActivity)) continue;
      yield { put: "servers", key, record: { ...server, lastActivity } };
    }
  }

  #assertNotAhead(time: IsoTime | undefined): void {
    if (time !== undefined && Date.parse(time) - this.#parts.clock.now() > MOST_AHEAD_MS) {
      throw new HubError("activity_in_future", { time: time.replace(/(\.\d{3})Z$/, "$1000Z") });
    }
  }
}

/** That somebody was there then, unless it is known that they were later. In the trash nobody is there. */
export function presenceOf(user: UserRecord, at: IsoTime | undefined): readonly Write[] {
  return user.deleted === undefined && isLater(at, user.lastActivity)
    ? [{ put: "users", key: user.id, record: { ...user, lastActivity: at } }]
    : [];
}

function isLater(time: IsoTime | undefined, than: IsoTime | undefined): time is IsoTime {
  return time !== undefined && (than === undefined || time > than);
}

/** What could not be written, under what was seen since. */
function bothOf(older: ReadonlyMap<UserId, Seen>, newer: ReadonlyMap<UserId, Seen>) {
  const both = new Map(older);
  for (const [userId, { at, servers }] of newer) {
    const before = both.get(userId)?.servers ?? [];
    both.set(userId, { at, servers: new Map([...before, ...servers]) });
  }
  return both;
}
