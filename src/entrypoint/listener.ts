/** The one published port. */
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import { bindAddress } from "./bind-address.ts";
import type { Gateway } from "./gateway.ts";
import { createGatewayServer } from "./http-server.ts";

interface ListenerOptions {
  readonly gateway: Gateway;
  /** An address, or `default-route`. */
  readonly bind: string;
  readonly port: number;
  readonly log: Logger;
  /** How long `close` waits for replies under way. */
  readonly drainMs?: number;
  /** Above so many connections, those that wait for nothing are closed. */
  readonly manyConnections?: number;
}

export interface Listener {
  /** Throws `port_in_use`, `no_default_route`, `cannot_listen`. */
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  close(): Promise<void>;
}

const DRAIN_MS = 8000;

export function createListener(options: ListenerOptions): Listener {
  const { server, close } = createGatewayServer(
    options.gateway,
    "network",
    options.manyConnections,
  );
  let isOpen = false;

  async function listen(): Promise<{ address: string; port: number }> {
    const host = await bindAddress(options.bind);
    await new Promise<void>((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void =>
        reject(failureOf(error, host, options.port));
      server.once("error", refused);
      server.listen({ host, port: options.port }, () => {
        server.off("error", refused);
        resolve();
      });
    });
    isOpen = true;
    // Such as running out of descriptors: it passes when connections end.
    server.on("error", (error) => options.log.error({ err: error }, "listener"));
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw new TypeError("not a TCP listener");
    return { address: bound.address, port: bound.port };
  }

  return {
    listen,
    close: async () => {
      if (isOpen) await close(options.drainMs ?? DRAIN_MS);
      isOpen = false;
    },
  };
}

function failureOf(error: NodeJS.ErrnoException, address: string, port: number): HubError {
  if (error.code === "EADDRINUSE") {
    return new HubError("port_in_use", { port, address }, { cause: error });
  }
  const detail = error.code ?? error.message;
  return new HubError("cannot_listen", { port, address, detail }, { cause: error });
}
