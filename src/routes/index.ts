/** Every URL of the hub: method, path below the base path, who may use it, what answers. */
import type { Handler } from "./context.ts";
import type { Guard } from "./middleware/require.ts";
import type { OnExpired } from "./middleware/protect.ts";
import type { accountsApi } from "./api/accounts.ts";
import type { boxApi } from "./api/box.ts";
import type { auditApi } from "./api/audit.ts";
import type { authorizationsApi } from "./api/authorizations.ts";
import type { groupsApi } from "./api/groups.ts";
import type { importsApi } from "./api/imports.ts";
import type { infoApi } from "./api/info.ts";
import type { oauthApi } from "./api/oauth.ts";
import { READS_GROUP, READS_SERVICE, READS_USER } from "./api/readings.ts";
import type { proxyApi } from "./api/proxy.ts";
import type { servicesApi } from "./api/services.ts";
import type { shareCodesApi } from "./api/share-codes.ts";
import type { sharedApi } from "./api/shared.ts";
import type { sharesApi } from "./api/shares.ts";
import type { shutdownApi } from "./api/shutdown.ts";
import type { classesApi } from "./api/classes.ts";
import type { serversApi } from "./api/servers.ts";
import type { sessionsApi } from "./api/sessions.ts";
import type { tokensApi } from "./api/tokens.ts";
import type { trashApi } from "./api/trash.ts";
import type { usersApi } from "./api/users.ts";
import type { acceptSharePages } from "./pages/accept-share.ts";
import type { accountPages } from "./pages/account.ts";
import type { appearancePages } from "./pages/appearance.ts";
import type { assetPages } from "./pages/assets.ts";
import type { firstPasswordsPages } from "./pages/first-passwords.ts";
import type { firstPages } from "./pages/first.ts";
import type { ownSessions } from "./pages/own-sessions.ts";
import type { auditPages } from "./pages/audit.ts";
import type { classroomPages } from "./pages/classroom.ts";
import type { healthPages } from "./pages/health.ts";
import type { homePages } from "./pages/home.ts";
import type { liveStreams } from "./pages/live.ts";
import type { loginPages } from "./pages/login.ts";
import type { logoutPages } from "./pages/logout.ts";
import type { metricsPages } from "./pages/metrics.ts";
import type { miscPages } from "./pages/misc.ts";
import type { notebookActions } from "./pages/notebook-actions.ts";
import type { peoplePages } from "./pages/people.ts";
import type { personActions } from "./pages/person-actions.ts";
import type { personPages } from "./pages/person.ts";
import type { rosterPages } from "./pages/roster.ts";
import type { setupPages } from "./pages/setup.ts";
import type { sharingActions } from "./pages/sharing.ts";
import type { signUpClassesPages } from "./pages/sign-up-classes.ts";
import type { newcomerActions } from "./pages/sign-up-newcomers.ts";
import type { signUpPages } from "./pages/sign-up.ts";
import type { spawnPages } from "./pages/spawn.ts";
import type { tokensPages } from "./pages/tokens.ts";
import type { trashPages } from "./pages/trash.ts";
import type { userUrlPages } from "./pages/user-url.ts";
import type { visitPages } from "./pages/visit.ts";
import type { eraseForm, restoreForm } from "./pages/trashed-person.ts";

