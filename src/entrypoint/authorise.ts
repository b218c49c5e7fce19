/**
 * May this visitor reach this server? One function for requests and for upgrades, so that neither can be
 * checked less than the other.
 */
import type { IncomingMessage } from "node:http";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { headerToken } from "#src/session/authorization.ts";
import { SITE_COOKIE, parseCookies } from "#src/session/cookies.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { RequestContext } from "#src/session/request-context.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { SessionId, TokenId, UserRecord } from "#src/stores/records.ts";
import { type ForgeryCheck, requestForgery, upgradeForgery } from "./forgery.ts";
import type { Route, RoutingTable } from "./routing-table.ts";
import { type ServerTarget, queryValues } from "./target.ts";

export interface AuthoriserOptions {
  readonly basePath: string;
  readonly sessions: Pick<Sessions, "bySiteSecret">;
  readonly accounts: Pick<Accounts, "activeById" | "byName">;
  readonly permissions: Pick<Permissions, "may">;
  readonly routes: RoutingTable;
  readonly servers: Pick<Servers, "status" | "trouble">;
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
    }
  | { readonly is: "sign_in" }
  /** Signed in with a first password. */
  | { readonly is: "choose_password" }
  /** Not from a page of ours; the words are Jupyter's. */
  | { readonly is: "forged"; readonly reason: string }
  /** On its way up. */
  | {
      readonly is: "starting";
      readonly visitor: UserRecord;
      readonly user: UserRecord;
      readonly failure: HubError;
    }
  | {
      readonly is: "refused";
      readonly visitor: UserRecord;
      readonly user?: UserRecord;
      readonly failure: HubError;
    };

interface Visitor {
  readonly user: UserRecord;
  readonly identity: Identity;
  readonly session: { readonly id: SessionId; readonly mustChangePassword: boolean } | undefined;
  readonly token?: TokenId;
  /** The token came in the address, where a foreign page could have put it. */
  readonly byAddress?: boolean;
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
    if (visitor === undefined) return { is: "sign_in" };
    if (visitor.session?.mustChangePassword === true) return { is: "choose_password" };

    const { accounts, permissions, routes } = this.#options;
    const user = accounts.byName(target.name);
    const route = user && routes.find(user.id, target.rest);
    const server = route?.serverName ?? "";
    const isAllowed = permissions.may(visitor.identity, "access:servers", user, server);
    if (user === undefined || !isAllowed) {
      // The same whether there is such a person or not.
      return { is: "refused", visitor: visitor.user, failure: new HubError("not_found") };
    }

    if (visitor.byAddress === true && !isOwnOrigin(req, context)) {
      return { is: "forged", reason: "Blocking Cross Origin request" };
    }
    if (visitor.session !== undefined) {
      const check = { req, query: target.query, ownOrigins: context.ownOrigins };
      const reason = forgery(check, asked, route?.kind ?? "jupyter");
      if (reason !== undefined) return { is: "forged", reason };
    }
    if (route === undefined) return this.#withoutRoute(visitor.user, user, target, context);
    const { session, token } = visitor;
    return { is: "allowed", visitor: visitor.user, session: session?.id, token, user, route };
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

  #withoutRoute(
    visitor: UserRecord,
    user: UserRecord,
    target: ServerTarget,
    context: RequestContext,
  ): Decision {
    const { basePath, servers } = this.#options;
    const asleep = (retryAfter?: number): HubError =>
      new HubError(
        "not_running",
        {
          name: user.name,
          // JupyterHub prints the path without its base.
          path: `/user/${user.name}/${target.rest}`,
          start_url: `${context.origin}${basePath}hub/spawn/${user.name}`,
        },
        retryAfter === undefined ? {} : { retryAfter },
      );
    const status = servers.status(user.id);
    switch (status.is) {
      case "queued":
      case "starting":
        return { is: "starting", visitor, user, failure: asleep(COMING_UP_SECONDS) };
      case "running":
      case "frozen": {
        const failure = new HubError(
          "not_answering",
          { name: user.name },
          { retryAfter: AWAY_SECONDS },
        );
        return { is: "refused", visitor, user, failure };
      }
      case "stopping":
        return { is: "refused", visitor, user, failure: asleep(COMING_UP_SECONDS) };
      case "stopped": {
        const trouble = servers.trouble();
        const failure =
          trouble?.code === "docker_unreachable"
            ? HubError.from(trouble, { retryAfter: AWAY_SECONDS })
            : asleep();
        return { is: "refused", visitor, user, failure };
      }
    }
  }
}

/** Programs send no origin. */
function isOwnOrigin({ headers }: IncomingMessage, { ownOrigins }: RequestContext): boolean {
  return headers.origin === undefined || ownOrigins.includes(headers.origin);
}

function forgery(
  check: ForgeryCheck,
  asked: "request" | "upgrade",
  kind: Route["kind"],
): string | undefined {
  return asked === "upgrade" ? upgradeForgery(check) : requestForgery(check, kind);
}
