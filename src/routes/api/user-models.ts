/** JupyterHub's user and server models: what the visitor may see of them; extra keys are ours. */
import { failureText } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { membershipsOf } from "#src/services/accounts/memberships.ts";
import { isReady, type ServerStatus } from "#src/services/servers/server-status.ts";
import type { ServerOf, Servers } from "#src/services/servers/servers.ts";
import type { Identity, Permission, Permissions } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { classNames } from "../account-models.ts";
import type { HubContext } from "../context.ts";
import type { Paths } from "../paths.ts";
import { readQuery } from "./schemas/bodies.ts";
import type { ServerModel } from "./schemas/servers.ts";
import { type UserModel, withStoppedQuery } from "./schemas/users.ts";

export interface UserModelParts {
  readonly servers: Servers;
  readonly permissions: Permissions;
  readonly store: StoreReader;
  readonly paths: Paths;
}

export interface UsersParts extends UserModelParts {
  readonly accounts: Accounts;
}

/** For whom, and whether with servers that do not run. */
interface UserView {
  readonly visitor: Identity | undefined;
  readonly withStopped: boolean;
}

export function viewOf(ctx: HubContext): UserView {
  const stopped = readQuery(ctx, withStoppedQuery).include_stopped_servers?.toLowerCase() ?? "0";
  return { visitor: ctx.state.identity, withStopped: stopped !== "0" && stopped !== "false" };
}

/** `2026-11-21T19:40:35.637000Z`: JupyterHub's times have microseconds. */
export function microTime(time: string): string;
export function microTime(time: string | undefined): string | null;
export function microTime(time: string | undefined): string | null {
  return time === undefined ? null : time.replace(/\.(\d{3})Z$/, ".$1000Z");
}

function pendingOf(status: ServerStatus): "spawn" | "stop" | null {
  if (status.is === "queued" || status.is === "starting") return "spawn";
  return status.is === "stopping" ? "stop" : null;
}

export function serverModel(
  user: UserRecord,
  name: string,
  { servers, paths }: Pick<UserModelParts, "servers" | "paths">,
): ServerModel {
  const status = servers.status(user.id, name);
  return describeServer(user, { name, status, record: servers.remembered(user.id, name) }, paths);
}

function describeServer(
  user: UserRecord,
  { name, status, record }: ServerOf,
  paths: Paths,
): ServerModel {
  const failure = status.is === "stopped" ? status.lastFailure : undefined;
  return {
    name,
    display_name: record?.displayName ?? name,
    full_name: `${user.name}/${name}`,
    last_activity: microTime(record?.lastActivity),
    started: microTime("started" in status ? status.started : undefined),
    pending: pendingOf(status),
    ready: isReady(status),
    stopped: status.is === "stopped",
    url: paths.server(user.name, name),
    user_options: record?.options ?? null,
    progress_url: paths.progress(user.name, name),
    full_url: null,
    full_progress_url: null,
    queue_position: status.is === "queued" ? status.place : null,
    last_failure:
      failure === undefined
        ? null
        : { code: failure.code, at: failure.at, message: failureText(failure, "api") },
  };
}

export function userModel(
  user: UserRecord,
  { visitor, withStopped }: UserView,
  parts: UserModelParts,
): UserModel {
  const { servers, permissions, paths } = parts;
  const sees = (permission: Permission): boolean => permissions.may(visitor, permission, user);
  const isWhole = sees("read:users");
  const all = servers.of(user.id);
  const status = all[0]?.status ?? { is: "stopped" };
  return {
    kind: "user",
    name: user.name,
    ...(isWhole || sees("read:users:name") ? identityOf(user) : {}),
    ...(isWhole || sees("read:roles:users") ? roleOf(user) : {}),
    ...(isWhole ? accountOf(user, status, paths) : {}),
    ...(sees("admin:auth_state") ? { auth_state: null } : {}),
    ...(isWhole || sees("read:users:groups") ? { groups: groupsOf(user, parts.store) } : {}),
    ...(isWhole || sees("read:users:activity")
      ? { last_activity: microTime(user.lastActivity) }
      : {}),
    ...serversOf(user, all, { visitor, withStopped }, parts),
  };
}

/** Those that the visitor may see; a token may be for one of them alone. */
function serversOf(
  user: UserRecord,
  all: readonly ServerOf[],
  { visitor, withStopped }: UserView,
  { permissions, paths }: UserModelParts,
) {
  const shown = all.filter(
    ({ name, status }) =>
      (withStopped || status.is !== "stopped") &&
      permissions.may(visitor, "read:servers", user, name),
  );
  if (shown.length === 0 && !permissions.may(visitor, "read:servers", user)) return {};
  return {
    servers: Object.fromEntries(
      shown.map((server) => [server.name, describeServer(user, server, paths)]),
    ),
  };
}

/** Who asks may always know who they are, whatever else a token is for. */
export function ownModel(user: UserRecord, view: UserView, parts: UserModelParts) {
  return {
    ...identityOf(user),
    groups: groupsOf(user, parts.store),
    ...userModel(user, view, parts),
  };
}

function identityOf(user: UserRecord) {
  return { admin: user.role === "owner", user_info: { display_name: user.displayName } };
}

function accountOf(user: UserRecord, status: ServerStatus, paths: Paths) {
  return {
    server: isReady(status) ? paths.server(user.name) : null,
    pending: pendingOf(status),
    created: microTime(user.created),
  };
}

function roleOf({ role }: UserRecord) {
  const own = { owner: ["admin"], teacher: ["teacher"], student: [] }[role];
  return { admin: role === "owner", roles: [...own, "user"] };
}

/** Groups are classes. */
function groupsOf(user: UserRecord, store: StoreReader): readonly string[] {
  const groups = membershipsOf(store, user.id).map(({ groupId }) => groupId);
  return classNames(store, groups);
}
