/**
 * The same routes on a socket in the data folder, for commands and the health check: whoever can open it is the
 * owner of the box.
 */
import { chmod, mkdtemp, rename, rm, stat } from "node:fs/promises";
import type { Server } from "node:http";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { folderDetail } from "#src/stores/files.ts";
import type { Gateway } from "./gateway.ts";
import { createGatewayServer } from "./http-server.ts";

interface ControlOptions {
  readonly gateway: Gateway;
  readonly path: string;
  readonly log: Logger;
  readonly drainMs?: number;
}

export interface Control {
  close(): Promise<void>;
}

const DRAIN_MS = 2000;

/** Throws `data_folder` when another hub answers there, or when the folder does not take a socket. */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { path } = options;
  if (await answers(path)) throw folderFailure(path, "another Homeroom answers on control.sock");
  const { server, close } = createGatewayServer(options.gateway, "console");
  const inode = await listenAt(server, path);
  server.on("error", (error) => options.log.error({ err: error }, "control socket"));
  return {
    close: async () => {
      await close(options.drainMs ?? DRAIN_MS);
      // Not that of a hub that was started meanwhile.
      const found = await stat(path).catch(() => undefined);
      if (found?.ino === inode) await rm(path, { force: true });
    },
  };
}

/** Made where nobody else can open it, then moved to its place, which also clears away a dead one. */
async function listenAt(server: Server, path: string): Promise<number> {
  const folder = await mkdtemp(join(dirname(path), ".control-")).catch((error: Error) => {
    throw folderFailure(path, folderDetail(error), error);
  });
  const made = join(folder, "s");
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(made, () => {
        server.off("error", reject);
        resolve();
      });
    });
    await chmod(made, 0o600);
    const { ino } = await stat(made);
    await rename(made, path);
    return ino;
  } catch (error) {
    server.close();
    throw folderFailure(path, folderDetail(error), error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

function folderFailure(path: string, detail: string, cause?: unknown): HubError {
  return new HubError("data_folder", { path: dirname(path), detail }, { cause });
}
