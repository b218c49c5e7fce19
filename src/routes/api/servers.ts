/** Starting, stopping and following a server in JupyterHub's shapes (contract.md 4.2, 4.3). */
import { HubError, failureText } from "#src/errors.ts";
import { fullName } from "#src/services/servers/named-servers.ts";
import { serverNameOf } from "#src/services/servers/server-names.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Permission } from "#src/session/identity.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { StepName } from "#src/spawners/spawner.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { answerWithEvents, jupyterhubHeartbeat, untilSignedOut } from "../event-stream.ts";
import { actorIn } from "../middleware/require.ts";
import { personOf } from "../person-of.ts";
import { withinTime } from "./in-time.ts";
import { readEdit, readStart, readStop } from "./server-bodies.ts";
import type { ProgressEvent } from "./schemas/servers.ts";
import { type UsersParts, isReady, serverModel } from "./user-models.ts";

/** `slow_spawn_timeout` and `slow_stop_timeout` of JupyterHub. */
const SLOW_MS = 10_000;

interface ServersParts extends UsersParts {
  readonly sessions: Pick<Sessions, "onEnded" | "ofUser">;
  readonly tokens: Pick<Tokens, "onEnded" | "ofUser">;
  readonly hubSignal: AbortSignal;
}

export function serversApi(parts: ServersParts) {
  const { servers, paths } = parts;

  function show(ctx: HubContext): void {
    const { user, server } = knownServer(ctx, "read:servers");
    ctx.body = serverModel(user, server, parts);
  }

  /** 201: it runs. 202: it is still starting, or waits in line. One that there is not yet is made. */
  async function start(ctx: HubContext): Promise<void> {
    const { user, server } = askedServer(ctx, "start:servers", parts);
    const request = await readStart(ctx);
    const name = fullName(user, server);
    const before = servers.status(user.id, server);
    if (isReady(before)) throw new HubError("already_running", { name });
    if (before.is === "stopping") throw new HubError("pending_stop", { name });
    const isPending = before.is === "queued" || before.is === "starting";
    if (!isPending) await servers.start(user, actorIn(ctx), { ...request, name: server });
    const status = isPending ? before : await servers.settled(user.id, SLOW_MS, server);
    if (status.is === "stopped" && status.lastFailure !== undefined) {
      throw HubError.from(status.lastFailure);
    }
    answerEmpty(ctx, isReady(status) ? 201 : 202);
  }

  /** Makes one that rests. */
  async function create(ctx: HubContext): Promise<void> {
    const { user, server } = askedServer(ctx, "start:servers", parts);
    if (server === "") throw new HubError("default_exists", { name: user.name });
    const request = await readStart(ctx);
    const record = await servers.create(user, server, request);
    ctx.status = 201;
    ctx.body = serverModel(user, record.name, parts);
  }

  async function change(ctx: HubContext): Promise<void> {
    const { user, server } = askedServer(ctx, "start:servers", parts);
    const record = await servers.change(user, server, await readEdit(ctx));
    ctx.body = serverModel(user, record.name, parts);
  }

  /** 204: it is stopped, or deleted. 202: it is still stopping, or being deleted. */
  async function stop(ctx: HubContext): Promise<void> {
    const { user, server } = askedServer(ctx, "delete:servers", parts);
    const isRemoved = await readStop(ctx);
    if (isRemoved && server === "") throw new HubError("cannot_delete_default");
    assertKnown(user, server);
    const actor = actorIn(ctx);
    const work = isRemoved
      ? servers.remove(user, server, actor)
      : servers.stop(user.id, actor, server);
    answerEmpty(ctx, (await withinTime(work, SLOW_MS)) ? 204 : 202);
  }

  function progress(ctx: HubContext): void {
    const { user, server } = knownServer(ctx, "read:servers");
    const present = servers.status(user.id, server);
    if (present.is === "stopped" && present.lastFailure === undefined) {
      throw new HubError("not_starting", { name: fullName(user, server) });
    }
    const url = paths.server(user.name, server);
    answerWithEvents(ctx, untilSignedOut(ctx, parts), jupyterhubHeartbeat, async (stream) => {
      let wasPending = false;
      for await (const status of servers.watch(user.id, stream.signal, server)) {
        stream.send({ data: progressEvent(status, url) });
        if (isReady(status) || status.is === "stopped") return;
        if (status.is === "stopping" && wasPending) continue;
        wasPending = true;
      }
    });
  }

  function knownServer(ctx: HubContext, permission: Permission): AskedServer {
    const asked = askedServer(ctx, permission, parts);
    assertKnown(asked.user, asked.server);
    return asked;
  }

  /** Of the first one there is always something to say. */
  function assertKnown(user: UserRecord, server: string): void {
    if (server === "" || servers.remembered(user.id, server) !== undefined) return;
    throw new HubError("server_not_found", { name: user.name, server: server.slice(0, 80) });
  }

  return { show, start, create, change, stop, progress };
}

interface AskedServer {
  readonly user: UserRecord;
  /** `""` is the first one. */
  readonly server: string;
}

/** The server that an address names, whether or not there is one. Throws `user_not_found`. */
function askedServer(ctx: HubContext, permission: Permission, parts: UsersParts): AskedServer {
  const server = serverNameOf(ctx.params["server"] ?? "");
  return { user: personOf(ctx, permission, parts, server), server };
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
export function progressEvent(status: ServerStatus, url: string): ProgressEvent {
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
