/** The HTTP server behind the port and behind the control socket: strict, and never ended by a socket. */
import { type Server, type ServerResponse, createServer } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Gateway, Via } from "./gateway.ts";
import { closeSoon, refuseUpgrade } from "./upgrade-reply.ts";

const HEADERS_MS = 10_000;
const KEEP_ALIVE_MS = 65_000;
const CHECK_MS = 1000;
const HEADER_BYTES = 16 * 1024;
/** Far more than a school's browsers keep. Each costs some 15 KB, and whoever is in the network can open thousands. */
const MANY_CONNECTIONS = 4000;

interface GatewayServer {
  readonly server: Server;
  /** Takes nothing new, waits for what is under way, then ends what is left. */
  readonly close: (drainMs: number) => Promise<void>;
}

export function createGatewayServer(
  gateway: Pick<Gateway, "request" | "upgrade">,
  via: Via,
  manyConnections = MANY_CONNECTIONS,
): GatewayServer {
  const sockets = new Set<Duplex>();
  const upgraded = new Set<Duplex>();
  /** Several, when a client does not wait for the answers to what it asked before. */
  const answers = new WeakMap<Duplex, Set<ServerResponse>>();
  let closing = false;

  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      // The gateway limits what the hub reads itself; uploads to a notebook take as long as they take.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
      // A closed laptop lid says nothing: the first probe after half a minute, the last ten seconds later.
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      // Any other kind of upgrade is an offer that may be passed over.
      shouldUpgradeCallback: (req) =>
        req.method === "GET" && req.headers.upgrade?.toLowerCase() === "websocket",
    },
    (req, res) => {
      const open = answers.get(req.socket) ?? new Set();
      answers.set(req.socket, open.add(res));
      res.once("close", () => open.delete(res));
      if (closing) res.shouldKeepAlive = false;
      gateway.request(req, res, via);
    },
  );
  server.on("upgrade", (req, socket, head) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    if (closing) refuseUpgrade(socket, 503, { retryAfter: 5 });
    else gateway.upgrade(req, socket, head, via);
  });
  server.on("connect", (_req, socket) => {
    socket.on("error", () => undefined);
    refuseUpgrade(socket, 405);
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Stays on through upgrades, when Node takes its own listener away.
    socket.on("error", () => undefined);
    if (sockets.size - upgraded.size > manyConnections) closeIdle();
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET") socket.destroy();
    // In the middle of an answer, another one would be taken for a part of it.
    else if (isAnswering(answers.get(socket))) closeSoon(socket);
    else refuseUpgrade(socket, statusOf(error));
  });

  /** Browsers open them again when they need them. Once in a second is enough, and looks through all of them. */
  let closingIdle: NodeJS.Timeout | undefined;
  function closeIdle(): void {
    closingIdle ??= setTimeout(() => {
      closingIdle = undefined;
      server.closeIdleConnections();
    }, CHECK_MS).unref();
  }

  async function close(drainMs: number): Promise<void> {
    closing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Answers that had begun before keep their connection; it is idle afterwards.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    // They would never end by themselves, and clients connect again at once.
    for (const socket of upgraded) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, drainMs);
    await closed;
    clearTimeout(timer);
    clearInterval(idle);
  }

  return { server, close };
}

function isAnswering(open: Iterable<ServerResponse> = []): boolean {
  return Array.from(open).some((res) => res.headersSent && !res.writableFinished);
}

function statusOf({ code }: NodeJS.ErrnoException): number {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return 413;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  return 400;
}
