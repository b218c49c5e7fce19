/** Every address of ours, made in one place: `{B}` is the base path, `{H}` is `{B}hub/` (contract.md). */
import type { SessionId, UserId, UserName } from "#src/stores/records.ts";
import { encodeSegment, withQuery } from "./next-url.ts";

export type Paths = ReturnType<typeof createPaths>;

export function createPaths(basePath: string) {
  const hub = `${basePath}hub/`;
  const person = (name: string, action: string): string =>
    `${hub}admin/people/${encodeSegment(name)}/${action}`;
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
    account: `${hub}account`,
    changePassword: `${hub}change-password`,
    signOutEverywhere: `${hub}account/sign-out-everywhere`,
    endSession: (id: SessionId): string => `${hub}account/sessions/${id}/end`,
    tokens: `${hub}token`,
    /** POST. */
    revokeToken: (id: string): string => `${hub}token/${id}/revoke`,
    othersSeen: `${hub}account/others-seen`,
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
    log: (name: UserName): string => person(name, "log"),
    trash: `${hub}admin/trash`,
    restore: (id: UserId): string => `${hub}admin/trash/${id}/restore`,
    erase: (id: UserId): string => `${hub}admin/trash/${id}/erase`,
    auditCsv: `${hub}admin/audit.csv`,
    /** The default server of a user, as the proxy serves it. */
    server: (name: UserName): string => `${basePath}user/${encodeSegment(name)}/`,
    lab: (name: UserName): string => `${basePath}user/${encodeSegment(name)}/lab`,
    spawn: (name?: UserName, next?: string): string =>
      withQuery(name === undefined ? `${hub}spawn` : `${hub}spawn/${encodeSegment(name)}`, {
        next,
      }),
    waiting: (name: UserName, next?: string): string =>
      withQuery(`${hub}spawn-pending/${encodeSegment(name)}`, { next }),
    stop: (name: UserName): string => `${hub}stop/${encodeSegment(name)}`,
    restart: (name: UserName): string => `${hub}restart/${encodeSegment(name)}`,
    notebookEvents: (name: UserName, next?: string): string =>
      withQuery(`${hub}events/notebook/${encodeSegment(name)}`, { next }),
    progress: (name: UserName): string => `${hub}api/users/${encodeSegment(name)}/server/progress`,
  };
}
