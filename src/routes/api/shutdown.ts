/** `POST {H}api/shutdown`. */
import type { Shutdown } from "#src/services/box/shutdown.ts";
import type { Logger } from "#src/log.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { pythonText } from "./python-words.ts";
import { readBody } from "./schemas/bodies.ts";
import { shutdownBody } from "./schemas/hub.ts";

interface ShutdownParts {
  readonly shutdown: Shutdown;
  readonly log: Logger;
}

export function shutdownApi({ shutdown, log }: ShutdownParts) {
  /** `servers: true` stops the notebooks first. The proxy is a part of the hub: it ends with it in any case. */
  async function ask(ctx: HubContext): Promise<void> {
    const { servers: stopServers = false } = await readBody(ctx, shutdownBody, {
      notDict: (body) => `Invalid JSON data: ${pythonText(body)}`,
    });
    const actor = actorIn(ctx);
    const end = await shutdown.prepare({ stopServers }, actor);
    const endNow = (): void => {
      end().catch((error: unknown) => log.error({ err: error }, "the hub could not be ended"));
    };
    // Whoever asked may not have waited for the answer.
    if (ctx.res.closed) endNow();
    else ctx.res.once("close", endNow);
    ctx.status = 202;
    ctx.body = { message: "Shutting down Hub" };
  }

  return { ask };
}
