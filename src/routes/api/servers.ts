/** Starting, stopping and following a server in JupyterHub's shapes (contract.md 4.2, 4.3). */
import { HubError, failureText } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { type Permissions, actorOf } from "#src/session/identity.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { StepName } from "#src/spawners/spawner.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { answerWithEvents, jupyterhubHeartbeat, untilSignedOut } from "../event-stream.ts";
import type { Paths } from "../paths.ts";
import { serverModel, userModel } from "./user-models.ts";

/** `slow_spawn_timeout` and `slow_stop_timeout` of JupyterHub. */
const SLOW_MS = 10_000;

interface ServersParts {
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly permissions: Permissions;
  readonly sessions: Pick<Sessions, "onEnded" | "ofUser">;
  readonly paths: Paths;
  readonly hubSignal: AbortSignal;
}

export function serversApi(parts: ServersParts) {
  const { servers, paths } = parts;

  function showUser(ctx: HubContext): void {
    ctx.body = userModel(subjectOf(ctx, parts), servers, paths);
  }

  function showServer(ctx: HubContext): void {
    const user = subjectOf(ctx, parts);
    ctx.body = serverModel(user, servers.status(user.id), paths);
  }

  /** 201: it runs. 202: it is still starting, or waits in line. */
  async function start(ctx: HubContext): Promise<void> {
    const user = subjectOf(ctx, parts);
    const before = servers.status(user.id);
    if (before.is === "running" || before.is === "frozen") {
      throw new HubError("already_running", { name: user.name });
    }
    if (before.is === "stopping") throw new HubError("pending_stop", { name: user.name });
    const isPending = before.is === "queued" || before.is === "starting";
    await servers.start(user, actorOf(ctx.state.identity, ctx.state.request));
    const status = isPending ? servers.status(user.id) : await servers.settled(user.id, SLOW_MS);
    if (status.is === "stopped" && status.lastFailure !== undefined) {
      throw HubError.from(status.lastFailure);
    }
    answerEmpty(ctx, status.is === "running" ? 201 : 202);
  }

  /** 204: it is stopped. 202: it is still stopping. */
  async function stop(ctx: HubContext): Promise<void> {
    const user = subjectOf(ctx, parts);
    const stopped = servers.stop(user.id, actorOf(ctx.state.identity, ctx.state.request));
    const late = new Promise<"late">((resolve) => setTimeout(resolve, SLOW_MS, "late").unref());
    const first = await Promise.race([stopped, late]);
    if (first === "late") {
      // Goes on without this request; how it ends is on record.
      stopped.catch(() => {});
    }
    answerEmpty(ctx, first === "late" ? 202 : 204);
  }

  function progress(ctx: HubContext): void {
    const user = subjectOf(ctx, parts);
    const present = servers.status(user.id);
    if (present.is === "stopped" && present.lastFailure === undefined) {
      throw new HubError("not_starting", { name: user.name });
    }
    answerWithEvents(ctx, untilSignedOut(ctx, parts), jupyterhubHeartbeat, async (stream) => {
      let wasPending = false;
      for await (const status of servers.watch(user.id, stream.signal)) {
        stream.send({ data: progressEvent(status, paths.server(user.name)) });
        if (status.is === "running" || status.is === "frozen") return;
        if (status.is === "stopped") return;
        if (status.is === "stopping" && wasPending) continue;
        wasPending = true;
      }
    });
  }

  return { showUser, showServer, start, stop, progress };
}

function subjectOf(
  ctx: HubContext,
  { accounts, permissions }: Pick<ServersParts, "accounts" | "permissions">,
): UserRecord {
  const name = ctx.params["name"] ?? "";
  const user = accounts.byName(name);
  if (user === undefined || !permissions.may(ctx.state.identity, "servers", user)) {
    throw new HubError("user_not_found", { name: name.slice(0, 80) });
  }
  return user;
}

function answerEmpty(ctx: HubContext, status: number): void {
  ctx.status = status;
  ctx.type = "text/plain";
  ctx.body = status === 204 ? null : "";
}

const percentOfStep: Readonly<Record<StepName, number>> = {
  waited: 10,
  network: 20,
  volume: 30,
  container: 50,
  started: 70,
  answering: 90,
};

/** Both `progress` and `message` stand in each event: clients read them without asking. */
export function progressEvent(status: ServerStatus, url: string): Record<string, unknown> {
  switch (status.is) {
    case "queued":
      return {
        progress: 0,
        message: `Waiting for a free place: number ${status.place} in line`,
        queue_position: status.place,
      };
    case "starting":
      return {
        progress:
          status.done.length === 0 ? 5 : Math.max(...status.done.map((s) => percentOfStep[s.step])),
        message: "Spawning server...",
        step: status.now,
      };
    case "running":
    case "frozen":
      return {
        progress: 100,
        ready: true,
        message: `Server ready at ${url}`,
        html_message: `Server ready at <a href="${url}">${url}</a>`,
        url,
      };
    case "stopping":
      return { progress: 95, message: "Stopping server..." };
    case "stopped":
      return {
        progress: 100,
        failed: true,
        message:
          status.lastFailure === undefined || status.lastFailure.code === "start_cancelled"
            ? "Spawn cancelled"
            : `Spawn failed: ${failureText(status.lastFailure, "api")}`,
      };
  }
}
