/**
 * A gateway with everything around it real but the hub's pages, the containers and Docker: people and sessions in
 * a store in memory, `Servers` that are said to run.
 */
import { systemClock } from "#src/clock.ts";
import type { HubError } from "#src/errors.ts";
import { createGateway, type Gateway } from "#src/entrypoint/gateway.ts";
import { createProxy } from "#src/entrypoint/proxy.ts";
import { type Route, RoutingTable } from "#src/entrypoint/routing-table.ts";
import type { UserPathPages } from "#src/routes/user-path-answer.ts";
import { wantsPage } from "#src/routes/user-path-answer.ts";
import { Accounts } from "#src/services/accounts/accounts.ts";
import { Attempts } from "#src/services/sign-in/attempts.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import { type Identity, Permissions } from "#src/session/identity.ts";
import { createRequestContexts } from "#src/session/request-context.ts";
import { Sessions } from "#src/session/sessions.ts";
import { makeId } from "#src/stores/ids.ts";
import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import type { UserId, UserRecord } from "#src/stores/records.ts";
import { addPerson } from "./records.ts";
import { silentLog } from "./silent-log.ts";

export const SECRET = "the-containers-own-secret";

export interface WorldOptions {
  /** In place of the plain answers. */
  readonly respond?: UserPathPages["respond"];
  readonly authenticateToken?: (token: string) => Identity | undefined;
  readonly basePath?: string;
  readonly publicUrl?: string;
}

/** Stands for `Servers`: what is said of them, and what they were told. */
class SaidServers {
  readonly statuses = new Map<UserId, ServerStatus>();
  /** Servers that have a name, of anybody. */
  readonly names = new Set<string>();
  readonly touched: UserId[] = [];
  readonly unreachableServers: UserId[] = [];
  troubled: ReturnType<HubError["toData"]> | undefined;

  status(userId: UserId): ServerStatus {
    return this.statuses.get(userId) ?? { is: "stopped" };
  }

  named(_userId: UserId, name: string): string {
    return this.names.has(name) ? name : "";
  }

  trouble() {
    return this.troubled;
  }

  touch(userId: UserId): void {
    this.touched.push(userId);
  }

  unreachable(userId: UserId): void {
    this.unreachableServers.push(userId);
  }
}

export interface World {
  readonly gateway: Gateway;
  readonly routes: RoutingTable;
  readonly servers: SaidServers;
  readonly sessions: Sessions;
  /** Requests that came to the hub's own pages. */
  readonly hubRequests: string[];
  user(name: string): UserRecord;
  /** Signs somebody in; the answer is the value of the site's cookie. */
  signIn(name: string, options?: { mustChangePassword?: boolean }): Promise<string>;
  run(name: string, port: number, parts?: Partial<Route>): Route;
  close(): Promise<void>;
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const store = createMemoryStore();
  const passwords = { hash: () => Promise.resolve(""), verify: () => Promise.resolve(false) };
  const parts = { store, clock: systemClock };
  const attempts = new Attempts();
  const accounts = new Accounts({ ...parts, passwords, attempts, minLength: 8 });
  const sessions = new Sessions({ ...parts, log: silentLog, idleMs: 3_600_000, maxMs: 86_400_000 });
  const servers = new SaidServers();
  const routes = new RoutingTable();
  const hubRequests: string[] = [];
  for (const name of ["alice", "bob"]) await addPerson(store, name);

  const user = (name: string): UserRecord => {
    const found = accounts.byName(name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  const gateway = createGateway({
    basePath: options.basePath ?? "/",
    authenticateToken: options.authenticateToken,
    app: (req, res) => {
      hubRequests.push(`${req.method} ${req.url}`);
      req.resume();
      res.end("hub");
    },
    contexts: createRequestContexts({
      trustedProxies: [],
      publicUrl: options.publicUrl,
    }),
    sessions,
    accounts,
    servers,
    routes,
    pages: options.respond === undefined ? plainPages : { respond: options.respond },
    log: silentLog,
    permissions: new Permissions(store),
    proxy: createProxy(),
    passes: { passOf: (token) => `pass-${token}` },
  });

  return {
    gateway,
    routes,
    servers,
    sessions,
    hubRequests,
    user,
    async signIn(name, { mustChangePassword = false } = {}) {
      const about = {
        mustChangePassword,
        device: "test",
        address: "",
      };
      return (
        await sessions.create({
          user: user(name),
          ...about,
        })
      ).siteSecret;
    },
    run(name, port, parts = {}) {
      const route: Route = {
        userId: user(name).id,
        serverName: "",
        serverId: makeId<"server">(),
        generation: 1,
        upstream: {
          host: "127.0.0.1",
          port,
        },
        secret: SECRET,
        kind: "jupyter",
        ...parts,
      };
      routes.set(route);
      servers.names.add(route.serverName);
      return route;
    },
    async close() {
      gateway.close();
      await sessions[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Stands for routes/user-path-pages.ts. */
const plainPages: UserPathPages = {
  respond(req, res, failure, about) {
    if (res.headersSent) return void res.destroy();
    const isPage = wantsPage(req);
    const body = isPage
      ? `<title>${failure.code}</title>`
      : JSON.stringify({ code: failure.code, message: failure.message, own: about.ownServer });
    res.writeHead(failure.status, {
      "content-type": isPage ? "text/html" : "application/json",
      "content-length": Buffer.byteLength(body),
      ...(failure.retryAfter === undefined ? {} : { "retry-after": String(failure.retryAfter) }),
    });
    res.end(req.method === "HEAD" ? undefined : body);
  },
};
