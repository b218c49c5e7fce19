/** The hub's own pages and API as one Koa application; notebooks' traffic never comes here. */
import type { IncomingMessage, ServerResponse } from "node:http";
import Koa from "koa";
import Router, { type RouterMiddleware } from "koa-router";
import type { Clock } from "#src/clock.ts";
import type { Config } from "#src/config/schema.ts";
import type { Logger } from "#src/log.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Erasure } from "#src/services/accounts/erasure.ts";
import type { Groups } from "#src/services/accounts/groups.ts";
import type { HubMetrics } from "#src/services/metrics/hub-metrics.ts";
import type { Shutdown } from "#src/services/box/shutdown.ts";
import type { BoxChecks } from "#src/services/box/box-checks.ts";
import type { Imports } from "#src/services/import/imports.ts";
import type { OwnerReset } from "#src/services/box/owner-reset.ts";
import type { Login } from "#src/services/sign-in/login.ts";
import type { AuditLog } from "#src/services/audit/audit-log.ts";
import type { ShareCodes } from "#src/services/shares/share-codes.ts";
import type { Shares } from "#src/services/shares/shares.ts";
import type { HomeUsage } from "#src/services/servers/home-usage.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { SetupCode } from "#src/services/accounts/setup-code.ts";
import type { SignUpClasses } from "#src/services/accounts/sign-up-classes.ts";
import type { SignUp } from "#src/services/accounts/sign-up.ts";
import type { Oauth } from "#src/session/oauth/oauth.ts";
import type { ServerTokens } from "#src/session/oauth/server-tokens.ts";
import type { ServiceTokens } from "#src/session/tokens/service-tokens.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Csrf } from "#src/session/csrf.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { RequestContexts } from "#src/session/request-context.ts";
import type { KnownDevices } from "#src/session/known-devices.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Visits } from "#src/session/visits.ts";
import type { Store } from "#src/stores/store.ts";
import type { Assets } from "#src/views/assets.ts";
import type { Views } from "#src/views/pages.ts";
import { accountsApi } from "./api/accounts.ts";
import { boxApi } from "./api/box.ts";
import { importsApi } from "./api/imports.ts";
import { auditApi } from "./api/audit.ts";
import { authorizationsApi } from "./api/authorizations.ts";
import { groupsApi } from "./api/groups.ts";
import { infoApi } from "./api/info.ts";
import { oauthApi } from "./api/oauth.ts";
import { type OpenRoutes, proxyApi } from "./api/proxy.ts";
import { servicesApi } from "./api/services.ts";
import { shareCodesApi } from "./api/share-codes.ts";
import { sharedApi } from "./api/shared.ts";
import { sharesApi } from "./api/shares.ts";
import { shutdownApi } from "./api/shutdown.ts";
import { classesApi } from "./api/classes.ts";
import { serversApi } from "./api/servers.ts";
import { sessionsApi } from "./api/sessions.ts";
import { tokensApi } from "./api/tokens.ts";
import { trashApi } from "./api/trash.ts";
import { usersApi } from "./api/users.ts";
import type { Handler, HubContext, HubMiddleware, RequestState } from "./context.ts";
import { Entry } from "./entry.ts";
import { Frames } from "./frames.ts";
import { type Handlers, routeTable } from "./index.ts";
import { logAccess } from "./middleware/access-log.ts";
import { handleErrors } from "./middleware/errors.ts";
import { setHeaders } from "./middleware/headers.ts";
import { identify } from "./middleware/identify.ts";
import { measure } from "./middleware/measure.ts";
import { limitPace } from "./middleware/pace.ts";
import { answerOtherMethods } from "./middleware/other-methods.ts";
import { protectFromForgery } from "./middleware/protect.ts";
import { requireGuard } from "./middleware/require.ts";
import { askAgainWhoAsks } from "./middleware/still-there.ts";
import { OneTimeNotes } from "./one-time-notes.ts";
import { OpenStreams } from "./open-streams.ts";
import { acceptSharePages } from "./pages/accept-share.ts";
import { accountPages } from "./pages/account.ts";
import { appearancePages } from "./pages/appearance.ts";
import { assetPages } from "./pages/assets.ts";
import { firstPasswordsPages } from "./pages/first-passwords.ts";
import { firstPages } from "./pages/first.ts";
import { ownSessions } from "./pages/own-sessions.ts";
import { auditPages } from "./pages/audit.ts";
import { classroomPages } from "./pages/classroom.ts";
import { healthPages } from "./pages/health.ts";
import { homePages } from "./pages/home.ts";
import { liveStreams } from "./pages/live.ts";
import { loginPages } from "./pages/login.ts";
import { logoutPages } from "./pages/logout.ts";
import { metricsPages } from "./pages/metrics.ts";
import { miscPages } from "./pages/misc.ts";
import { peoplePages } from "./pages/people.ts";
import { personActions } from "./pages/person-actions.ts";
import { personPages } from "./pages/person.ts";
import { rosterPages } from "./pages/roster.ts";
import { notebookActions } from "./pages/notebook-actions.ts";
import { setupPages } from "./pages/setup.ts";
import { sharingActions } from "./pages/sharing.ts";
import { signUpClassesPages } from "./pages/sign-up-classes.ts";
import { newcomerActions } from "./pages/sign-up-newcomers.ts";
import { signUpPages } from "./pages/sign-up.ts";
import { spawnPages } from "./pages/spawn.ts";
import { tokensPages } from "./pages/tokens.ts";
import { trashPages } from "./pages/trash.ts";
import { userUrlPages } from "./pages/user-url.ts";
import { visitPages } from "./pages/visit.ts";
import { eraseForm, restoreForm } from "./pages/trashed-person.ts";
import { createPaths } from "./paths.ts";
import { SessionCookies } from "./session-cookies.ts";