export interface Handlers {
  readonly misc: ReturnType<typeof miscPages>;
  readonly assets: ReturnType<typeof assetPages>;
  readonly setup: ReturnType<typeof setupPages>;
  readonly login: ReturnType<typeof loginPages>;
  readonly logout: ReturnType<typeof logoutPages>;
  readonly signUp: ReturnType<typeof signUpPages>;
  readonly signUpClasses: ReturnType<typeof signUpClassesPages>;
  readonly newcomers: ReturnType<typeof newcomerActions>;
  readonly first: ReturnType<typeof firstPages>;
  readonly account: ReturnType<typeof accountPages>;
  readonly ownSessions: ReturnType<typeof ownSessions>;
  readonly appearance: ReturnType<typeof appearancePages>;
  readonly home: ReturnType<typeof homePages>;
  readonly spawn: ReturnType<typeof spawnPages>;
  readonly notebookActions: ReturnType<typeof notebookActions>;
  readonly userUrl: ReturnType<typeof userUrlPages>;
  readonly visit: ReturnType<typeof visitPages>;
  readonly sharing: ReturnType<typeof sharingActions>;
  readonly acceptShare: ReturnType<typeof acceptSharePages>;
  readonly live: ReturnType<typeof liveStreams>;
  readonly classroom: ReturnType<typeof classroomPages>;
  readonly people: ReturnType<typeof peoplePages>;
  readonly firstPasswords: ReturnType<typeof firstPasswordsPages>;
  readonly roster: ReturnType<typeof rosterPages>;
  readonly person: ReturnType<typeof personPages>;
  readonly personActions: ReturnType<typeof personActions>;
  readonly trashPages: ReturnType<typeof trashPages>;
  readonly restoreForm: ReturnType<typeof restoreForm>;
  readonly eraseForm: ReturnType<typeof eraseForm>;
  readonly auditPages: ReturnType<typeof auditPages>;
  readonly health: ReturnType<typeof healthPages>;
  readonly box: ReturnType<typeof boxApi>;
  readonly info: ReturnType<typeof infoApi>;
  readonly servers: ReturnType<typeof serversApi>;
  readonly tokens: ReturnType<typeof tokensApi>;
  readonly tokensPages: ReturnType<typeof tokensPages>;
  readonly accounts: ReturnType<typeof accountsApi>;
  readonly audit: ReturnType<typeof auditApi>;
  readonly sessions: ReturnType<typeof sessionsApi>;
  readonly classes: ReturnType<typeof classesApi>;
  readonly trash: ReturnType<typeof trashApi>;
  readonly groups: ReturnType<typeof groupsApi>;
  readonly oauth: ReturnType<typeof oauthApi>;
  readonly shares: ReturnType<typeof sharesApi>;
  readonly shared: ReturnType<typeof sharedApi>;
  readonly shareCodes: ReturnType<typeof shareCodesApi>;
  readonly proxy: ReturnType<typeof proxyApi>;
  readonly services: ReturnType<typeof servicesApi>;
  readonly shutdown: ReturnType<typeof shutdownApi>;
  readonly authorizations: ReturnType<typeof authorizationsApi>;
  readonly imports: ReturnType<typeof importsApi>;
  readonly metrics: ReturnType<typeof metricsPages>;
  readonly users: ReturnType<typeof usersApi>;
}

export type Route = readonly [
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  guard: Guard,
  handler: Handler,
  options?: {
    /** Shows a form again whose token ran out, in place of a message page. */
    readonly onExpired?: OnExpired;
    /** The browser itself sends it and has no token to give. */
    readonly skipsForgeryCheck?: true;
  },
];

