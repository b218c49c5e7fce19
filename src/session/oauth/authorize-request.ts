/** What stands in the address by which a client sends somebody here (RFC 6749 and 7636), read without trust. Pure. */
import { HubError } from "#src/errors.ts";

export interface OauthProblem {
  readonly error:
    | "access_denied"
    | "invalid_client"
    | "invalid_grant"
    | "invalid_request"
    | "invalid_scope"
    | "unsupported_grant_type"
    | "unsupported_response_type";
  readonly description?: string;
}

/** What is the client's business, and told to it. */
export interface AuthorizeRequest {
  readonly state: string | undefined;
  readonly challenge: string | undefined;
  readonly scopes: readonly string[];
}

const CHALLENGE = /^[\w-]{43}$/;

/** What says to whom it would be told, which is therefore told to the visitor. Throws `oauth_request`. */
export function readClient(query: URLSearchParams): {
  readonly clientId: string;
  readonly redirectUri: string | undefined;
} {
  for (const name of ["client_id", "redirect_uri"]) {
    if (query.getAll(name).length > 1) throw refusal(`Duplicate ${name} parameters.`);
  }
  const clientId = query.get("client_id") ?? "";
  if (clientId === "") throw refusal("Missing client_id parameter.");
  return { clientId, redirectUri: query.get("redirect_uri") ?? undefined };
}

export function refusal(detail: string): HubError {
  return new HubError("oauth_request", { detail });
}

/** In the order in which JupyterHub looks. */
export function readRequest(query: URLSearchParams): AuthorizeRequest | OauthProblem {
  for (const name of new Set(query.keys())) {
    if (query.getAll(name).length > 1) return invalid(`Duplicate ${name} parameters.`);
  }
  const type = query.get("response_type");
  if (type === null) return invalid("Missing response_type parameter.");
  if (type !== "code") return { error: "unsupported_response_type" };
  const challenge = query.get("code_challenge") ?? undefined;
  const method = query.get("code_challenge_method") ?? undefined;
  // `plain` would be the method when none is named: the challenge is then the very secret, in everybody's history.
  if (challenge !== undefined && method !== "S256") {
    return invalid("Transform algorithm not supported.");
  }
  if (challenge !== undefined && !CHALLENGE.test(challenge)) {
    return invalid("Code challenge is not one of S256.");
  }
  const scopes = (query.get("scope") ?? "").split(" ").filter((text) => text !== "");
  return { state: query.get("state") ?? undefined, challenge, scopes };
}

function invalid(description: string): OauthProblem {
  return { error: "invalid_request", description };
}
