/** Every address of ours, made in one place: `{B}` is the base path, `{H}` is `{B}hub/`. */
import { encodeServerName } from "#src/services/servers/server-names.ts";
import type { SessionId, UserId, UserName } from "#src/stores/records.ts";
import { encodeSegment, withQuery } from "./next-url.ts";

export type Paths = ReturnType<typeof createPaths>;

export function createPaths(basePath: string) {
  const hub = `${basePath}hub/`;
  return {
    base: basePath,
    hub,
    api: `${hub}api/`,
    home: `${hub}home`,
    setup: `${hub}setup`,
    first: (next?: string): string => withQuery(`${hub}first`, { next }),
    login: (next?: string): string => withQuery(`${hub}login`, { next }),
    logout: `${hub}logout`,
    signUp: (code?: string): string => withQuery(`${hub}signup`, { code }),
    ...accountPaths(hub),
    ...adminPaths(hub),
    ...sharingPaths(hub),
    ...serverPaths(basePath, hub),
  };
}

function accountPaths(hub: string) {
  return {
    account: `${hub}account`,
    changePassword: `${hub}change-password`,
    signOutEverywhere: `${hub}account/sign-out-everywhere`,
    endSession: (id: SessionId): string => `${hub}account/sessions/${id}/end`,
    tokens: `${hub}token`,
    /** POST. */
    revokeToken: (id: string): string => `${hub}token/${id}/revoke`,
    othersSeen: `${hub}account/others-seen`,
  };
}

function adminPaths(hub: string) {
  const person = (name: string, action: string): string =>
    `${hub}admin/people/${encodeSegment(name)}/${action}`;
  return {
    admin: `${hub}admin`,
    health: `${hub}admin/health`,
    healthNotice: `${hub}admin/health/notice`,
    adminEvents: `${hub}admin/events`,
    signUpClasses: `${hub}admin/sign-up`,
    people: `${hub}admin/people`,
    person: (name: UserName): string => `${hub}admin/people/${encodeSegment(name)}`,
    /** POST: what a form about one person does. */
    personAction: person,
    addPeople: `${hub}admin/people/add`,
    previewPeople: `${hub}admin/people/preview`,
    firstPasswords: (id: string): string => `${hub}admin/people/passwords/${id}`,
    accept: (name: UserName): string => person(name, "accept"),
    refuse: (name: UserName): string => person(name, "refuse"),
    reset: (name: UserName): string => person(name, "reset"),
    remove: (name: UserName): string => person(name, "remove"),
    log: (name: UserName, serverName = ""): string =>
      person(name, serverName === "" ? "log" : `log/${encodeServerName(serverName)}`),
    trash: `${hub}admin/trash`,
    restore: (id: UserId): string => `${hub}admin/trash/${id}/restore`,
    erase: (id: UserId): string => `${hub}admin/trash/${id}/erase`,
    auditCsv: `${hub}admin/audit.csv`,
  };
}

function sharingPaths(hub: string) {
  return {
    /** POST, as the three that follow. */
    shareLink: `${hub}sharing/link`,
    shareGroup: `${hub}sharing/group`,
    revokeShare: `${hub}sharing/revoke`,
    revokeShareLink: `${hub}sharing/revoke-link`,
    acceptShare: (next?: string): string => withQuery(`${hub}accept-share`, { next }),
    visit: (name: UserName, serverName: string, next?: string): string =>
      withQuery(`${hub}visit/${place(name, serverName)}`, { next }),
  };
}

function serverPaths(basePath: string, hub: string) {
  const server = (name: UserName, serverName = ""): string =>
    `${basePath}user/${place(name, serverName)}/`;
  return {
    /** A server of a user, as the proxy serves it; without a name, the first one. */
    server,
    lab: (name: UserName, serverName = ""): string => `${server(name, serverName)}lab`,
    spawn: (name?: UserName, next?: string, serverName = ""): string =>
      withQuery(`${hub}spawn${name === undefined ? "" : `/${place(name, serverName)}`}`, { next }),
    waiting: (name: UserName, next?: string, serverName = ""): string =>
      withQuery(`${hub}spawn-pending/${place(name, serverName)}`, { next }),
    stop: (name: UserName, serverName = ""): string => `${hub}stop/${place(name, serverName)}`,
    restart: (name: UserName, serverName = ""): string =>
      `${hub}restart/${place(name, serverName)}`,
    /** GET asks, POST does. */
    deleteServer: (name: UserName, serverName: string): string =>
      `${hub}delete-server/${place(name, serverName)}`,
    /** POST: makes one and starts it. */
    newServer: `${hub}servers`,
    notebookEvents: (name: UserName, next?: string, serverName = ""): string =>
      withQuery(`${hub}events/notebook/${place(name, serverName)}`, { next }),
    progress: (name: UserName, serverName = ""): string => {
      const which = serverName === "" ? "server" : `servers/${encodeServerName(serverName)}`;
      return `${hub}api/users/${encodeSegment(name)}/${which}/progress`;
    },
  };
}

function place(name: UserName, serverName: string): string {
  return encodeSegment(name) + (serverName === "" ? "" : `/${encodeServerName(serverName)}`);
}
