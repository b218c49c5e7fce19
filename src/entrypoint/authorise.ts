/**
 * May this visitor reach this server? One function for requests and for upgrades, so that neither can be
 * checked less than the other.
 */
import type { IncomingMessage } from "node:http";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { encodeServerName } from "#src/services/servers/server-names.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { headerToken } from "#src/session/authorization.ts";
import { SITE_COOKIE, parseCookies } from "#src/session/cookies.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { RequestContext } from "#src/session/request-context.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { SessionId, SessionRecord, TokenId, UserRecord } from "#src/stores/records.ts";
import { type ForgeryCheck, isProxiedApp, requestForgery, upgradeForgery } from "./forgery.ts";
import type { Route, RoutingTable } from "./routing-table.ts";
import { type ServerPlace, placeOf } from "./server-place.ts";
import { type ServerTarget, queryValues } from "./target.ts";

export interface AuthoriserOptions {
  readonly basePath: string;
  readonly sessions: Pick<Sessions, "bySiteSecret">;
  readonly accounts: Pick<Accounts, "activeById" | "byName">;
  readonly permissions: Pick<Permissions, "may" | "mayVisit">;
  readonly routes: RoutingTable;
  readonly servers: Pick<Servers, "named" | "status" | "trouble">;
  /** Who shows an API token. */
  readonly authenticateToken?: ((token: string) => Identity | undefined) | undefined;
}

export type Decision =
  | {
      readonly is: "allowed";
      readonly visitor: UserRecord;
      /** Absent with a token. */
      readonly session: SessionId | undefined;
      readonly token: TokenId | undefined;
      readonly user: UserRecord;
      readonly route: Route;
      readonly place: ServerPlace;
      /** With somebody else's notebook: whether it still is open to the visitor. */
      readonly mayStay?: () => boolean;
    }
  /** Another spelling of the address. */
  | { readonly is: "moved"; readonly location: string }
  | { readonly is: "sign_in" }
  /** A service showed its token. */
  | { readonly is: "service" }
  /** Signed in with a first password. */
  | { readonly is: "choose_password" }
  /** Somebody else's, which this session may open when the visitor says so. */
  | { readonly is: "confirm_visit"; readonly server: string }
  /** The session is in another notebook, or in one that was closed to it, and opens nothing else. */
  | { readonly is: "on_visit" }
  /** Not from a page of ours; the words are Jupyter's. */
  | { readonly is: "forged"; readonly reason: string }
  /** On its way up. */
  | {
      readonly is: "starting";
      readonly visitor: UserRecord;
      readonly user: UserRecord;
      readonly server: string;
      readonly failure: HubError;
    }
  | {
      readonly is: "refused";
      readonly visitor: UserRecord;
      readonly user?: UserRecord;
      readonly server?: string;
      readonly failure: HubError;
    };

interface Visitor {
  readonly user: UserRecord;
  readonly identity: Identity;
  readonly session: SessionRecord | undefined;
  readonly token?: TokenId;
  /** The token came in the address, where a foreign page could have put it. */
  readonly byAddress?: boolean;
}

/** What was asked for, and the server that it means. */
interface Asked {
  readonly target: ServerTarget;
  readonly place: ServerPlace;
  readonly context: RequestContext;
}

const COMING_UP_SECONDS = 3;
const AWAY_SECONDS = 5;

export class Authoriser {
  readonly #options: AuthoriserOptions;

  constructor(options: AuthoriserOptions) {
    this.#options = options;
  }

