/** Servers with everything around them in memory: people, store, engine, clock; hubs that end and are killed. */
import * as v from "valibot";
import { type Config, configSchema } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { Servers, type ServersOptions } from "#src/services/servers/servers.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Timers } from "#src/timers.ts";
import type { Spawner } from "#src/spawners/spawner.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import { isId } from "#src/stores/ids.ts";
import type { ServerRecord, UserId, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import { FakeClock, settle } from "./fake-clock.ts";
import { FakeEngine } from "./fake-engine.ts";
import { FakeHomes } from "./fake-homes.ts";
import { FakeSpawner } from "./fake-spawner.ts";
import { accountWrites, userRecord } from "./records.ts";
import { silentLog } from "./silent-log.ts";

export interface BoxOptions {
  readonly spawner?: Partial<Config["spawner"]>;
  /** How long each step of a start takes. */
  readonly stepMs?: number;
  readonly admit?: ServersOptions["admit"];
}

export interface BootedHub extends AsyncDisposable {
  readonly servers: Servers;
  /** Its process is killed: nothing that it was about to do happens any more. */
  kill(): void;
}

export class ServersBox {
  readonly clock = new FakeClock();
  readonly engine: FakeEngine;
  readonly store = createMemoryStore({ clock: this.clock });
  readonly homes = new FakeHomes();
  readonly config: ServersOptions["config"];
  readonly #options: BoxOptions;
  #disk: Promise<void> = Promise.resolve();
  #brokenWrites = 0;
  #users = 0;

  constructor(options: BoxOptions = {}) {
    this.#options = options;
    const { stepMs } = options;
    this.engine = new FakeEngine({
      timers: this.clock,
      profiles: ["default", "big"],
      ...(stepMs === undefined ? {} : { stepMs }),
    });
    const { spawner } = v.parse(configSchema, {
      spawner: {
        concurrentStarts: 2,
        startTimeoutSeconds: 60,
        stopTimeoutSeconds: 10,
        ...options.spawner,
      },
    });
    this.config = { ...spawner, basePath: "/jupyterhub/" };
  }

  /** Ids are counted, not chance: they decide the order of rows. */
  async addUser(name: string): Promise<UserRecord> {
    this.#users += 1;
    const id = this.#users.toString(26).replaceAll(/[0-9]/g, (digit) => "qrstuvwxyz"[+digit] ?? "");
    const user = userRecord(name, { id: parseId(id.padStart(16, "a")) });
    await this.store.change(() => ({ writes: accountWrites(user), result: undefined }));
    return user;
  }

  async addUsers(count: number): Promise<UserRecord[]> {
    const users: UserRecord[] = [];
    for (let n = 1; n <= count; n++) users.push(await this.addUser(`student${n}`));
    return users;
  }

  async deleteUser(user: UserRecord): Promise<void> {
    await this.store.change(() => ({
      writes: [
        {
          put: "users",
          key: user.id,
          record: { ...user, deleted: new Date(this.clock.now()).toISOString() },
        },
        { remove: "names", key: user.name },
      ],
      result: undefined,
    }));
  }

  /** A slow disk: nothing is written until it is released; then all of it, in order. */
  holdDisk(): { release(): void } {
    const held = Promise.withResolvers<void>();
    this.#disk = held.promise;
    return { release: held.resolve };
  }

  /** The next so many writes of a hub fail. */
  breakDisk(writes: number): void {
    this.#brokenWrites = writes;
  }

  /** A hub on this box; another one may have run before. */
  async boot(spawner?: Spawner, beforeOpen?: (servers: Servers) => void): Promise<BootedHub> {
    const power = { isOn: true };
    const driver = spawner ?? new FakeSpawner(this.engine);
    const { admit } = this.#options;
    const servers = new Servers({
      store: this.#storeWhile(power),
      spawner: driver,
      homes: this.homes,
      config: this.config,
      secrets: { instanceKey: "aW5zdGFuY2Uga2V5" },
      clock: this.clock,
      timers: timersWhile(power, this.clock),
      log: silentLog,
      ...(admit === undefined ? {} : { admit }),
    });
    beforeOpen?.(servers);
    await servers.open();
    await settle();
    return {
      servers,
      kill() {
        power.isOn = false;
        if (driver instanceof FakeSpawner) driver.cut();
      },
      async [Symbol.asyncDispose]() {
        if (power.isOn) await servers.close();
      },
    };
  }

  /** What a killed hub writes reaches no disk. */
  #storeWhile(power: Power): Store {
    const { store } = this;
    return {
      get: (collection, key) => store.get(collection, key),
      entries: (collection, prefix) => store.entries(collection, prefix),
      change: async (plan) => {
        await this.#disk;
        if (this.#brokenWrites > 0) {
          this.#brokenWrites -= 1;
          throw new HubError("database_write_failed", { detail: "no space left" });
        }
        return power.isOn ? store.change(plan) : never;
      },
      audit: (options) => store.audit(options),
      onChange: (listener) =>
        store.onChange((writes) => (power.isOn ? listener(writes) : undefined)),
      health: () => store.health(),
      verify: () => store.verify(),
      close: () => store.close(),
      [Symbol.asyncDispose]: () => store.close(),
    };
  }

  record(user: UserRecord): ServerRecord | undefined {
    for (const [, record] of this.store.entries("servers", `${user.id}!`)) return record;
    return undefined;
  }

  /** Whether the engine has a container, a network, or nothing of this person. */
  inEngine(user: UserRecord): "container" | "network" | "nothing" {
    const id = this.record(user)?.id;
    if (id === undefined) return "nothing";
    if (this.engine.containers.has(id)) return "container";
    return this.engine.networks.has(id) ? "network" : "nothing";
  }
}

export function self(user: UserRecord): Actor {
  return { id: user.id, name: user.name };
}

/** Collects the statuses of one server from now on. */
export function follow(servers: Servers, user: UserRecord): ServerStatus[] {
  const seen: ServerStatus[] = [];
  servers.onChange((userId, _name, status) => {
    if (userId === user.id) seen.push(status);
  });
  return seen;
}

function parseId(text: string): UserId {
  if (!isId<"user">(text)) throw new TypeError(`${text} is no id`);
  return text;
}

interface Power {
  readonly isOn: boolean;
}

const never = new Promise<never>(() => {});

function timersWhile(power: Power, timers: Timers): Timers {
  return {
    after: (ms, run) => timers.after(ms, () => (power.isOn ? run() : undefined)),
  };
}
