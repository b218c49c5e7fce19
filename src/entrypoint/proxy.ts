/**
 * The only user of http-proxy, which carries the bytes; what may pass is decided around it. Each guard answers
 * something that it does by itself (http-proxy-3 2.0.1): headers are passed as they come, paths normalised unless
 * `toProxy` is set, replies written unseen, half replies left hanging, upgrades answered before anyone could look.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ProxyServer, type ServerOptions } from "http-proxy";
import { discardBody } from "./plain-answers.ts";
import { type ProxyFailure, proxyFailureOf } from "./proxy-failure.ts";
import { type Visit, requestHeaders, upgradeHeaders } from "./request-headers.ts";
import { cleanReply } from "./response-headers.ts";
import type { Route } from "./routing-table.ts";
import { webPlace } from "./web-place.ts";
import { SlowHeads } from "./slow-heads.ts";
import { UpstreamAgents } from "./upstream-agents.ts";
import { cleanUpgradeReply } from "./upgrade-reply.ts";
import { joinFates, takeOver, watchWaitingSocket } from "./upgrade-sockets.ts";
import { ClientFrames } from "./websocket-frames.ts";

type OnFailure = (failure: ProxyFailure, cause: unknown) => void;

interface UpgradeHooks {
  /** The client is still waiting for an answer on its socket. */
  failed: OnFailure;
  /** The container answered the upgrade with this status instead. */
  refused: (status: number) => void;
  /** The client sent a message. */
  active: () => void;
}

const CONNECT_MS = 4000;
/** Jupyter answers an upgrade only when the kernel does, for which it allows a minute. */
const UPGRADE_MS = 120_000;
const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS"]);

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly visit: Visit;
  readonly onFailure: OnFailure;
  readonly beganMs: number;
  request?: ClientRequest;
  reply?: IncomingMessage;
  repeated: boolean;
  /** The client has got the head of a reply, or an answer of ours. */
  settled: boolean;
}

/** Told of each request but upgrades; takes no time. */
interface ProxyHooks {
  /** The container began to answer after so many seconds. */
  onAnswer: (seconds: number) => void;
  onFailure: (failure: ProxyFailure) => void;
}

export function createProxy(hooks?: ProxyHooks): GuardedProxy {
  return new GuardedProxy(hooks);
}

export class GuardedProxy {
  readonly #server = new ProxyServer({});
  readonly #agents = new UpstreamAgents();
  readonly #slowHeads = new SlowHeads();
  /** http-proxy tells of what it made by the request that it was given. */
  readonly #exchanges = new Map<IncomingMessage, Exchange>();
  readonly #upgrades = new Map<IncomingMessage, (request: ClientRequest) => void>();

  readonly #hooks: ProxyHooks | undefined;