interface AppParts {
  readonly config: Config;
  readonly accounts: Accounts;
  readonly erasure: Erasure;
  readonly login: Login;
  readonly servers: Servers;
  readonly homeUsage: HomeUsage;
  readonly auditLog: AuditLog;
  readonly setupCode: SetupCode;
  readonly signUp: SignUp;
  readonly classes: SignUpClasses;
  readonly groups: Groups;
  readonly routes: OpenRoutes;
  readonly metrics: HubMetrics;
  readonly shutdown: Shutdown;
  readonly clock: Clock;
  readonly checks: BoxChecks;
  readonly ownerReset: OwnerReset;
  readonly imports: Imports;
  readonly sessions: Sessions;
  readonly shares: Shares;
  readonly shareCodes: ShareCodes;
  readonly visits: Visits;
  readonly tokens: Tokens;
  readonly serviceTokens: ServiceTokens;
  readonly serverTokens: ServerTokens;
  readonly oauth: Oauth;
  readonly devices: KnownDevices;
  readonly csrf: Csrf;
  readonly permissions: Permissions;
  readonly contexts: RequestContexts;
  readonly store: Pick<Store, "onChange" | "get" | "entries">;
  readonly views: Views;
  readonly assets: Assets;
  readonly log: Logger;
  /** Ends open event streams when the hub stops. */
  readonly hubSignal: AbortSignal;
}

export type App = (request: IncomingMessage, response: ServerResponse) => void;

export function createApp(parts: AppParts): App {
  const paths = createPaths(parts.config.basePath);
  const frames = new Frames({ ...parts, paths });
  const cookies = new SessionCookies(paths, parts.devices);
  const koa = new Koa<RequestState>();
  const handlers = createHandlers({ ...parts, paths, frames, cookies });
  const router = createRouter(handlers, parts, paths);
  const quiet = new Set([`${paths.hub}health`, `${paths.hub}api/health`]);
  const stations: readonly HubMiddleware[] = [
    measure(parts.metrics, paths.base),
    identify({ ...parts, cookies, hubPath: paths.hub }),
    askAgainWhoAsks(parts),
    logAccess(parts.log, quiet),
    setHeaders(paths.hub),
    handleErrors({ ...parts, frames, paths }),
  ];
  for (const station of stations) koa.use(station as Koa.Middleware<RequestState>); // Koa knows `params` only behind the router.
  koa.use(router.routes());
  koa.use(answerOtherMethods() as Koa.Middleware<RequestState>); // As above.
  koa.use((ctx) => handlers.misc.toHub(ctx as HubContext));
  koa.silent = true;
  koa.on("error", (error: unknown) => logStreamError(error, parts.log));
  const callback = koa.callback();
  return (request, response) => void callback(request, response);
}

