/** Starting, stopping and following a server in JupyterHub's shapes (contract.md 4.2, 4.3). */
import { HubError, failureText } from "#src/errors.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { StepName } from "#src/spawners/spawner.ts";
import type { HubContext } from "../context.ts";
import { answerWithEvents, jupyterhubHeartbeat, untilSignedOut } from "../event-stream.ts";
import { readAnyJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { personOf } from "../person-of.ts";
import { withinTime } from "./in-time.ts";
import { invalid, isDict } from "./user-bodies.ts";
import { isReady, serverModel } from "./user-models.ts";
import type { UsersParts } from "./users.ts";

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
    ctx.body = serverModel(personOf(ctx, "read:servers", parts), parts);
  }

  /** 201: it runs. 202: it is still starting, or waits in line. What a body asks for has no meaning here. */
  async function start(ctx: HubContext): Promise<void> {
    const user = personOf(ctx, "start:servers", parts);
    await readDict(ctx);
    const before = servers.status(user.id);
    if (isReady(before)) throw new HubError("already_running", { name: user.name });
    if (before.is === "stopping") throw new HubError("pending_stop", { name: user.name });
    const isPending = before.is === "queued" || before.is === "starting";
    await servers.start(user, actorIn(ctx));
    const status = isPending ? servers.status(user.id) : await servers.settled(user.id, SLOW_MS);
    if (status.is === "stopped" && status.lastFailure !== undefined) {
      throw HubError.from(status.lastFailure);
    }
    answerEmpty(ctx, isReady(status) ? 201 : 202);
  }

  /** 204: it is stopped. 202: it is still stopping. */
  async function stop(ctx: HubContext): Promise<void> {
    const user = personOf(ctx, "delete:servers", parts);
    const { remove = false } = await readDict(ctx);
    if (remove !== false && remove !== null) throw invalid("Cannot delete the default server");
    const work = servers.stop(user.id, actorIn(ctx));
    answerEmpty(ctx, (await withinTime(work, SLOW_MS)) ? 204 : 202);
  }

  function progress(ctx: HubContext): void {
    const user = personOf(ctx, "read:servers", parts);
    const present = servers.status(user.id);
    if (present.is === "stopped" && present.lastFailure === undefined) {
      throw new HubError("not_starting", { name: user.name });
    }
    answerWithEvents(ctx, untilSignedOut(ctx, parts), jupyterhubHeartbeat, async (stream) => {
      let wasPending = false;
      for await (const status of servers.watch(user.id, stream.signal)) {
        stream.send({ data: progressEvent(status, paths.server(user.name)) });
        if (isReady(status) || status.is === "stopped") return;
        if (status.is === "stopping" && wasPending) continue;
        wasPending = true;
      }
    });
  }

  /** Everybody has one server, which has no name. */
  function startNamed(ctx: HubContext): never {
    personOf(ctx, "start:servers", parts);
    throw new HubError("named_servers_off");
  }

  function noneNamed(ctx: HubContext): never {
    const { name } = personOf(ctx, "read:servers", parts);
    const server = (ctx.params["server"] ?? "").slice(0, 80);
    throw new HubError("server_not_found", { name, server });
  }

  return { show, start, stop, progress, startNamed, noneNamed };
}

/** An absent body is as good as an empty one. */
async function readDict(ctx: HubContext): Promise<Readonly<Record<string, unknown>>> {
  const body = (await readAnyJson(ctx)) ?? {};
  if (!isDict(body)) throw invalid("Body must be a JSON object");
  return body;
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