  constructor(hooks?: ProxyHooks) {
    this.#hooks = hooks;
    this.#server.on("proxyReq", (request, req, _res, _options, socket) => {
      const exchange = this.#exchanges.get(req);
      if (exchange === undefined) return;
      exchange.request = request;
      this.#slowHeads.watch(request, socket);
      request.once("close", () => {
        this.#slowHeads.done(request);
        // Node ends a request without a word when the answer to it is `101`.
        if (exchange.request !== request || exchange.reply !== undefined) return;
        this.#failed(exchange, new Error("no reply"));
      });
    });
    this.#server.on("proxyRes", (reply, req) => {
      const exchange = this.#exchanges.get(req);
      if (exchange !== undefined) this.#receive(exchange, reply);
    });
    this.#server.on("proxyReqWs", (request, req) => this.#upgrades.get(req)?.(request));
    // Failures come by the callbacks of `web` and `ws`; left are sockets of clients that went away.
    this.#server.on("error", () => undefined);
  }

  web(req: IncomingMessage, res: ServerResponse, visit: Visit, onFailure: OnFailure): void {
    const exchange: Exchange = {
      req,
      res,
      visit,
      onFailure: (failure, cause) => {
        this.#hooks?.onFailure(failure);
        onFailure(failure, cause);
      },
      beganMs: performance.now(),
      repeated: false,
      settled: false,
    };
    this.#exchanges.set(req, exchange);
    res.once("close", () => this.#exchanges.delete(req));
    this.#send(exchange, { agent: this.#agentFor(req, visit.route) });
  }

  websocket(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    visit: Visit,
    hooks: UpgradeHooks,
  ): void {
    let request: ClientRequest | undefined;
    let settled = false;
    const settle = (answer: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      answer();
    };
    const fail: OnFailure = (failure, cause) =>
      settle(() => {
        request?.destroy();
        hooks.failed(failure, cause);
      });
    const timer = setTimeout(() => fail("unreachable", new Error("no answer")), UPGRADE_MS).unref();
    const stopWatching = watchWaitingSocket(socket, () => settle(() => request?.destroy()));

    this.#upgrades.set(req, (made) => {
      request = made;
    });
    const key = req.headers["sec-websocket-key"];
    dressed(req, upgradeHeaders(req, visit), visit.forward, () => {
      try {
        this.#server.ws(req, socket, head, optionsFor(visit), (error) =>
          fail(proxyFailureOf(error), error),
        );
      } catch (error) {
        fail("bad_reply", error);
      }
    });
    this.#upgrades.delete(req);
    if (request === undefined) {
      fail("unreachable", new Error("the upgrade was not sent"));
      return;
    }
    takeOver(request, {
      upgraded: (reply, upstream, proceed) => {
        const headers = settled ? undefined : cleanUpgradeReply(reply, key);
        if (headers === undefined || socket.destroyed) {
          upstream.destroy();
          fail("bad_reply", new Error("not an answer to this upgrade"));
          return;
        }
        settle(() => {
          stopWatching();
          // http-proxy writes these to the client.
          reply.headers = headers;
          proceed();
          joinFates(socket, upstream);
          const frames = new ClientFrames();
          socket.on("data", (chunk: Buffer) => {
            if (frames.feed(chunk)) hooks.active();
          });
        });
      },
      answered: (reply) => {
        reply.destroy();
        settle(() => hooks.refused(reply.statusCode ?? 0));
      },
    });
  }

  /** Closes what is open to a server that is gone. */
  forget(route: Route): void {
    this.#agents.forget(route);
  }

  close(): void {
    this.#agents.close();
  }

  /**
   * Web apps close connections that were idle for a few seconds. What may not be sent twice goes by a new one, so that
   * it never meets one that is just closing; Jupyter keeps its own open for an hour.
   */
  #agentFor({ method = "" }: IncomingMessage, route: Route): ServerOptions["agent"] {
    return route.kind === "web" && !REPEATABLE.has(method) ? false : this.#agents.of(route);
  }

  #send(exchange: Exchange, options: ServerOptions): void {
    const { req, res, visit } = exchange;
    dressed(req, requestHeaders(req, visit), visit.forward, () => {
      try {
        this.#server.web(
          req,
          res,
          { ...optionsFor(visit), ...options, selfHandleResponse: true },
          (error) => this.#failed(exchange, error),
        );
      } catch (error) {
        this.#failed(exchange, error);
      }
    });
  }

  #failed(exchange: Exchange, error: unknown): void {
    const { req, res, request } = exchange;
    if (res.destroyed) return;
    if (exchange.settled) {
      // In the middle of a reply; the client must not take it for a whole one.
      if (exchange.reply?.complete !== true && !res.writableEnded) res.destroy();
      return;
    }
    const method = req.method ?? "";
    if (request?.reusedSocket === true && !exchange.repeated && REPEATABLE.has(method)) {
      // A kept-alive connection that the container was just closing: as if it had not been there.
      exchange.repeated = true;
      this.#send(exchange, { agent: false });
      return;
    }
    exchange.settled = true;
    exchange.onFailure(proxyFailureOf(error), error);
  }

  #receive(exchange: Exchange, reply: IncomingMessage): void {
    exchange.reply = reply;
    if (exchange.request !== undefined) this.#slowHeads.done(exchange.request);
    reply.on("error", (error) => this.#failed(exchange, error));
    // What came in the same piece is parsed first: a reply that goes wrong there is none.
    process.nextTick(() => this.#relay(exchange, reply));
  }

  #relay(exchange: Exchange, reply: IncomingMessage): void {
    const { req, res, visit } = exchange;
    if (exchange.settled || res.destroyed) {
      reply.destroy();
      return;
    }
    const clean = cleanReply(reply, { ...visit, web: webPlace(visit) });
    exchange.settled = true;
    if (clean === undefined) {
      reply.destroy();
      exchange.onFailure("bad_reply", new Error("a reply that cannot be passed on"));
      return;
    }
    this.#hooks?.onAnswer((performance.now() - exchange.beganMs) / 1000);
    res.writeHead(clean.status, clean.headers);
    reply.pipe(res);
    if (!req.complete) {
      // Answered in the middle of an upload: the container will not read the rest.
      res.once("finish", () => {
        if (req.complete) return;
        exchange.request?.destroy();
        discardBody(req);
      });
    }
    // An event stream says nothing at first; its reader waits for the head.
    if (!clean.hasLength) {
      setImmediate(() => {
        if (!res.destroyed && !res.writableEnded) res.flushHeaders();
      });
    }
  }
}

function optionsFor({ route }: Visit): ServerOptions {
  const { host, port } = route.upstream;
  // `toProxy`: the path goes out byte for byte.
  return { target: { host, port, protocol: "http:" }, toProxy: true, connectTimeout: CONNECT_MS };
}

/** http-proxy reads the request's headers and URL while it is called, and never again. */
function dressed(
  req: IncomingMessage,
  headers: IncomingMessage["headers"],
  url: string,
  call: () => void,
): void {
  const received = { headers: req.headers, url: req.url ?? "" };
  req.headers = headers;
  req.url = url;
  try {
    call();
  } finally {
    req.headers = received.headers;
    req.url = received.url;
  }
}