export function routeTable(h: Handlers): readonly Route[] {
  return [
    ["GET", "hub", "anyone", h.misc.addSlash],
    ["GET", "hub/", "anyone", h.home.root],
    ["GET", "hub/health", "anyone", h.misc.health],
    ["GET", "hub/api/health", "anyone", h.misc.health],
    ["GET", "hub/logo", "anyone", h.assets.logo],
    ["GET", "hub/static/*path", "anyone", h.assets.show],
    ["GET", "hub/error/:code", "anyone", h.misc.errorPage],
    ["POST", "hub/security/csp-report", "anyone", h.misc.cspReport, { skipsForgeryCheck: true }],

    ["GET", "hub/setup", "anyone", h.setup.show],
    ["POST", "hub/setup", "anyone", h.setup.submit],
    ["GET", "hub/login", "anyone", h.login.show],
    ["POST", "hub/login", "anyone", h.login.submit, { onExpired: h.login.expired }],
    ["GET", "hub/signup", "anyone", h.signUp.show],
    ["POST", "hub/signup", "anyone", h.signUp.submit, { onExpired: h.signUp.expired }],
    ["GET", "hub/logout", "anyone", h.logout.show],
    ["POST", "hub/logout", "anyone", h.logout.here, { onExpired: h.logout.expired }],
    ["GET", "hub/first", "first_password", h.first.show],
    ["POST", "hub/first", "first_password", h.first.submit],

    ["GET", "hub/account", "signed_in", h.account.show],
    ["GET", "hub/change-password", "signed_in", h.account.show],
    ["POST", "hub/change-password", "signed_in", h.account.change],
    ["GET", "hub/auth/change-password", "signed_in", h.account.show],
    ["POST", "hub/auth/change-password", "signed_in", h.account.change],
    ["POST", "hub/account/appearance", "signed_in", h.appearance.choose],
    ["POST", "hub/account/sign-out-everywhere", "signed_in", h.logout.everywhere],
    ["POST", "hub/account/sessions/:session/end", "signed_in", h.ownSessions.end],
    ["GET", "hub/token", "signed_in", h.tokensPages.show],
    ["POST", "hub/token", "signed_in", h.tokensPages.create],
    ["POST", "hub/token/:token/revoke", "signed_in", h.tokensPages.revoke],
    ["POST", "hub/account/others-seen", "signed_in", h.ownSessions.knowOthers],

    ["GET", "hub/home", "signed_in", h.home.show],
    ["GET", "hub/spawn", "signed_in", h.spawn.open],
    ["POST", "hub/spawn", "signed_in", h.spawn.start],
    ["GET", "hub/spawn/:name", "signed_in", h.spawn.open],
    ["POST", "hub/spawn/:name", "signed_in", h.spawn.start],
    ["GET", "hub/spawn/:name/", "signed_in", h.spawn.open],
    ["POST", "hub/spawn/:name/", "signed_in", h.spawn.start],
    ["GET", "hub/spawn/:name/:server", "signed_in", h.spawn.open],
    ["POST", "hub/spawn/:name/:server", "signed_in", h.spawn.start],
    ["GET", "hub/spawn-pending/:name", "signed_in", h.spawn.waiting],
    ["GET", "hub/spawn-pending/:name/", "signed_in", h.spawn.waiting],
    ["GET", "hub/spawn-pending/:name/:server", "signed_in", h.spawn.waiting],
    ["POST", "hub/servers", "signed_in", h.home.makeServer],
    ["POST", "hub/stop/:name", "signed_in", h.notebookActions.stop],
    ["POST", "hub/stop/:name/:server", "signed_in", h.notebookActions.stop],
    ["POST", "hub/restart/:name", "signed_in", h.notebookActions.restart],
    ["POST", "hub/restart/:name/:server", "signed_in", h.notebookActions.restart],
    ["GET", "hub/delete-server/:name/:server", "signed_in", h.notebookActions.confirmRemove],
    ["POST", "hub/delete-server/:name/:server", "signed_in", h.notebookActions.remove],
    ["GET", "hub/user/:name", "signed_in", h.userUrl.userUrl],
    ["GET", "hub/user/:name/{*path}", "signed_in", h.userUrl.userUrl],
    ["POST", "hub/user/:name/{*path}", "signed_in", h.userUrl.userUrl],
    ["PUT", "hub/user/:name/{*path}", "signed_in", h.userUrl.userUrl],
    ["PATCH", "hub/user/:name/{*path}", "signed_in", h.userUrl.userUrl],
    ["DELETE", "hub/user/:name/{*path}", "signed_in", h.userUrl.userUrl],
    ["GET", "hub/user-redirect/{*path}", "signed_in", h.userUrl.userRedirect],
    ["GET", "hub/events/notebook/:name", "signed_in", h.live.notebook],
    ["GET", "hub/events/notebook/:name/:server", "signed_in", h.live.notebook],

    ["POST", "hub/sharing/link", "shares", h.sharing.makeLink],
    ["POST", "hub/sharing/group", "shares", h.sharing.giveToGroup],
    ["POST", "hub/sharing/revoke", "signed_in", h.sharing.revoke],
    ["POST", "hub/sharing/revoke-link", "signed_in", h.sharing.revokeLink],
    ["GET", "hub/visit/:name", "signed_in", h.visit.show],
    ["POST", "hub/visit/:name", "signed_in", h.visit.begin],
    ["GET", "hub/visit/:name/:server", "signed_in", h.visit.show],
    ["POST", "hub/visit/:name/:server", "signed_in", h.visit.begin],
    ["GET", "hub/accept-share", "signed_in", h.acceptShare.show],
    ["POST", "hub/accept-share", "signed_in", h.acceptShare.accept],

    ["GET", "hub/admin", "admin-ui", h.classroom.show],
    ["GET", "hub/admin/events", "admin-ui", h.live.classroom],
    ["GET", "hub/admin/sign-up", "sign-up:groups", h.signUpClasses.show],
    ["POST", "hub/admin/sign-up", "sign-up:groups", h.signUpClasses.submit],
    ["GET", "hub/admin/people", "admin-ui", h.roster.show],
    ["GET", "hub/admin/people/add", "admin:users", h.people.show],
    ["POST", "hub/admin/people/add", "admin:users", h.people.add],
    ["POST", "hub/admin/people/preview", "admin:users", h.people.preview],
    ["GET", "hub/admin/people/passwords/:id", "admin-ui", h.firstPasswords.show],
    ["POST", "hub/admin/people/:name/accept", "admin-ui", h.newcomers.accept],
    ["POST", "hub/admin/people/:name/refuse", "admin-ui", h.newcomers.refuse],
    ["GET", "hub/admin/people/:name", "admin-ui", h.person.show],
    ["POST", "hub/admin/people/:name/start", "admin-ui", h.personActions.start],
    ["POST", "hub/admin/people/:name/stop", "admin-ui", h.personActions.stop],
    ["POST", "hub/admin/people/:name/rename", "rename:users", h.personActions.rename],
    ["POST", "hub/admin/people/:name/disable", "disable:users", h.personActions.disable],
    ["POST", "hub/admin/people/:name/enable", "disable:users", h.personActions.enable],
    ["POST", "hub/admin/people/:name/role", "change:roles", h.personActions.role],
    ["POST", "hub/admin/people/:name/sign-out", "admin-ui", h.personActions.signOut],
    [
      "POST",
      "hub/admin/people/:name/sessions/:session/end",
      "admin-ui",
      h.personActions.endSession,
    ],
    ["POST", "hub/admin/people/:name/reset", "reset:passwords", h.personActions.reset],
    ["GET", "hub/admin/people/:name/remove", "delete:users", h.personActions.confirmRemove],
    ["POST", "hub/admin/people/:name/remove", "delete:users", h.personActions.remove],
    ["GET", "hub/admin/people/:name/log", "admin-ui", h.classroom.log],
    ["GET", "hub/admin/people/:name/log/:server", "admin-ui", h.classroom.log],
    ["GET", "hub/admin/trash", "restore:users", h.trashPages.show],
    ["GET", "hub/admin/trash/:id/restore", "restore:users", h.restoreForm.show],
    ["POST", "hub/admin/trash/:id/restore", "restore:users", h.restoreForm.submit],
    ["GET", "hub/admin/trash/:id/erase", "erase:users", h.eraseForm.show],
    ["POST", "hub/admin/trash/:id/erase", "erase:users", h.eraseForm.submit],
    ["GET", "hub/admin/audit.csv", "admin-ui", h.auditPages.csv],

    ["GET", "hub/admin/health", "admin:box", h.health.show],
    ["POST", "hub/admin/health", "admin:box", h.health.again],
    ["POST", "hub/admin/health/notice", "admin:box", h.health.takeNotice],

    ["GET", "hub/api", "anyone", h.info.version],
    ["GET", "hub/api/", "anyone", h.info.version],
    ["GET", "hub/api/user", "anyone", h.info.self],
    ["GET", "hub/api/info", "read:hub", h.info.info],
    ["GET", "hub/api/users", "list:users", h.users.list],
    ["POST", "hub/api/users", "admin:users", h.users.addMany],
    ["GET", "hub/api/users/:name", READS_USER, h.users.show],
    ["POST", "hub/api/users/:name", "admin:users", h.users.add],
    ["PATCH", "hub/api/users/:name", "admin:users", h.users.change],
    ["DELETE", "hub/api/users/:name", "delete:users", h.users.remove],
    ["POST", "hub/api/users/:name/activity", "users:activity", h.users.activity],
    ["GET", "hub/api/users/:name/server", "read:servers", h.servers.show],
    ["POST", "hub/api/users/:name/server", "start:servers", h.servers.start],
    ["PUT", "hub/api/users/:name/server", "start:servers", h.servers.create],
    ["PATCH", "hub/api/users/:name/server", "start:servers", h.servers.change],
    ["DELETE", "hub/api/users/:name/server", "delete:servers", h.servers.stop],
    ["GET", "hub/api/users/:name/server/progress", "read:servers", h.servers.progress],
    ["GET", "hub/api/users/:name/servers/", "read:servers", h.servers.show],
    ["POST", "hub/api/users/:name/servers/", "start:servers", h.servers.start],
    ["PUT", "hub/api/users/:name/servers/", "start:servers", h.servers.create],
    ["PATCH", "hub/api/users/:name/servers/", "start:servers", h.servers.change],
    ["DELETE", "hub/api/users/:name/servers/", "delete:servers", h.servers.stop],
    ["GET", "hub/api/users/:name/servers//progress", "read:servers", h.servers.progress],
    ["GET", "hub/api/users/:name/servers/:server", "read:servers", h.servers.show],
    ["POST", "hub/api/users/:name/servers/:server", "start:servers", h.servers.start],
    ["PUT", "hub/api/users/:name/servers/:server", "start:servers", h.servers.create],
    ["PATCH", "hub/api/users/:name/servers/:server", "start:servers", h.servers.change],
    ["DELETE", "hub/api/users/:name/servers/:server", "delete:servers", h.servers.stop],
    ["GET", "hub/api/users/:name/servers/:server/progress", "read:servers", h.servers.progress],
    ["GET", "hub/api/users/:name/tokens", "read:tokens", h.tokens.list],
    // Also for whoever sends a user name and password.
    ["POST", "hub/api/users/:name/tokens", "anyone", h.tokens.create],
    ["GET", "hub/api/users/:name/tokens/:token", "read:tokens", h.tokens.show],
    ["DELETE", "hub/api/users/:name/tokens/:token", "tokens", h.tokens.revoke],
    ["GET", "hub/api/groups", "list:groups", h.groups.list],
    ["POST", "hub/api/groups", "admin:groups", h.groups.addMany],
    ["GET", "hub/api/groups/:group", READS_GROUP, h.groups.show],
    ["POST", "hub/api/groups/:group", "admin:groups", h.groups.add],
    ["DELETE", "hub/api/groups/:group", "delete:groups", h.groups.remove],
    ["POST", "hub/api/groups/:group/users", "groups", h.groups.addUsers],
    ["DELETE", "hub/api/groups/:group/users", "groups", h.groups.removeUsers],
    ["PUT", "hub/api/groups/:group/properties", "groups", h.groups.setProperties],
    // A page for whoever is signed in, on a visit too: guarded by itself.
    ["GET", "hub/api/oauth2/authorize", "anyone", h.oauth.authorize],
    ["POST", "hub/api/oauth2/authorize", "anyone", h.oauth.authorize],
    // For programs with a secret of their own; cookies count for nothing.
    ["POST", "hub/api/oauth2/token", "anyone", h.oauth.token, { skipsForgeryCheck: true }],
    ["GET", "hub/api/shares/:name", "read:shares", h.shares.listAll],
    ["GET", "hub/api/shares/:name/", "read:shares", h.shares.list],
    ["POST", "hub/api/shares/:name/", "shares", h.shares.grant],
    ["PATCH", "hub/api/shares/:name/", "shares", h.shares.revoke],
    ["DELETE", "hub/api/shares/:name/", "shares", h.shares.revokeAll],
    ["GET", "hub/api/shares/:name/:server", "read:shares", h.shares.list],
    ["POST", "hub/api/shares/:name/:server", "shares", h.shares.grant],
    ["PATCH", "hub/api/shares/:name/:server", "shares", h.shares.revoke],
    ["DELETE", "hub/api/shares/:name/:server", "shares", h.shares.revokeAll],
    ["GET", "hub/api/share-codes/:name", "read:shares", h.shareCodes.listAll],
    ["GET", "hub/api/share-codes/:name/", "read:shares", h.shareCodes.list],
    ["POST", "hub/api/share-codes/:name/", "shares", h.shareCodes.make],
    ["DELETE", "hub/api/share-codes/:name/", "shares", h.shareCodes.revoke],
    ["GET", "hub/api/share-codes/:name/:server", "read:shares", h.shareCodes.list],
    ["POST", "hub/api/share-codes/:name/:server", "shares", h.shareCodes.make],
    ["DELETE", "hub/api/share-codes/:name/:server", "shares", h.shareCodes.revoke],
    ["GET", "hub/api/users/:name/shared", "read:users:shares", h.shared.listOfUser],
    ["GET", "hub/api/users/:name/shared/:owner/", "read:users:shares", h.shared.showOfUser],
    ["GET", "hub/api/users/:name/shared/:owner/:server", "read:users:shares", h.shared.showOfUser],
    ["DELETE", "hub/api/users/:name/shared/:owner/", "users:shares", h.shared.removeOfUser],
    ["DELETE", "hub/api/users/:name/shared/:owner/:server", "users:shares", h.shared.removeOfUser],
    ["GET", "hub/api/groups/:group/shared", "read:groups:shares", h.shared.listOfGroup],
    ["GET", "hub/api/groups/:group/shared/:owner/", "read:groups:shares", h.shared.showOfGroup],
    [
      "GET",
      "hub/api/groups/:group/shared/:owner/:server",
      "read:groups:shares",
      h.shared.showOfGroup,
    ],
    ["DELETE", "hub/api/groups/:group/shared/:owner/", "groups:shares", h.shared.removeOfGroup],
    [
      "DELETE",
      "hub/api/groups/:group/shared/:owner/:server",
      "groups:shares",
      h.shared.removeOfGroup,
    ],
    ["GET", "hub/api/proxy", "proxy", h.proxy.show],
    ["POST", "hub/api/proxy", "proxy", h.proxy.sync],
    ["PATCH", "hub/api/proxy", "proxy", h.proxy.move],
    ["GET", "hub/api/services", "list:services", h.services.list],
    ["GET", "hub/api/services/:service", READS_SERVICE, h.services.show],
    ["GET", "hub/api/services/:service/token", "console", h.tokens.showService],
    ["POST", "hub/api/shutdown", "shutdown", h.shutdown.ask],
    [
      "POST",
      "hub/api/authorizations/token",
      "anyone",
      h.authorizations.make,
      { skipsForgeryCheck: true },
    ],
    ["GET", "hub/api/authorizations/token/:secret", "signed_in", h.authorizations.resolve],
    ["GET", "hub/api/authorizations/cookie/:name", "signed_in", h.authorizations.cookie],
    ["GET", "hub/api/authorizations/cookie/:name/:secret", "signed_in", h.authorizations.cookie],
    // Guarded by the page itself: programs are told, and not led to the sign-in page.
    ["GET", "hub/metrics", "anyone", h.metrics.show],
    ["GET", "hub/api/metrics", "anyone", h.metrics.show],
    ["GET", "hub/api/accounts", "list:users", h.accounts.list],
    ["POST", "hub/api/accounts", "admin:users", h.accounts.add],
    ["GET", "hub/api/accounts/:name", "list:users", h.accounts.show],
    ["PATCH", "hub/api/accounts/:name", "rename:users", h.accounts.change],
    ["POST", "hub/api/accounts/:name/reset", "reset:passwords", h.accounts.reset],
    ["POST", "hub/api/accounts/:name/accept", "admin:users", h.accounts.accept],
    ["GET", "hub/api/accounts/:name/sessions", "sessions", h.sessions.list],
    ["DELETE", "hub/api/accounts/:name/sessions", "sessions", h.sessions.endAll],
    ["DELETE", "hub/api/accounts/:name/sessions/:session", "sessions", h.sessions.end],
    ["DELETE", "hub/api/accounts/:name", "delete:users", h.accounts.remove],
    ["GET", "hub/api/classes", "sign-up:groups", h.classes.list],
    ["PUT", "hub/api/classes/:id/sign-up", "sign-up:groups", h.classes.setSignUp],
    ["GET", "hub/api/trash", "restore:users", h.trash.list],
    ["POST", "hub/api/trash/:id/restore", "restore:users", h.trash.restore],
    ["DELETE", "hub/api/trash/:id", "erase:users", h.trash.erase],
    ["GET", "hub/api/audit", "read:audit", h.audit.list],
    ["GET", "hub/api/box", "console", h.box.show],
    ["GET", "hub/api/checks", "admin:box", h.box.runChecks],
    ["POST", "hub/api/owner/reset", "console", h.box.resetOwner],
    ["POST", "hub/api/import/jupyterhub", "console", h.imports.jupyterHub],
    ["GET", "hub/api/import/homes", "console", h.imports.awaiting],
    ["PUT", "hub/api/import/homes/:name", "console", h.imports.receive],
  ];
}
