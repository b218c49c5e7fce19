/** Starting, stopping and changing a server in JupyterHub's shapes. */
import { HubError } from "#src/errors.ts";
import { fullName } from "#src/services/servers/named-servers.ts";
import { isReady } from "#src/services/servers/server-status.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { askedServer, assertKnown, knownServer } from "./asked-server.ts";
import { withinTime } from "./in-time.ts";
import { readEdit, readStart, readStop } from "./server-bodies.ts";
import { type ProgressParts, progressOf } from "./server-progress.ts";
import { serverModel } from "./user-models.ts";

/** `slow_spawn_timeout` and `slow_stop_timeout` of JupyterHub. */
const SLOW_MS = 10_000;

export function serversApi(parts: ProgressParts) {
  const { servers } = parts;

  function show(ctx: HubContext): void {
    const { user, server } = knownServer(ctx, "read:servers", parts);
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
    assertKnown(user, server, servers);
    const actor = actorIn(ctx);
    const work = isRemoved
      ? servers.remove(user, server, actor)
      : servers.stop(user.id, actor, server);
    answerEmpty(ctx, (await withinTime(work, SLOW_MS)) ? 204 : 202);
  }

  return { show, start, create, change, stop, progress: progressOf(parts) };
}

function answerEmpty(ctx: HubContext, status: number): void {
  ctx.status = status;
  ctx.type = "text/plain";
  ctx.body = status === 204 ? null : "";
}