  decide(
    req: IncomingMessage,
    target: ServerTarget,
    context: RequestContext,
    asked: "request" | "upgrade",
  ): Decision {
    const visitor = this.#visitorOf(req, target, asked);
    if (visitor === undefined) return { is: this.#isService(req) ? "service" : "sign_in" };
    if (visitor.session?.mustChangePassword === true) return { is: "choose_password" };

    const { accounts, permissions, routes, servers } = this.#options;
    const user = accounts.byName(target.name);
    const place = placeOf(target, (name) => (user ? servers.named(user.id, name) : ""));
    const { server } = place;
    const route = user && routes.lookup(user.id, server);
    const isAllowed = permissions.may(visitor.identity, "access:servers", user, server);
    // The same whether there is such a person or not.
    if (!isAllowed && visitor.session?.visits !== undefined) return { is: "on_visit" };
    // A teacher has no right to a student's notebook but that to be asked whether they want to go there.
    if (
      user === undefined ||
      (!isAllowed && !permissions.mayVisit(visitor.identity, user, server))
    ) {
      // The same whether there is such a person or not.
      return { is: "refused", visitor: visitor.user, failure: new HubError("not_found") };
    }

    if (visitor.byAddress === true && !isOwnOrigin(req, context)) {
      return { is: "forged", reason: "Blocking Cross Origin request" };
    }
    if (visitor.session !== undefined) {
      const check = { req, query: target.query, ownOrigins: context.ownOrigins };
      const reason = forgery(check, asked, kindAt(place, route));
      if (reason !== undefined) return { is: "forged", reason };
      // That it is the visited one, if any, was asked with the permission.
      if (user.id !== visitor.user.id && visitor.session.visits === undefined) {
        return { is: "confirm_visit", server };
      }
    }
    if (place.moved !== undefined) return { is: "moved", location: place.moved };
    if (route === undefined)
      return this.#withoutRoute(visitor.user, user, { target, place, context });
    const { session, token } = visitor;
    const allowed = { visitor: visitor.user, session: session?.id, token, user, route, place };
    if (user.id === visitor.user.id) return { is: "allowed", ...allowed };
    const mayStay = (): boolean =>
      permissions.may(visitor.identity, "access:servers", user, server);
    return { is: "allowed", ...allowed, mayStay };
  }

  #visitorOf(
    req: IncomingMessage,
    target: ServerTarget,
    asked: "request" | "upgrade",
  ): Visitor | undefined {
    const { accounts, sessions } = this.#options;
    const byToken = this.#byToken(req, target, asked);
    if (byToken !== undefined) return byToken;
    const secret = parseCookies(req.headers.cookie).get(SITE_COOKIE);
    const session = secret === undefined ? undefined : sessions.bySiteSecret(secret);
    const user = session === undefined ? undefined : accounts.activeById(session.userId);
    if (session === undefined || user === undefined) return undefined;
    return { user, identity: { kind: "user", user, session }, session };
  }

  /**
   * A browser cannot put a header on an upgrade, so there the address may carry the token. Services have no
   * business in notebooks: those are told who visits.
   */
  #byToken(
    req: IncomingMessage,
    target: ServerTarget,
    asked: "request" | "upgrade",
  ): Visitor | undefined {
    const { authenticateToken } = this.#options;
    const header = headerToken(req.headers.authorization);
    const field = asked === "upgrade" ? queryValues(target.query, "token")[0] : undefined;
    const identity = authenticateToken?.(header ?? field ?? "");
    if (identity?.kind !== "token") return undefined;
    const { user, token } = identity;
    const byAddress = header === undefined;
    return { user, identity, session: undefined, token: token.id, byAddress };
  }

  #isService(req: IncomingMessage): boolean {
    const token = headerToken(req.headers.authorization);
    return token !== undefined && this.#options.authenticateToken?.(token)?.kind === "service";
  }

  #withoutRoute(visitor: UserRecord, user: UserRecord, asked: Asked): Decision {
    const { servers } = this.#options;
    const { server } = asked.place;
    const status = servers.status(user.id, server);
    const refused = (failure: HubError): Decision => ({
      is: "refused",
      visitor,
      user,
      server,
      failure,
    });
    switch (status.is) {
      case "queued":
      case "starting": {
        const failure = this.#asleep(user, asked, COMING_UP_SECONDS);
        return { is: "starting", visitor, user, server, failure };
      }
      case "running":
      case "frozen":
        return refused(
          new HubError("not_answering", { name: user.name }, { retryAfter: AWAY_SECONDS }),
        );
      case "stopping":
        return refused(this.#asleep(user, asked, COMING_UP_SECONDS));
      case "stopped": {
        const trouble = servers.trouble();
        return refused(
          trouble?.code === "docker_unreachable"
            ? HubError.from(trouble, { retryAfter: AWAY_SECONDS })
            : this.#asleep(user, asked),
        );
      }
    }
  }

  #asleep(user: UserRecord, { target, place, context }: Asked, retryAfter?: number): HubError {
    const start = `${context.origin}${this.#options.basePath}hub/spawn/${user.name}`;
    return new HubError(
      "not_running",
      {
        name: user.name,
        // JupyterHub prints the path without its base.
        path: `/user/${user.name}/${target.rest}`,
        start_url: place.server === "" ? start : `${start}/${encodeServerName(place.server)}`,
      },
      retryAfter === undefined ? {} : { retryAfter },
    );
  }
}

/** Programs send no origin. */
function isOwnOrigin({ headers }: IncomingMessage, { ownOrigins }: RequestContext): boolean {
  return headers.origin === undefined || ownOrigins.includes(headers.origin);
}

/** What answers there. */
function kindAt({ rest }: ServerPlace, route: Route | undefined): Route["kind"] {
  if (route === undefined) return "jupyter";
  return isProxiedApp(rest, route.upstream.port) ? "web" : route.kind;
}

function forgery(
  check: ForgeryCheck,
  asked: "request" | "upgrade",
  kind: Route["kind"],
): string | undefined {
  return asked === "upgrade" ? upgradeForgery(check) : requestForgery(check, kind);
}
