/**
 * OAuth as `jupyterhub-singleuser` speaks it (contract.md 5): a server sends its visitor here, who is sent back with a
 * code, for which the server gets a token that says who that is. The gateway has let the visitor in already, and goes
 * on asking; this tells the server who it was.
 */
import { createHash } from "node:crypto";
import type { Clock } from "#src/clock.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { AskingServer } from "#src/session/request-context.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Visitor } from "#src/session/visits.ts";
import { activeUser } from "#src/services/accounts/user-records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import {
  type AuthorizeRequest,
  type OauthProblem,
  readClient,
  readRequest,
  refusal,
} from "./authorize-request.ts";
import { Clients, type ServerClient } from "./clients.ts";
import { Codes, type Grant } from "./codes.ts";
import { type ServerTokens, visitScopes } from "./server-tokens.ts";

export interface OauthParts {
  readonly basePath: string;
  readonly state: StoreReader;
  readonly clock: Clock;
  readonly servers: ConstructorParameters<typeof Clients>[0]["servers"];
  readonly sessions: Pick<Sessions, "isOpen">;
  readonly tokens: Pick<Tokens, "give">;
  readonly serverTokens: Pick<ServerTokens, "isOwn">;
  readonly permissions: Permissions;
  /** How long a token lives, when its session does. */
  readonly lifeSeconds: number;
}

/** What a client sent its visitor for. */
export interface Asked {
  readonly client: ServerClient;
  /** As it was sent. */
  readonly redirectUri: string | undefined;
  readonly request: AuthorizeRequest;
}

export interface GivenAccess {
  readonly token: string;
  readonly scope: string;
  readonly expiresInSeconds: number;
}

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

export class Oauth {
  readonly #parts: OauthParts;
  readonly #clients: Clients;
  readonly #codes: Codes;

  constructor(parts: OauthParts) {
    this.#parts = parts;
    this.#clients = new Clients(parts);
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
    if (!this.#isUsual(request, client)) return backTo(client, state, { error: "invalid_scope" });
    return { client, redirectUri, request };
  }

  mayOpen({ client }: Asked, visitor: Visitor): boolean {
    const { owner, server } = client;
    const identity: Identity = { kind: "user", ...visitor };
    return this.#parts.permissions.may(identity, "access:servers", owner, server.name);
  }

  /** Where the visitor, who may open the server, is sent back to. */
  grant({ client, redirectUri, request }: Asked, { user, session }: Visitor): string {
    const code = this.#codes.make({
      client: client.key,
      redirectUri,
      challenge: request.challenge,
      userId: user.id,
      session: session.id,
      scopes: visitScopes(user.id, client.server),
    });
    return withParameters(client.redirectUri, { code, state: request.state });
  }

  /** A code for a token; the server that asks is known by its door. */
  async exchange(
    form: URLSearchParams,
    asking: AskingServer | undefined,
  ): Promise<GivenAccess | OauthProblem> {
    if (form.get("grant_type") !== "authorization_code") return { error: "unsupported_grant_type" };
    for (const name of new Set(form.keys())) {
      if (form.getAll(name).length > 1) return invalid(`Duplicate ${name} parameters.`);
    }
    const client = asking && this.#clients.asking(asking);
    const secret = form.get("client_secret") ?? "";
    const isIt =
      asking !== undefined &&
      client?.id === form.get("client_id") &&
      this.#parts.serverTokens.isOwn(secret, asking);
    if (client === undefined || !isIt) return { error: "invalid_client" };
    const code = form.get("code");
    if (code === null) return invalid("Missing code parameter.");
    const grant = this.#codes.take(code, client.key);
    if (grant === undefined) return { error: "invalid_grant" };
    return problemOf(grant, form) ?? (await this.#give(grant, client));
  }

  async #give(grant: Grant, client: ServerClient): Promise<GivenAccess | OauthProblem> {
    const { state, sessions, tokens, permissions, lifeSeconds } = this.#parts;
    const user = activeUser(state, grant.userId);
    const session = sessions.isOpen(grant.session)
      ? state.get("sessions", grant.session)
      : undefined;
    // Signed out, locked, or turned away since.
    if (user === undefined || session === undefined) return { error: "invalid_grant" };
    const { owner, server } = client;
    const visitor: Identity = { kind: "user", user, session };
    if (!permissions.may(visitor, "access:servers", owner, server.name)) {
      return { error: "invalid_grant" };
    }
    const { token } = await tokens.give({
      userId: user.id,
      session: session.id,
      client: client.key,
      note: client.label,
      scopes: grant.scopes,
      expiresInSeconds: lifeSeconds,
    });
    const scope = permissions.spokenTexts(grant.scopes).join(" ");
    return { token, scope, expiresInSeconds: lifeSeconds };
  }

  /** Servers are told who visits, and nothing more, whatever they name of that. */
  #isUsual({ scopes }: AuthorizeRequest, { owner, server }: ServerClient): boolean {
    const usual = new Set([
      "identify",
      "read:users:name!user",
      "read:users:groups!user",
      `access:servers!server=${owner.name}/${server.name}`,
      `access:servers!user=${owner.name}`,
    ]);
    return scopes.every((scope) => usual.has(scope));
  }
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

function backTo(client: ServerClient, state: string | undefined, problem: OauthProblem): string {
  const { error, description } = problem;
  return withParameters(client.redirectUri, { error, error_description: description, state });
}

/** `path` is the client's own address, which has no query. */
function withParameters(
  path: string,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, value);
  }
  return `${path}?${query.toString()}`;
}

function invalid(description: string): OauthProblem {
  return { error: "invalid_request", description };
}
