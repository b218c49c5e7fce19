/** Servers that are made without being started, and changes of those that rest. */
import { HubError } from "#src/errors.ts";
import type { ServerRecord, UserRecord } from "#src/stores/records.ts";
import type { Store } from "#src/stores/store.ts";
import type { Lives } from "./lives.ts";
import { assertRoomFor, fullName, namedServer } from "./named-servers.ts";
import { parseServerName, serverNameOf } from "./server-names.ts";
import type { ServerLife } from "./server-life.ts";
import { type StartRequest, demandActive } from "./server-records.ts";
import { findServer, putServer } from "./server-rows.ts";
import type { ServersConfig } from "./server-spec.ts";
import type { ServerSpecs } from "./server-specs.ts";
import type { Wishes } from "./wishes.ts";

interface EditsParts {
  readonly store: Store;
  readonly config: ServersConfig;
  readonly specs: ServerSpecs;
  readonly lives: Lives;
  readonly wishes: Wishes;
  readonly lifeOf: (record: ServerRecord) => ServerLife;
}

/** What is to be another; what is absent stays. */
export type ServerEdit = Pick<StartRequest, "name" | "options" | "displayName">;

export class ServerEdits {
  readonly #parts: EditsParts;

  constructor(parts: EditsParts) {
    this.#parts = parts;
  }

  /** Throws what keeps this person from having one more, of that name. */
  assertMayMake(user: UserRecord, name: string): void {
    const { store, config } = this.#parts;
    assertRoomFor(store, user, name, config);
  }

  /** Makes one with a name; it rests. Throws `server_exists`, and what keeps this person from having one more. */
  async create(
    user: UserRecord,
    text: string,
    { options, displayName }: ServerEdit,
  ): Promise<ServerRecord> {
    const { store, config, specs, wishes } = this.#parts;
    specs.assertPossible(user, options);
    const name = serverNameOf(text);
    return wishes.alone(user.id, () =>
      store.change((state) => {
        demandActive(state, user);
        if (name === "" || findServer(state, user.id, name) !== undefined) {
          throw new HubError("server_exists", { name: user.name, server: name || "''" });
        }
        const record: ServerRecord = {
          ...namedServer(state, user, name, config),
          ...(options === undefined ? {} : { options }),
          ...(displayName === undefined ? {} : { displayName }),
        };
        return { writes: [putServer(record)], result: record };
      }),
    );
  }

  /** Throws `server_unknown`, `server_active`, `server_exists`, and what is wrong with a new name. */
  async change(user: UserRecord, serverName: string, edit: ServerEdit): Promise<ServerRecord> {
    const { config, specs, wishes, lives } = this.#parts;
    const isNamed = edit.name !== undefined || edit.displayName !== undefined;
    if (isNamed && !config.namedServers.allow) throw new HubError("named_servers_off");
    if (edit.options !== undefined) specs.assertPossible(user, edit.options);
    return wishes.alone(user.id, async () => {
      const life = lives.find(user.id, serverName);
      if (life !== undefined && life.state.is !== "stopped") throw activeError(user, serverName);
      const record = await this.#write(user, serverName, edit);
      if (life !== undefined && record.name !== life.name) this.#move(life, record);
      return record;
    });
  }

  #write(user: UserRecord, serverName: string, edit: ServerEdit): Promise<ServerRecord> {
    const { store, config } = this.#parts;
    return store.change((state) => {
      demandActive(state, user);
      const before = findServer(state, user.id, serverName);
      if (before === undefined) {
        throw new HubError("server_unknown", { name: user.name, server: serverName });
      }
      const isWanted = before.started !== undefined || before.startRequested !== undefined;
      if (isWanted || before.removing !== undefined) throw activeError(user, serverName);
      const { options, displayName } = edit;
      const name = edit.name === undefined ? before.name : serverNameOf(edit.name);
      if (edit.name !== undefined) {
        if (findServer(state, user.id, name) !== undefined) {
          throw new HubError("server_exists", { name: user.name, server: name || "''" });
        }
        // The first one makes room for another first one.
        if (before.name === "") assertRoomFor(state, user, name, config);
        else parseServerName(name);
      }
      const record: ServerRecord = {
        ...before,
        name,
        ...(options === undefined ? {} : { options }),
        ...(displayName === undefined ? {} : { displayName }),
      };
      return { writes: [putServer(record)], result: record };
    });
  }

  #move(life: ServerLife, record: ServerRecord): void {
    this.#parts.lives.remove(life);
    void life.close();
    this.#parts.lifeOf(record);
  }
}

function activeError(user: UserRecord, serverName: string): HubError {
  return new HubError("server_active", { name: fullName(user, serverName) });
}
