/**
 * Where servers of kind `singleuser` ask the hub who visits: a listener on the hub's address in that
 * server's private network, for the few requests of the token API that `jupyterhub-singleuser` makes.
 */
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { RequestContexts } from "#src/session/request-context.ts";
import type { Door, Doors } from "#src/spawners/doors.ts";
import type { ServerId } from "#src/stores/records.ts";
import { limitBodyTime } from "./body-time.ts";
import { checkFraming, hasBody } from "./framing.ts";
import { createGatewayServer } from "./http-server.ts";
import { answerJson, discardBody } from "./plain-answers.ts";
import { parseTarget } from "./target.ts";
import { refuseUpgrade } from "./upgrade-reply.ts";

interface DoorsParts {
  readonly basePath: string;
  readonly contexts: RequestContexts;
  readonly log: Logger;
}

type App = (req: IncomingMessage, res: ServerResponse) => unknown;

interface OpenDoor {
  readonly door: Door;
  readonly listening: Promise<Server>;
  readonly close: (drainMs: number) => Promise<void>;
}

/** `jupyterhub-singleuser` needs two or three; whoever is in the container must not use up the hub's descriptors. */
const MOST_CONNECTIONS = 16;
/** The engine has just put the address on the interface. */
const ADDRESS_MS = 3000;
const ADDRESS_RETRY_MS = 50;

export class ServerDoors implements Doors, AsyncDisposable {
  readonly #parts: DoorsParts;
  readonly #open = new Map<ServerId, OpenDoor>();
  /** What is being closed. */
  readonly #closing = new Set<Promise<void>>();
  #app: App | undefined;

  constructor(parts: DoorsParts) {
    this.#parts = parts;
  }

  /** What answers behind all doors; until then nothing does. */
  lead(app: App): void {
    this.#app = app;
  }

  async open(door: Door): Promise<void> {
    // Looked at again each time: while one closes, somebody else may have opened the next.
    for (let known; (known = this.#open.get(door.serverId)) !== undefined;) {
      if (isSame(known.door, door)) {
        await known.listening;
        return;
      }
      await this.#close(known);
    }
    const { server, close } = createGatewayServer(
      {
        request: (req, res) => this.#request(req, res, door),
        upgrade: (_req, socket) => refuse(socket),
      },
      "network",
    );
    server.maxConnections = MOST_CONNECTIONS;
    const opened: OpenDoor = { door, close, listening: listen(server, door.at) };
    this.#open.set(door.serverId, opened);
    try {
      await opened.listening;
      server.on("error", (error) => this.#parts.log.error({ err: error }, "door of a server"));
    } catch (error) {
      if (this.#open.get(door.serverId) === opened) this.#open.delete(door.serverId);
      throw error;
    }
  }

  close(serverId: ServerId, generation?: number): void {
    const opened = this.#open.get(serverId);
    if (opened === undefined) return;
    if (generation === undefined || generation === opened.door.generation) void this.#close(opened);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opened of this.#open.values()) void this.#close(opened);
    await Promise.all(this.#closing);
  }

  async #close(opened: OpenDoor): Promise<void> {
    this.#open.delete(opened.door.serverId);
    const closed = opened.listening.then(() => opened.close(0)).catch(() => {});
    this.#closing.add(closed);
    await closed;
    this.#closing.delete(closed);
  }

  #request(req: IncomingMessage, res: ServerResponse, door: Door): void {
    req.on("error", () => {});
    res.on("error", () => {});
    try {
      checkFraming(req);
      const { serverId, generation } = door;
      this.#parts.contexts.make(req, "server", { serverId, generation });
      if (this.#app === undefined || !isAsked(req, this.#parts.basePath)) {
        throw new HubError("not_found");
      }
      if (hasBody(req)) limitBodyTime(req);
      this.#app(req, res);
    } catch (error) {
      const failure = error instanceof HubError ? error : new HubError("bad_request");
      if (failure !== error) this.#parts.log.error({ err: error }, "request of a server failed");
      res.shouldKeepAlive = false;
      const { status, message, code } = failure;
      answerJson(res, status, { status, message, code });
    }
    if (res.writableEnded) discardBody(req);
  }
}

/** The token API alone: everything else is not there. */
function isAsked(req: IncomingMessage, basePath: string): boolean {
  const url = req.url ?? "";
  if (parseTarget(url, basePath).is !== "hub") return false;
  const [path = ""] = url.split("?");
  const api = `${basePath}hub/api`;
  if (!path.startsWith(api)) return false;
  const rest = path.slice(api.length);
  if (req.method === "GET" || req.method === "HEAD") {
    return rest === "" || rest === "/" || rest === "/user";
  }
  return (
    req.method === "POST" && (rest === "/oauth2/token" || /^\/users\/[^/]+\/activity$/.test(rest))
  );
}

function isSame(one: Door, other: Door): boolean {
  return (
    one.generation === other.generation &&
    one.at.host === other.at.host &&
    one.at.port === other.at.port
  );
}

function refuse(socket: Duplex): void {
  socket.on("error", () => {});
  refuseUpgrade(socket, 404);
}

/** Throws `no_door`. */
async function listen(server: Server, { host, port }: Door["at"]): Promise<Server> {
  const end = performance.now() + ADDRESS_MS;
  for (;;) {
    try {
      // Leaves no listener behind, however often it is tried.
      const listening = once(server, "listening");
      server.listen({ host, port });
      await listening;
      return server;
    } catch (error) {
      const failure = error as NodeJS.ErrnoException; // All that a server reports is one.
      const isLate = performance.now() > end;
      if (failure.code !== "EADDRNOTAVAIL" || isLate) throw noDoor(failure, { host, port });
      await new Promise((resolve) => setTimeout(resolve, ADDRESS_RETRY_MS));
    }
  }
}

function noDoor(cause: NodeJS.ErrnoException, { host, port }: Door["at"]): HubError {
  const detail = cause.code ?? cause.message;
  return new HubError("no_door", { address: host, port, detail }, { cause });
}
