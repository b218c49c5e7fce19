/** API tokens of people, in JupyterHub's shapes and words (contract.md 4.2). */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { type Login, openNothing, type SignedIn } from "#src/services/sign-in/login.ts";
import { grantScopes } from "#src/session/tokens/grant.ts";
import type { ServiceTokens } from "#src/session/tokens/service-tokens.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { TokenRecord, UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { nobodyCalled, personOf } from "../person-of.ts";
import { pythonText } from "./python-words.ts";
import { microTime } from "./user-models.ts";

interface TokensParts {
  readonly tokens: Tokens;
  readonly serviceTokens: ServiceTokens;
  readonly accounts: Accounts;
  readonly login: Login;
  readonly permissions: Permissions;
  readonly store: StoreReader;
  readonly hubSignal: AbortSignal;
}

/** As the sign-in form. */
const PATIENCE_MS = 60_000;

const credentials = v.object({ username: v.string(), password: v.string() });
const texts = v.nullish(v.array(v.string()));

interface Asked {
  readonly note: string | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly expiresInSeconds: number | undefined;
  readonly auth: unknown;
}

export function tokensApi(parts: TokensParts) {
  const { tokens, permissions } = parts;

  function list(ctx: HubContext): void {
    const user = personOf(ctx, "read:tokens", parts);
    ctx.body = {
      api_tokens: tokens.ofUser(user.id).map((token) => tokenModel(user, token, parts)),
    };
  }

  function show(ctx: HubContext): void {
    const user = personOf(ctx, "read:tokens", parts);
    ctx.body = tokenModel(user, tokenOf(ctx, user), parts);
  }

  async function revoke(ctx: HubContext): Promise<void> {
    const user = personOf(ctx, "tokens", parts);
    await tokens.revoke(tokenOf(ctx, user), actorIn(ctx));
    ctx.status = 204;
  }

  async function create(ctx: HubContext): Promise<void> {
    const asked = readAsked(await readAnyJson(ctx));
    const { identity } = ctx.state;
    const requester = identity === undefined ? await signIn(ctx, asked.auth) : undefined;
    const name = ctx.params["name"] ?? "";
    const owner = parts.accounts.byName(name);
    const mayMake = (subject: UserRecord): boolean =>
      requester === undefined
        ? permissions.may(identity, "tokens", subject)
        : permissions.mayAs(requester, "tokens", subject);
    if (owner === undefined && identity?.kind === "console") {
      throw nobodyCalled(name);
    }
    if (owner === undefined || !mayMake(owner)) {
      const kind = identity?.kind === "service" ? "Service" : "User";
      throw new HubError("no_token_for", { kind, name: name.slice(0, 80) });
    }
    const actor =
      requester === undefined
        ? actorIn(ctx)
        : { ...actorIn(ctx), id: requester.id, name: requester.name };
    const scopes = grantScopes(
      { owner, requested: asked.scopes, caller: identity },
      { permissions, state: parts.store },
    );
    const made = await tokens.create(
      {
        owner,
        scopes,
        note: asked.note ?? usualNote(owner, requester, identity),
        ...(asked.expiresInSeconds === undefined
          ? {}
          : { expiresInSeconds: asked.expiresInSeconds }),
      },
      actor,
    );
    ctx.status = 201;
    ctx.body = { ...tokenModel(owner, made.record, parts), token: made.token };
  }

  /** Whoever sends a user name and password in place of a token; with the limits of the sign-in form. */
  async function signIn(ctx: HubContext, auth: unknown): Promise<UserRecord> {
    const given = v.safeParse(credentials, auth);
    if (!given.success) throw new HubError("not_allowed");
    const patience = AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), parts.hubSignal]);
    let signedIn: SignedIn;
    try {
      const actor = actorIn(ctx);
      const request = { credentials: given.output, actor, signal: patience, open: openNothing };
      signedIn = await parts.login.signIn(request);
    } catch (error) {
      if (error instanceof HubError && error.status === 403) throw new HubError("not_allowed");
      if (error === patience.reason) throw new HubError("too_busy", {}, { cause: error });
      throw error;
    }
    // Choosing an own password comes first.
    if (signedIn.mustChangePassword) throw new HubError("not_allowed");
    return signedIn.user;
  }

  function tokenOf(ctx: HubContext, user: UserRecord): TokenRecord {
    const id = ctx.params["token"] ?? "";
    const token = tokens.ofUser(user.id).find(({ number }) => `a${number}` === id);
    if (token === undefined) {
      throw new HubError("token_not_found", { token: id.slice(0, 40), name: user.name });
    }
    return token;
  }

  /** For `./homeroom token --service NAME`. */
  function showService(ctx: HubContext): void {
    const name = ctx.params["service"] ?? "";
    const token = parts.serviceTokens.tokenOf(name);
    if (token === undefined) throw new HubError("service_not_found", { name: name.slice(0, 80) });
    ctx.body = { token };
  }

  return { list, show, create, revoke, showService };
}

export function tokenModel(
  user: UserRecord,
  token: TokenRecord,
  { permissions }: Pick<TokensParts, "permissions">,
) {
  return {
    user: user.name,
    id: `a${token.number}`,
    kind: "api_token" as const,
    roles: [] as string[],
    scopes: permissions.scopesOf({ kind: "token", user, token }),
    created: microTime(token.created),
    last_activity: microTime(token.lastActivity),
    expires_at: microTime(token.expires),
    note: token.note,
    session_id: null,
    oauth_client: "JupyterHub",
  };
}

function readAsked(body: unknown): Asked {
  const isDict = typeof body === "object" && !Array.isArray(body);
  if (!isDict && body !== undefined) throw wrong("Body must be a JSON dict or empty");
  const asked: Readonly<Record<string, unknown>> = { ...body };
  // Roles are Homeroom's own; a client that asks for JupyterHub's would get another token than it thinks.
  for (const key of ["roles", "scopes"]) {
    if (!v.is(texts, asked[key])) {
      throw wrong(`token ${key} must be null or a list of strings, not ${pythonText(asked[key])}`);
    }
  }
  const roles = v.parse(texts, asked["roles"]) ?? [];
  if (roles.length > 0) throw wrong("tokens have scopes here, and no roles");
  const life = asked["expires_in"] ?? undefined;
  if (life !== undefined && (typeof life !== "number" || !Number.isInteger(life))) {
    throw wrong(`token expires_in must be null or integer, not ${pythonText(life)}`);
  }
  const note = asked["note"];
  return {
    note: typeof note === "string" && note.trim() !== "" ? note : undefined,
    scopes: v.parse(texts, asked["scopes"]) ?? undefined,
    expiresInSeconds: life,
    auth: asked["auth"],
  };
}

function usualNote(
  owner: UserRecord,
  requester: UserRecord | undefined,
  identity: Identity | undefined,
): string {
  const note = "Requested via api";
  if (identity?.kind === "service") return `${note} by service ${identity.name}`;
  const who =
    requester ?? (identity === undefined || identity.kind === "console" ? owner : identity.user);
  return who.id === owner.id ? note : `${note} by user ${who.name}`;
}

function wrong(reason: string): HubError {
  return new HubError("invalid_field", { reason });
}
