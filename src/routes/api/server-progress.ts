/** Following a start in JupyterHub's events. */
import { HubError, failureText } from "#src/errors.ts";
import { fullName } from "#src/services/servers/named-servers.ts";
import { isReady, type ServerStatus } from "#src/services/servers/server-status.ts";
import type { StepName } from "#src/spawners/spawner.ts";
import type { HubContext } from "../context.ts";
import {
  type StreamParts,
  answerWithEvents,
  jupyterhubHeartbeat,
  untilSignedOut,
} from "../event-stream.ts";
import { knownServer } from "./asked-server.ts";
import type { ProgressEvent } from "./schemas/servers.ts";
import type { UsersParts } from "./user-models.ts";

export type ProgressParts = UsersParts & StreamParts;

export function progressOf(parts: ProgressParts) {
  const { servers, paths } = parts;
  return function progress(ctx: HubContext): void {
    const { user, server } = knownServer(ctx, "read:servers", parts);
    const present = servers.status(user.id, server);
    if (present.is === "stopped" && present.lastFailure === undefined) {
      throw new HubError("not_starting", { name: fullName(user, server) });
    }
    const url = paths.server(user.name, server);
    const end = untilSignedOut(ctx, `progress ${user.id}/${server}`, parts);
    answerWithEvents(ctx, end, jupyterhubHeartbeat, async (stream) => {
      let wasPending = false;
      for await (const status of servers.watch(user.id, stream.signal, server)) {
        stream.send({ data: progressEvent(status, url) });
        if (isReady(status) || status.is === "stopped") return;
        if (status.is === "stopping" && wasPending) continue;
        wasPending = true;
      }
    });
  };
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
