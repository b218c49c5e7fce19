/** The routing table in JupyterHub's shape. The proxy is a part of this hub. */
import type { Clock } from "#src/clock.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Upstream } from "#src/spawners/spawner.ts";
import type { UserId } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import type { Paths } from "../paths.ts";
import { pagination, readPage, takesPages } from "./pagination.ts";
import { invalid, parseBody } from "./schemas/bodies.ts";
import { type RouteModel, proxyBody } from "./schemas/hub.ts";
import { microTime } from "./user-models.ts";

/** What the API needs of the routing table. */
export interface OpenRoutes {
  all(): readonly {
    readonly userId: UserId;
    readonly serverName: string;
    readonly upstream: Upstream;
  }[];
}

interface ProxyParts {
  readonly routes: OpenRoutes;
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly clock: Clock;
  readonly paths: Paths;
}

export function proxyApi({ routes, accounts, servers, clock, paths }: ProxyParts) {
  function show(ctx: HubContext): void {
    const page = readPage(ctx);
    const all = [hubRoute(ctx), ...userRoutes()].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const shown = Object.fromEntries(all.slice(page.offset, page.offset + page.limit));
    ctx.body = takesPages(ctx)
      ? { items: shown, _pagination: pagination(ctx, page, all.length) }
      : shown;
  }

  /** What is open to notebooks follows the engine by itself; asked for, the hub looks at once. */
  async function sync(ctx: HubContext): Promise<void> {
    await servers.lookAgain();
    answerEmpty(ctx);
  }

  /** JupyterHub is told here of another proxy, which this hub cannot have. */
  async function move(ctx: HubContext): Promise<void> {
    const given = await readAnyJson(ctx);
    if (given === undefined) throw invalid("need JSON body");
    const body = parseBody(proxyBody, given, { notDict: () => "Request body must be JSON dict" });
    if ("api_url" in body || "auth_token" in body) {
      throw invalid("The proxy is a part of this hub and cannot be replaced");
    }
    await sync(ctx);
  }

  function hubRoute(ctx: HubContext): readonly [string, RouteModel] {
    const now = microTime(new Date(clock.now()).toISOString());
    return [
      paths.base,
      {
        routespec: paths.base,
        target: ctx.state.request.origin,
        data: { hub: true, last_activity: now },
      },
    ];
  }

  function userRoutes(): readonly (readonly [string, RouteModel])[] {
    return routes.all().flatMap(({ userId, serverName, upstream }) => {
      const user = accounts.byId(userId);
      if (user === undefined) return [];
      const routespec = paths.server(user.name, serverName);
      const host = upstream.host.includes(":") ? `[${upstream.host}]` : upstream.host;
      const { lastActivity = user.lastActivity } = servers.remembered(userId, serverName) ?? {};
      const data = {
        user: user.name,
        server_name: serverName,
        last_activity: microTime(lastActivity),
      };
      return [[routespec, { routespec, target: `http://${host}:${upstream.port}`, data }] as const];
    });
  }

  return { show, sync, move };
}

function answerEmpty(ctx: HubContext): void {
  ctx.status = 200;
  ctx.type = "json";
  ctx.body = "";
}