function createHandlers(
  parts: AppParts & {
    paths: ReturnType<typeof createPaths>;
    frames: Frames;
    cookies: SessionCookies;
  },
): Handlers {
  const notes = new OneTimeNotes();
  const newLinks = new OneTimeNotes<string>();
  const streams = new OpenStreams();
  const {
    passwords: { minLength },
    listen: { publicUrl },
  } = parts.config;
  const entry = new Entry(parts);
  return {
    misc: miscPages(parts),
    assets: assetPages(parts),
    setup: setupPages({ ...parts, entry, minLength }),
    login: loginPages({ ...parts, entry }),
    logout: logoutPages(parts),
    signUp: signUpPages({ ...parts, entry, minLength }),
    signUpClasses: signUpClassesPages({ ...parts, publicUrl }),
    newcomers: newcomerActions(parts),
    first: firstPages({ ...parts, minLength }),
    account: accountPages({ ...parts, minLength }),
    ownSessions: ownSessions(parts),
    appearance: appearancePages(parts),
    home: homePages({ ...parts, newLinks }),
    sharing: sharingActions({ ...parts, newLinks }),
    spawn: spawnPages(parts),
    notebookActions: notebookActions(parts),
    userUrl: userUrlPages(parts),
    visit: visitPages(parts),
    acceptShare: acceptSharePages(parts),
    live: liveStreams({ ...parts, streams }),
    classroom: classroomPages(parts),
    people: peoplePages({ ...parts, notes }),
    firstPasswords: firstPasswordsPages({ ...parts, notes, publicUrl }),
    roster: rosterPages(parts),
    person: personPages(parts),
    personActions: personActions({ ...parts, notes }),
    trashPages: trashPages(parts),
    restoreForm: restoreForm(parts),
    eraseForm: eraseForm(parts),
    auditPages: auditPages(parts),
    health: healthPages(parts),
    box: boxApi(parts),
    imports: importsApi(parts),
    info: infoApi(parts),
    servers: serversApi({ ...parts, streams }),
    oauth: oauthApi(parts),
    sessions: sessionsApi(parts),
    tokens: tokensApi(parts),
    tokensPages: tokensPages({ ...parts, newTokens: new OneTimeNotes() }),
    accounts: accountsApi(parts),
    audit: auditApi(parts),
    classes: classesApi(parts),
    trash: trashApi(parts),
    groups: groupsApi(parts),
    shares: sharesApi(parts),
    shared: sharedApi(parts),
    shareCodes: shareCodesApi(parts),
    proxy: proxyApi(parts),
    services: servicesApi(parts),
    shutdown: shutdownApi(parts),
    authorizations: authorizationsApi(parts),
    metrics: metricsPages(parts),
    users: usersApi(parts),
  };
}

function createRouter(
  handlers: Handlers,
  parts: AppParts,
  paths: ReturnType<typeof createPaths>,
): Router<RequestState> {
  const router = new Router<RequestState>({ sensitive: true, strict: true });
  const pace = limitPace(parts.clock);
  for (const [method, path, guard, handler, options] of routeTable(handlers)) {
    const chain: (HubMiddleware | Handler)[] = [
      requireGuard(guard, parts.permissions, paths),
      pace,
      handler,
    ];
    if (options?.skipsForgeryCheck !== true) {
      chain.unshift(protectFromForgery(parts.csrf, options?.onExpired));
    }
    router.register(paths.base + path, [method], chain as RouterMiddleware<RequestState>[]); // As above.
  }
  return router;
}

/** What goes wrong while an answer is already under way; a reader that left is none of it. */
function logStreamError(error: unknown, log: Logger): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNRESET" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE") return;
  log.error({ err: error }, "answer broke off");
}
