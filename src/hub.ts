/** The composition root: everything long-lived is made here, once, and handed on as an argument. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createAuthenticator } from "#src/authenticators/create.ts";
import { type Clock, systemClock } from "#src/clock.ts";
import type { Config, Secrets } from "#src/config/schema.ts";
import { openControl } from "#src/entrypoint/control.ts";
import { createGateway } from "#src/entrypoint/gateway.ts";
import { createListener } from "#src/entrypoint/listener.ts";
import { NotebookWork } from "#src/entrypoint/notebook-work.ts";
import { createProxy } from "#src/entrypoint/proxy.ts";
import { ServerDoors } from "#src/entrypoint/server-doors.ts";
import { RoutingTable } from "#src/entrypoint/routing-table.ts";
import type { Logger } from "#src/log.ts";
import { createApp } from "#src/routes/create-app.ts";
import { createUserPathPages } from "#src/routes/user-path-pages.ts";
import { Accounts } from "#src/services/accounts/accounts.ts";
import { Erasure } from "#src/services/accounts/erasure.ts";
import { Groups } from "#src/services/accounts/groups.ts";
import { AuditLog } from "#src/services/audit/audit-log.ts";
import { BoxChecks } from "#src/services/box/box-checks.ts";
import { boxFacts } from "#src/services/box/box-facts.ts";
import { OwnerReset } from "#src/services/box/owner-reset.ts";
import { Shutdown } from "#src/services/box/shutdown.ts";
import { Imports } from "#src/services/import/imports.ts";
import { HubMetrics } from "#src/services/metrics/hub-metrics.ts";
import { Attempts } from "#src/services/sign-in/attempts.ts";
import { dearestBcrypt } from "#src/services/sign-in/bcrypt-hashes.ts";
import { lowerHashThreads } from "#src/services/sign-in/hash-threads.ts";
import { Login } from "#src/services/sign-in/login.ts";
import { Passwords } from "#src/services/sign-in/passwords.ts";
import { restoreAttempts } from "#src/services/sign-in/past-tries.ts";
import { HomeUsage } from "#src/services/servers/home-usage.ts";
import { Servers } from "#src/services/servers/servers.ts";
import { onRightsChanged } from "#src/services/shares/shared-access.ts";
import { ShareCodes } from "#src/services/shares/share-codes.ts";
import { Shares } from "#src/services/shares/shares.ts";
import { SetupCode } from "#src/services/accounts/setup-code.ts";
import { SignUpClasses } from "#src/services/accounts/sign-up-classes.ts";
import { SignUp } from "#src/services/accounts/sign-up.ts";
import { Csrf } from "#src/session/csrf.ts";
import { Permissions } from "#src/session/identity.ts";
import { Oauth } from "#src/session/oauth/oauth.ts";
import { ServerTokens } from "#src/session/oauth/server-tokens.ts";
import { ServiceTokens } from "#src/session/tokens/service-tokens.ts";
import { Tokens } from "#src/session/tokens/tokens.ts";
import { createRequestContexts } from "#src/session/request-context.ts";
import { KnownDevices } from "#src/session/known-devices.ts";
import { Sessions } from "#src/session/sessions.ts";
import { Visits } from "#src/session/visits.ts";
import { createSpawner } from "#src/spawners/create.ts";
import { withDoors } from "#src/spawners/doors.ts";
import type { Homes } from "#src/spawners/homes.ts";
import { noSandbox, type Sandbox } from "#src/spawners/sandbox.ts";
import type { Spawner } from "#src/spawners/spawner.ts";
import { openStore } from "#src/stores/create.ts";
import type { Restored } from "#src/stores/restored.ts";
import type { Store } from "#src/stores/store.ts";
import type { Timers } from "#src/timers.ts";
import { loadAssets } from "#src/views/assets.ts";
import { createViews } from "#src/views/render.ts";

const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

/** What a test may put in place of the real part. */
export interface HubOverrides {
  readonly clock?: Clock;
  readonly store?: Store;
  readonly spawner?: {
    readonly spawner: Spawner;
    readonly homes: Homes;
    readonly sandbox?: Sandbox;
  };
  /** Labels for what the spawner makes, so that a test run finds its own. */
  readonly spawnerLabels?: Readonly<Record<string, string>>;
  /** When notebooks are asked what they do. */
  readonly work?: { readonly timers: Timers };
}

interface HubOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly log: Logger;
  readonly overrides?: HubOverrides;
  /** Accounts on the control socket alone, without a port and without touching Docker. */
  readonly only?: "people";
  /** Asks for the end of this hub, when a program may do that by the API. */
  readonly onShutdown?: () => void;
}

export interface Hub extends AsyncDisposable {
  /** Where it answers; absent without a port. */
  readonly url?: string;
  /** While there is no owner. */
  readonly setupCode?: string;
  /** While nobody has taken notice of it. */
  readonly restored?: Restored;
}

