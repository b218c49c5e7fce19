/** Who may send people here to be told who they are: servers of kind `singleuser` as they run now, and services. */
import type { Config } from "#src/config/schema.ts";
import { activeUser } from "#src/services/accounts/user-records.ts";
import { serverKey } from "#src/services/servers/server-rows.ts";
import { serverUrl } from "#src/services/servers/server-spec.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { callbackOf, clientIdOf } from "#src/services/servers/singleuser-environment.ts";
import type { AskingServer } from "#src/session/request-context.ts";
import type { ServerId, ServerRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";

interface ClientFacts {
  /** `client_id` */
  readonly id: string;
  /** What is kept of it with what it was given. */
  readonly key: string;
  readonly label: string;
  /** The one address that people are sent back to. */
  readonly redirectUri: string;
}

interface ServerClient extends ClientFacts {
  readonly kind: "server";
  readonly owner: UserRecord;
  readonly server: ServerRecord;
}

export interface ServiceClient extends ClientFacts {
  readonly kind: "service";
  readonly name: string;
  /** What it may be given besides who somebody is, as the configuration writes it. */
  readonly scopes: readonly string[];
}

export type Client = ServerClient | ServiceClient;

export interface ClientsParts {
  readonly basePath: string;
  readonly state: StoreReader;
  readonly servers: Pick<Servers, "running" | "route">;
  readonly services: Config["services"];
}

const SERVICE = "service-";

export class Clients {
  readonly #parts: ClientsParts;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
  }

  /**
   * Those of this id, which may be several: a person `a-b` and the server `b` of a person `a` have the same one in
   * JupyterHub's way of naming them.
   */
  named(clientId: string): readonly Client[] {
    const service = this.service(clientId);
    return service === undefined ? this.#serversNamed(clientId) : [service];
  }

  service(clientId: string): ServiceClient | undefined {
    const name = clientId.startsWith(SERVICE) ? clientId.slice(SERVICE.length) : "";
    const { services } = this.#parts;
    const found = Object.hasOwn(services, name) ? services[name] : undefined;
    if (found?.redirectUri === undefined) return undefined;
    return {
      kind: "service",
      id: clientId,
      key: `service ${name}`,
      label: `JupyterHub service ${name}`,
      redirectUri: found.redirectUri,
      name,
      scopes: found.oauthScopes ?? [],
    };
  }

  /** The one that asks by its own door. */
  asking({ serverId, generation }: AskingServer): ServerClient | undefined {
    const server = serverOf(this.#parts.state, serverId);
    if (server?.generation !== generation) return undefined;
    const owner = activeUser(this.#parts.state, server.userId);
    return owner === undefined ? undefined : this.#clientOf(owner, server);
  }

  #serversNamed(clientId: string): readonly ServerClient[] {
    const { servers, state } = this.#parts;
    return servers.running().flatMap(({ userId, serverName }) => {
      const route = servers.route(userId, serverName);
      if (route?.kind !== "singleuser") return [];
      const owner = activeUser(state, userId);
      const server = state.get("servers", serverKey(userId, route.serverId));
      if (owner === undefined || server === undefined) return [];
      const client = this.#clientOf(owner, server);
      return client.id === clientId ? [client] : [];
    });
  }

  #clientOf(owner: UserRecord, server: ServerRecord): ServerClient {
    const url = serverUrl(this.#parts.basePath, owner, server);
    return {
      kind: "server",
      id: clientIdOf(owner, server.name),
      key: keyOf(server.id),
      label: `Server at ${url}`,
      redirectUri: callbackOf(url),
      owner,
      server,
    };
  }
}

export function keyOf(serverId: ServerId): string {
  return `server ${serverId}`;
}

export function serverOf(state: StoreReader, serverId: ServerId): ServerRecord | undefined {
  for (const [, server] of state.entries("servers")) {
    if (server.id === serverId) return server;
  }
  return undefined;
}
