/** The two sockets of a WebSocket on their way from a request to a tunnel. */
import type { ClientRequest, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { closeSoon } from "./upgrade-reply.ts";

/** A frozen or vanished other side says nothing. */
const PROBE_MS = 30_000;

/**
 * Nobody reads from the socket of an upgrade until it is answered, and so nobody would hear a client that takes
 * its leave. This reads ahead, as far as the socket's own buffer goes.
 */
export function watchWaitingSocket(socket: Duplex, gone: () => void): () => void {
  const readAhead = (): void => void socket.read(0);
  const leave = (): void => {
    socket.destroy();
    gone();
  };
  socket.on("readable", readAhead);
  socket.once("end", leave);
  socket.once("close", gone);
  return () => {
    socket.off("readable", readAhead);
    socket.off("end", leave);
  };
}

interface UpgradeListeners {
  upgraded: (reply: IncomingMessage, upstream: Socket, proceed: () => void) => void;
  answered: (reply: IncomingMessage) => void;
}

/**
 * Puts our listeners in the place of http-proxy's: it would write any `101` and any other reply to the client
 * as it came. `proceed` is its own way on.
 */
export function takeOver(request: ClientRequest, listeners: UpgradeListeners): void {
  const [theirs] = request.listeners("upgrade");
  if (theirs === undefined) throw new TypeError("http-proxy does not listen for the upgrade");
  request.removeAllListeners("upgrade");
  request.removeAllListeners("response");
  request.once("upgrade", (reply, upstream, early) => {
    upstream.on("error", () => undefined);
    listeners.upgraded(reply, upstream, () => theirs.call(request, reply, upstream, early));
  });
  request.once("response", (reply) => {
    reply.on("error", () => undefined);
    listeners.answered(reply);
  });
}

/** Neither end of a WebSocket outlives the other, also when one of them does not say goodbye. */
export function joinFates(client: Duplex, upstream: Socket): void {
  for (const socket of [client, upstream]) {
    if (socket instanceof Socket) socket.setKeepAlive(true, PROBE_MS);
  }
  for (const event of ["end", "close"] as const) {
    client.once(event, () => closeSoon(upstream));
    upstream.once(event, () => closeSoon(client));
  }
}