/** Opens the data folder, adopts what runs, and listens. Whatever was opened is closed again when a later part fails. */
export async function createHub({
  config,
  secrets,
  log,
  overrides = {},
  only,
  onShutdown,
}: HubOptions): Promise<Hub> {
  const beganMs = performance.now();
  await using opened = new AsyncDisposableStack();
  const clock = overrides.clock ?? systemClock;
  const { basePath, dataDir } = config;
  const store = opened.use(overrides.store ?? (await openStore(dataDir, { log, clock })));

  // The store has started them by now.
  lowerHashThreads();
  const passwords = new Passwords({
    width: availableParallelism(),
    bcryptCost: () => dearestBcrypt(store),
  });
  const attempts = new Attempts({ clock });
  if (only === undefined) await restoreAttempts(attempts, { store, clock });
  const { minLength } = config.passwords;
  const accounts = new Accounts({ store, passwords, attempts, clock, minLength });
  const authenticator = createAuthenticator({ kind: "local" }, { accounts, passwords });
  const login = opened.use(new Login({ authenticator, accounts, attempts, store, clock, log }));
  const setupCode = new SetupCode({ store, attempts });
  const classes = new SignUpClasses({ store, clock });
  const groups = new Groups({ store, clock });
  const signUp = new SignUp({ store, classes, passwords, attempts, clock, minLength });

  const { idleHours, maxDays } = config.sessions;
  const sessions = opened.use(
    new Sessions({
      store,
      clock,
      log,
      idleMs: idleHours * HOUR_MS,
      maxMs: maxDays * 24 * HOUR_MS,
    }),
  );
  const serviceTokens = new ServiceTokens({
    services: config.services,
    secrets,
    state: store,
    clock,
    log,
  });
  const tokens = opened.use(new Tokens({ store, clock, log, services: serviceTokens, sessions }));
  const csrf = new Csrf(secrets.instanceKey);
  const devices = new KnownDevices(secrets.instanceKey);
  const permissions = new Permissions(store, config);
  const contexts = createRequestContexts(config.listen);

  const {
    spawner,
    homes,
    sandbox = noSandbox,
  } = overrides.spawner ??
  createSpawner({
    config: config.spawner,
    instanceId: secrets.instanceId,
    log,
    clock,
    labels: overrides.spawnerLabels ?? {},
  });
  opened.use(spawner);
  const doors = opened.use(new ServerDoors({ basePath, contexts, log }));
  const servers = opened.use(
    new Servers({
      store,
      spawner: withDoors(spawner, doors, log),
      homes,
      config: { ...config.spawner, basePath },
      secrets,
      clock,
      log,
    }),
  );
  const { instanceKey } = secrets;
  const serverTokens = new ServerTokens({ instanceKey, state: store, tokens, permissions, clock });
  const oauth = new Oauth({
    basePath,
    state: store,
    clock,
    servers,
    sessions,
    tokens,
    serverTokens,
    serviceTokens,
    services: config.services,
    permissions,
    lifeSeconds: maxDays * DAY_SECONDS,
  });
  const homeUsage = opened.use(new HomeUsage({ homes, store, clock, log }));
  const auditLog = new AuditLog({ store, clock });
  const erasure = opened.use(new Erasure({ store, servers, homes, attempts, clock, log }));

  const checks = new BoxChecks({
    store,
    spawner,
    config,
    facts: boxFacts(dataDir),
    clock,
    log,
    trouble: () => servers.trouble(),
  });
  const ownerReset = new OwnerReset(accounts);
  const imports = new Imports({ store, sandbox, homes, clock });

  const shutdown = new Shutdown({ store, servers, clock, log, end: onShutdown });
  const metrics = new HubMetrics({ store, servers, clock });
  opened.defer(metrics.follow());

  const routes = new RoutingTable();
  opened.defer(routes.follow(servers));
  const work = opened.use(
    new NotebookWork({ basePath, routes, accounts, servers, clock, log, ...overrides.work }),
  );
  const proxy = createProxy({
    onAnswer: (seconds) => metrics.proxied(seconds),
    onFailure: (failure) => metrics.notProxied(failure),
  });
  const assets = loadAssets();
  const views = createViews({ assets, clock });
  const stopping = new AbortController();
  const app = createApp({
    config,
    accounts,
    erasure,
    homeUsage,
    auditLog,
    login,
    signUp,
    classes,
    groups,
    routes,
    metrics,
    shutdown,
    clock,
    servers,
    setupCode,
    checks,
    ownerReset,
    imports,
    sessions,
    shares: new Shares({ store, clock }),
    shareCodes: new ShareCodes({ store, clock }),
    visits: new Visits({ store, clock }),
    tokens,
    serviceTokens,
    serverTokens,
    oauth,
    devices,
    csrf,
    permissions,
    contexts,
    store,
    views,
    assets,
    log,
    hubSignal: stopping.signal,
  });
  doors.lead(app);
  const pages = createUserPathPages({ config, views, contexts, servers });
  const gateway = createGateway({
    basePath,
    app,
    contexts,
    sessions,
    tokens,
    passes: serverTokens,
    authenticateToken: (token) => tokens.authenticate(token),
    permissions,
    accounts,
    servers,
    routes,
    proxy,
    onRightsChanged: (listener) => onRightsChanged(store, listener),
    pages,
    log,
  });
  opened.defer(() => gateway.close());

  if (only === undefined) {
    await servers.open();
    erasure.open();
    work.open();
  }
  let url: string | undefined;
  if (only === undefined) {
    const listener = createListener({ gateway, ...config.listen, log });
    const { address, port } = await listener.listen();
    opened.defer(() => listener.close());
    const host = address.includes(":") ? `[${address}]` : address;
    url = `http://${host}:${port}${basePath}`;
  }
  // After the port: whoever hears of this hub's health here takes it that browsers are answered.
  const control = await openControl({ gateway, path: join(dataDir, "control.sock"), log });
  opened.defer(() => control.close());
  opened.defer(() => stopping.abort());
  const code = await setupCode.current();
  metrics.started((performance.now() - beganMs) / 1000);
  const { restored } = store.health();
  return {
    ...(url !== undefined && { url }),
    ...(code !== undefined && { setupCode: code }),
    ...(restored !== undefined && { restored }),
    ...disposedBy(opened.move()),
  };
}

function disposedBy(stack: AsyncDisposableStack): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
