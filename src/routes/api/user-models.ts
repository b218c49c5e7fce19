/** JupyterHub's user and server models (contract.md 4.1); extra keys are ours. */
import { failureText } from "#src/errors.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { Paths } from "../paths.ts";

/** `2026-11-21T19:40:35.637000Z`: JupyterHub's times have microseconds. */
export function microTime(time: string | undefined): string | null {
  return time === undefined ? null : time.replace(/\.(\d{3})Z$/, ".$1000Z");
}

function pendingOf(status: ServerStatus): "spawn" | "stop" | null {
  if (status.is === "queued" || status.is === "starting") return "spawn";
  return status.is === "stopping" ? "stop" : null;
}

export function serverModel(user: UserRecord, status: ServerStatus, paths: Paths) {
  const failure = status.is === "stopped" ? status.lastFailure : undefined;
  return {
    name: "",
    display_name: "",
    full_name: `${user.name}/`,
    last_activity: microTime(user.lastActivity),
    started: microTime("started" in status ? status.started : undefined),
    pending: pendingOf(status),
    ready: status.is === "running" || status.is === "frozen",
    stopped: status.is === "stopped",
    url: paths.server(user.name),
    user_options: {},
    progress_url: paths.progress(user.name),
    full_url: null,
    full_progress_url: null,
    queue_position: status.is === "queued" ? status.place : null,
    last_failure:
      failure === undefined
        ? null
        : { code: failure.code, at: failure.at, message: failureText(failure, "api") },
  };
}

export function userModel(user: UserRecord, servers: Servers, paths: Paths) {
  const status = servers.status(user.id);
  const server = serverModel(user, status, paths);
  return {
    kind: "user" as const,
    name: user.name,
    admin: user.role === "owner",
    roles: user.role === "owner" ? ["admin", "user"] : ["user"],
    groups: [] as string[],
    server: server.ready ? server.url : null,
    pending: server.pending,
    created: microTime(user.created),
    last_activity: microTime(user.lastActivity),
    auth_state: null,
    user_info: { display_name: user.displayName },
    servers: server.stopped ? {} : { "": server },
  };
}
