/** Page models made of records: what a template needs, with every address complete. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { SessionId, SessionRecord, UserRecord } from "#src/stores/records.ts";
import type { DeviceRow } from "#src/views/account-pages.ts";
import type { ClassRow, ClassServer, NotebookCard, Pages } from "#src/views/pages.ts";
import type { OpenNotebooks } from "#src/views/people-pages.ts";
import type { NamedServers } from "#src/views/server-pages.ts";
import type { Newcomers } from "#src/views/sign-up-pages.ts";
import type { Paths } from "./paths.ts";

export function notebookCard(
  user: UserRecord,
  servers: Servers,
  paths: Paths,
  server = "",
): NotebookCard {
  return {
    name: user.name,
    displayName: user.displayName,
    ...(server === "" ? {} : { title: titleOf(user, server, servers) }),
    status: servers.status(user.id, server),
    openUrl: server === "" ? paths.spawn() : paths.spawn(user.name, undefined, server),
    startUrl: paths.spawn(user.name, undefined, server),
    stopUrl: paths.stop(user.name, server),
    restartUrl: paths.restart(user.name, server),
  };
}

/** Notebooks besides the first one, in the order of their names; only the own ones are opened from a list. */
export function namedServers(
  user: UserRecord,
  servers: Servers,
  paths: Paths,
  { isOwn = true, mayReadLog = false } = {},
): NamedServers {
  const named = servers.of(user.id).filter(({ name }) => name !== "");
  return {
    rows: named.map(({ name, status }) => ({
      name,
      title: titleOf(user, name, servers),
      status,
      ...(isOwn ? { openUrl: paths.spawn(user.name, undefined, name) } : {}),
      stopUrl: paths.stop(user.name, name),
      ...(mayReadLog ? { logUrl: paths.log(user.name, name) } : {}),
      deleteUrl: paths.deleteServer(user.name, name),
    })),
  };
}

export function openNotebooks(user: UserRecord, servers: Servers): OpenNotebooks {
  return servers
    .of(user.id)
    .filter(({ status }) => status.is !== "stopped" && status.is !== "stopping")
    .map(({ name }) => (name === "" ? {} : { title: titleOf(user, name, servers) }));
}

export function titleOf(user: UserRecord, server: string, servers: Servers): string {
  return servers.remembered(user.id, server)?.displayName ?? server;
}

export function classRow(
  user: UserRecord,
  parts: { servers: Servers; permissions: Permissions; paths: Paths; visitor: Identity },
): ClassRow {
  const { servers, permissions, paths, visitor } = parts;
  const isSelf = visitor.kind === "user" && visitor.user.id === user.id;
  return {
    name: user.name,
    displayName: user.displayName,
    role: user.role,
    status: servers.status(user.id),
    ...classServers(user, servers, paths),
    ...(user.isNewcomer === true ? { isNewcomer: true as const } : {}),
    neverSignedIn: user.password === undefined || user.password.isFirst,
    ...(user.disabled === undefined ? {} : { isLocked: true as const }),
    ...(user.lastActivity === undefined ? {} : { lastActivity: user.lastActivity }),
    may: {
      server: user.disabled === undefined && permissions.may(visitor, "servers", user),
      reset: !isSelf && permissions.may(visitor, "reset:passwords", user),
      log: permissions.may(visitor, "read:logs", user),
    },
    urls: {
      ...(permissions.may(visitor, "admin:users", user) ? { person: paths.person(user.name) } : {}),
      start: paths.spawn(user.name),
      stop: paths.stop(user.name),
      log: paths.log(user.name),
      reset: paths.reset(user.name),
    },
  };
}

/** What rests stands on the person's page alone. */
function classServers(
  user: UserRecord,
  servers: Servers,
  paths: Paths,
): { readonly named?: readonly ClassServer[] } {
  const named = servers
    .of(user.id)
    .filter(({ name, status }) => name !== "" && !isAtRest(status))
    .map(({ name, status }) => ({
      title: titleOf(user, name, servers),
      status,
      stopUrl: paths.stop(user.name, name),
    }));
  return named.length === 0 ? {} : { named };
}

function isAtRest(status: ServerStatus): boolean {
  return status.is === "stopped" && status.lastFailure === undefined;
}

/** Whom the visitor sees on the class page: by what is written on the card. */
export function visiblePeople(
  visitor: Identity,
  { accounts, permissions }: { accounts: Accounts; permissions: Permissions },
): readonly UserRecord[] {
  return accounts
    .living()
    .filter((user) => permissions.may(visitor, "list:users", user))
    .toSorted((a, b) => a.displayName.localeCompare(b.displayName));
}

export function classTiles(
  people: readonly UserRecord[],
  servers: Servers,
): Pages["class"]["tiles"] {
  const statuses = people.flatMap((user) => servers.of(user.id).map(({ status }) => status.is));
  return {
    people: people.length,
    running: statuses.filter((status) => status === "running").length,
    queued: statuses.filter((status) => status === "queued").length,
  };
}

/** Sessions of one person; `own` is the visitor's own and stands first. */
export function deviceRows(
  sessions: readonly SessionRecord[],
  { own, endUrl }: { own?: SessionId; endUrl: (id: SessionId) => string },
): readonly DeviceRow[] {
  return sessions
    .map((session) => ({
      device: session.device,
      address: session.address,
      created: session.created,
      lastSeen: session.lastSeen,
      isThis: session.id === own,
      isKept: session.isKept === true,
      endUrl: endUrl(session.id),
    }))
    .toSorted((a, b) => Number(b.isThis) - Number(a.isThis));
}

/** Those about whom the visitor may decide, the latest first. */
export function newcomersModel(
  visitor: Identity,
  people: readonly UserRecord[],
  { permissions, paths }: { readonly permissions: Permissions; readonly paths: Paths },
): Newcomers {
  const newcomers = people
    .filter((user) => user.isNewcomer === true && permissions.may(visitor, "admin:users", user))
    .toSorted((a, b) => b.number - a.number);
  return {
    people: newcomers.map(({ name, displayName, joined }) => ({
      name,
      displayName,
      ...(joined === undefined ? {} : { joined }),
      acceptUrl: paths.accept(name),
      refuseUrl: paths.refuse(name),
    })),
  };
}
