/**
 * OAuth as `jupyterhub-singleuser` and JupyterHub's services speak it: who is to be known there is sent
 * here, and sent back with a code, for which the client gets a token that says who that is. To servers the gateway has
 * let the visitor in already, and goes on asking; this tells them who it was.
 */
import { createHash } from "node:crypto";
import type { Clock } from "#src/clock.ts";
import { activeUser } from "#src/services/accounts/user-records.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { AskingServer, RequestContext } from "#src/session/request-context.ts";
import { isSameSecret } from "#src/session/same-secret.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { ServiceTokens } from "#src/session/tokens/service-tokens.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Visitor } from "#src/session/visits.ts";
import type { UserRecord } from "#src/stores/records.ts";
import {
  type AuthorizeRequest,
  type OauthProblem,
  readClient,
  readRequest,
  refusal,
} from "./authorize-request.ts";
import { ClientAccess } from "./client-access.ts";
import { type Client, Clients, type ClientsParts } from "./clients.ts";
import { Codes, type Grant } from "./codes.ts";
import type { ServerTokens } from "./server-tokens.ts";

export interface OauthParts extends ClientsParts {
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, "isOpen">;
  readonly tokens: Pick<Tokens, "give">;
  readonly serverTokens: Pick<ServerTokens, "isOwn">;
  readonly serviceTokens: Pick<ServiceTokens, "tokenOf">;
  readonly permissions: Permissions;
  /** How long a token lives, when its session does. */
  readonly lifeSeconds: number;
}

/** What a client sent its visitor for. */
export interface Asked {
  readonly client: Client;
  /** As it was sent. */
  readonly redirectUri: string | undefined;
  readonly request: AuthorizeRequest;
}

export interface GivenAccess {
  readonly token: string;
  readonly scope: string;
  readonly expiresInSeconds: number;
}

/** Who says to be a client. */
export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

export class Oauth {
  readonly #parts: OauthParts;
  readonly #clients: Clients;
  readonly #access: ClientAccess;
  readonly #codes: Codes;

  constructor(parts: OauthParts) {
    this.#parts = parts;
    this.#clients = new Clients(parts);
    this.#access = new ClientAccess(parts);
    this.#codes = new Codes(parts.clock);
  }

  /**
   * Reads what a client asks. A text is where to send the visitor back to with what was wrong. Throws `oauth_request`
   * for whatever must lead nowhere.
   */
  read(query: URLSearchParams): Asked | string {
    const { clientId, redirectUri } = readClient(query);
    const named = this.#clients.named(clientId);
    if (named.length === 0) throw refusal("Invalid client_id parameter value.");
    const fitting = named.filter(
      (one) => redirectUri === undefined || redirectUri === one.redirectUri,
    );
    const [client] = fitting;
    if (client === undefined || fitting.length > 1) throw refusal("Mismatching redirect URI.");
    const state = query.get("state") ?? undefined;
    const request = readRequest(query);
    if ("error" in request) return backTo(client, state, request);
    if (!this.#access.isUsual(request.scopes, client)) {
      return backTo(client, state, { error: "invalid_scope" });
    }
    return { client, redirectUri, request };
  }

  mayOpen({ client }: Asked, visitor: Visitor): boolean {
    return this.#access.mayOpen(client, visitor);
  }

  /** The scopes that a service would get besides those that tell who it is. */
  powersOf({ client, request }: Asked, user: UserRecord): readonly string[] {
    if (client.kind === "server") return [];
    const { permissions } = this.#parts;
    return permissions.spokenTexts(this.#access.powersFor(client, user, request.scopes));
  }

  /** Where the visitor, who may open it and has agreed, is sent back to. */
  grant({ client, redirectUri, request }: Asked, { user, session }: Visitor): string {
    const code = this.#codes.make({
      client: client.key,
      redirectUri,
      challenge: request.challenge,
      userId: user.id,
      session: session.id,
      scopes: this.#access.scopesFor(client, user, request.scopes),
    });
    return withParameters(client.redirectUri, { code, state: request.state });
  }

  /** A code for a token. A server is known by its door; at the hub's port, services alone are heard. */
  async exchange(
    form: URLSearchParams,
    credentials: Credentials,
    context: RequestContext,
  ): Promise<GivenAccess | OauthProblem> {
    if (form.get("grant_type") !== "authorization_code") return { error: "unsupported_grant_type" };
    for (const name of new Set(form.keys())) {
      if (form.getAll(name).length > 1) return invalid(`Duplicate ${name} parameters.`);
    }
    const client = this.#clientWith(credentials, context.server);
    if (client === undefined) return { error: "invalid_client" };
    const code = form.get("code");
    if (code === null) return invalid("Missing code parameter.");
    const grant = this.#codes.take(code, client.key);
    if (grant === undefined) return { error: "invalid_grant" };
    return problemOf(grant, form) ?? (await this.#give(grant, client, context));
  }

  #clientWith({ id, secret }: Credentials, asking: AskingServer | undefined): Client | undefined {
    const { serverTokens, serviceTokens } = this.#parts;
    if (asking !== undefined) {
      const client = this.#clients.asking(asking);
      return client?.id === id && serverTokens.isOwn(secret, asking) ? client : undefined;
    }
    const client = this.#clients.service(id);
    const token = client && serviceTokens.tokenOf(client.name);
    return token !== undefined && isSameSecret(secret, token) ? client : undefined;
  }

  async #give(
    grant: Grant,
    client: Client,
    context: RequestContext,
  ): Promise<GivenAccess | OauthProblem> {
    const { state, sessions, tokens, permissions, lifeSeconds } = this.#parts;
    const user = activeUser(state, grant.userId);
    const session = sessions.isOpen(grant.session)
      ? state.get("sessions", grant.session)
      : undefined;
    // Signed out, locked, or turned away since.
    if (user === undefined || session === undefined) return { error: "invalid_grant" };
    if (!this.#access.mayOpen(client, { user, session })) return { error: "invalid_grant" };
    const { token } = await tokens.give({
      userId: user.id,
      session: session.id,
      client: client.key,
      note: client.label,
      scopes: grant.scopes,
      expiresInSeconds: lifeSeconds,
      // A notebook's own dealings with who opens it are no news.
      ...(client.kind === "server" ? {} : { audit: whoAgreed(user, context) }),
    });
    const scope = permissions.spokenTexts(grant.scopes).join(" ");
    return { token, scope, expiresInSeconds: lifeSeconds };
  }
}

function whoAgreed({ id, name, role }: UserRecord, context: RequestContext): Actor {
  return { id, name, role, request: context.id };
}

function problemOf(grant: Grant, form: URLSearchParams): OauthProblem | undefined {
  if ((form.get("redirect_uri") ?? undefined) !== grant.redirectUri) {
    return invalid("Mismatching redirect URI.");
  }
  const verifier = form.get("code_verifier");
  if (grant.challenge === undefined) {
    // Somebody took the challenge out on the way.
    return verifier === null ? undefined : { error: "invalid_grant" };
  }
  if (verifier === null) return invalid("Code verifier required.");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  return VERIFIER.test(verifier) && challenge === grant.challenge
    ? undefined
    : { error: "invalid_grant" };
}

function backTo(client: Client, state: string | undefined, problem: OauthProblem): string {
  const { error, description } = problem;
  return withParameters(client.redirectUri, { error, error_description: description, state });
}

/** `address` is the client's own, which may have a query. */
function withParameters(
  address: string,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, value);
  }
  return `${address}${address.includes("?") ? "&" : "?"}${query.toString()}`;
}

function invalid(description: string): OauthProblem {
  return { error: "invalid_request", description };
}
