/**
 * Where every request and every upgrade comes in: hub page, notebook server or nothing? Before a byte is
 * proxied it is known who asks and that they may.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { HubError } from "#src/errors.ts";
import type { Logger } from "#src/log.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { ServerTokens } from "#src/session/oauth/server-tokens.ts";
import type { RequestContext, RequestContexts } from "#src/session/request-context.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { SessionId, TokenId } from "#src/stores/records.ts";
import { Answers } from "./answers.ts";
import { Authoriser, type AuthoriserOptions } from "./authorise.ts";
import { checkFraming, checkMethod, checkProxiedBody, hasBody } from "./framing.ts";
import { endStalledUpload, limitBodyTime } from "./body-time.ts";
import { OpenConnections } from "./open-connections.ts";
import { answerPlainly, discardBody, redirect } from "./plain-answers.ts";
import type { ProxyFailure } from "./proxy-failure.ts";
import type { GuardedProxy } from "./proxy.ts";
import type { Visit } from "./request-headers.ts";
import { type ServerTarget, parseTarget } from "./target.ts";
import { type Allowed, TurnedAway, aboutOf, isRead } from "./turned-away.ts";
import { refuseUpgrade } from "./upgrade-reply.ts";
import { withoutPrefix } from "./web-place.ts";
import type { UserPathPages } from "#src/routes/user-path-answer.ts";

/** `console` is whoever can open the control socket. */
export type Via = "network" | "console";

export interface Gateway {
  request(req: IncomingMessage, res: ServerResponse, via: Via): void;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, via: Via): void;
  /** Ends replies and WebSockets under way; done by itself when sessions and tokens end. */
  closeSessions(ids: ReadonlySet<SessionId | TokenId>): void;
  /** Ends everything that is open to containers. */
  close(): void;
}

interface GatewayOptions extends AuthoriserOptions {
  /** Everything that is not a notebook server's. */
  readonly app: (req: IncomingMessage, res: ServerResponse) => unknown;
  readonly contexts: RequestContexts;
  readonly sessions: Pick<Sessions, "bySiteSecret" | "touch" | "onEnded">;
  readonly tokens?: Pick<Tokens, "onEnded" | "touch">;
  readonly passes: Pick<ServerTokens, "passOf">;
  readonly servers: Pick<Servers, "named" | "status" | "trouble" | "touch" | "unreachable">;
  readonly proxy: GuardedProxy;
  /** Hears of changes after which somebody may be let in no more; the answer ends that. */
  readonly onRightsChanged?: (listener: () => void) => () => void;
  readonly pages: UserPathPages;
  readonly log: Logger;
}

const AWAY_SECONDS = 5;

export function createGateway(options: GatewayOptions): Gateway {
  return new HubGateway(options);
}

class HubGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #authoriser: Authoriser;
  readonly #answers: Answers;
  readonly #turnedAway: TurnedAway;
  readonly #open = new OpenConnections();
  readonly #subscriptions: readonly (() => void)[];

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#authoriser = new Authoriser(options);
    this.#answers = new Answers(options);
    this.#turnedAway = new TurnedAway({ basePath: options.basePath, answers: this.#answers });
    this.#subscriptions = [
      options.sessions.onEnded((ids) => this.closeSessions(ids)),
      ...(options.tokens === undefined
        ? []
        : [options.tokens.onEnded((ids) => this.closeSessions(ids))]),
      ...(options.onRightsChanged === undefined
        ? []
        : [options.onRightsChanged(() => this.#open.closeUninvited())]),
      options.routes.onRemoved((route) => {
        this.#open.closeRoute(route);
        options.proxy.forget(route);
      }),
    ];
  }

  request(req: IncomingMessage, res: ServerResponse, via: Via): void {
    req.on("error", ignore);
    res.on("error", ignore);
    try {
      this.#request(req, res, via);
    } catch (error) {
      // How the rest of the connection is to be read is not certain.
      res.shouldKeepAlive = false;
      answerPlainly(res, this.#answers.failureOf(error, req));
    }
    // Whoever was refused may still be sending.
    if (res.writableEnded) discardBody(req);
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, via: Via): void {
    socket.on("error", ignore);
    try {
      this.#upgrade(req, socket, head, via);
    } catch (error) {
      refuseUpgrade(socket, this.#answers.failureOf(error, req).status);
    }
  }

  closeSessions(ids: ReadonlySet<SessionId | TokenId>): void {
    this.#open.closeSessions(ids);
  }

  close(): void {
    for (const end of this.#subscriptions) end();
    this.#open.closeAll();
    this.#options.proxy.close();
  }

  #request(req: IncomingMessage, res: ServerResponse, via: Via): void {
    const { basePath, contexts, app } = this.#options;
    checkFraming(req);
    const context = contexts.make(req, via);
    const target = parseTarget(req.url ?? "", basePath);
    // The hub itself says which methods an address of its own has.
    if (target.is !== "hub") checkMethod(req);
    switch (target.is) {
      case "refused":
        throw new HubError("bad_target");
      case "hub":
        // What an owner sends on the control socket may be somebody's whole home.
        if (hasBody(req) && via === "console") endStalledUpload(req);
        else if (hasBody(req)) limitBodyTime(req);
        app(req, res);
        return;
      case "moved":
        if (isRead(req)) redirect(res, target.status, target.location);
        else this.#answers.respond(req, res, new HubError("not_found"), { ownServer: false });
        return;
      case "nobody":
        this.#answers.respond(req, res, new HubError("not_found"), { ownServer: false });
        return;
      case "server":
        this.#serve(req, res, target, context);
        return;
    }
  }

  #serve(
    req: IncomingMessage,
    res: ServerResponse,
    target: ServerTarget,
    context: RequestContext,
  ): void {
    // Notebooks are for people, who come by the network.
    if (context.via === "console") {
      this.#answers.respond(req, res, new HubError("not_found"), { ownServer: false });
      return;
    }
    const decision = this.#authoriser.decide(req, target, context, "request");
    if (decision.is !== "allowed") {
      this.#turnedAway.request(req, res, target, decision);
      return;
    }
    checkProxiedBody(req);
    assertNoServiceWorker(req);
    this.#proxyRequest(req, res, this.#visitOf(target, context, decision), decision);
  }

  #proxyRequest(req: IncomingMessage, res: ServerResponse, visit: Visit, decision: Allowed): void {
    if (req.headers["x-homeroom-poll"] !== "1") this.#touch(decision);
    if (hasBody(req)) endStalledUpload(req);
    const done = this.#open.add({
      session: decision.session ?? decision.token,
      route: decision.route,
      mayStay: decision.mayStay,
      close: () => res.destroy(),
    });
    res.once("close", done);
    this.#options.proxy.web(req, res, visit, (failure, cause) => {
      this.#answers.respond(
        req,
        res,
        this.#failureOf(failure, cause, decision, visit),
        aboutOf(decision),
      );
      discardBody(req);
    });
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, via: Via): void {
    const { basePath, contexts, proxy } = this.#options;
    checkFraming(req);
    if (hasBody(req)) throw new HubError("bad_request");
    const context = contexts.make(req, via);
    const target = parseTarget(req.url ?? "", basePath);
    if (target.is === "refused") throw new HubError("bad_target");
    if (target.is !== "server" || via === "console") throw new HubError("not_found");

    const decision = this.#authoriser.decide(req, target, context, "upgrade");
    if (decision.is !== "allowed") {
      this.#turnedAway.upgrade(socket, target, decision);
      return;
    }
    const visit = this.#visitOf(target, context, decision);
    const done = this.#open.add({
      session: decision.session ?? decision.token,
      route: decision.route,
      mayStay: decision.mayStay,
      // The proxy closes the other end with it.
      close: () => socket.destroy(),
    });
    socket.once("close", done);
    proxy.websocket(req, socket, head, visit, {
      active: () => this.#touch(decision),
      refused: (status) => refuseUpgrade(socket, status >= 400 && status <= 599 ? status : 502),
      failed: (failure, cause) => {
        const { status, retryAfter } = this.#failureOf(failure, cause, decision, visit);
        refuseUpgrade(socket, status, { retryAfter });
      },
    });
  }

  #failureOf(
    failure: ProxyFailure,
    cause: unknown,
    { user, route }: Allowed,
    { context }: Visit,
  ): HubError {
    const about = { request: context.id, server: route.serverId, cause: String(cause) };
    this.#options.log.info(about, failure);
    if (failure === "bad_reply") return new HubError("bad_reply", { name: user.name }, { cause });
    this.#options.servers.unreachable(user.id, route.serverName);
    return new HubError("not_answering", { name: user.name }, { cause, retryAfter: AWAY_SECONDS });
  }

  #visitOf(target: ServerTarget, context: RequestContext, decision: Allowed): Visit {
    const { route, visitor, place, token } = decision;
    const { prefix, rest } = place;
    const forward =
      route.upstream.stripsPrefix === true ? withoutPrefix(target.forward, prefix) : target.forward;
    const visit = { route, prefix, rest, forward, visitor, context };
    if (route.kind !== "singleuser" || token === undefined) return visit;
    return { ...visit, pass: this.#options.passes.passOf(token, route) };
  }

  #touch({ session, token, user, route }: Allowed): void {
    const { servers, sessions, tokens } = this.#options;
    servers.touch(user.id, route.serverName);
    if (session !== undefined) sessions.touch(session);
    if (token !== undefined) tokens?.touch(token);
  }
}

/**
 * A script that the browser would keep, and wake when the page is long closed: it asks the hub for whatever it likes,
 * with the session of whoever uses that browser then. Browsers say so of the request, and no page can leave that out.
 */
function assertNoServiceWorker({ headers }: IncomingMessage): void {
  if (headers["service-worker"] !== undefined) throw new HubError("service_worker");
}

function ignore(): void {
  // The other side went away; what belongs to the request ends with its socket.
}
