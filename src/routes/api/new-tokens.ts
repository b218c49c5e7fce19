/** Making API tokens of people, in JupyterHub's words. */
import * as v from "valibot";
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { type Login, openNothing, type SignedIn } from "#src/services/sign-in/login.ts";
import { grantScopes } from "#src/session/tokens/grant.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { nobodyCalled } from "../person-of.ts";
import { invalid, readBody } from "./schemas/bodies.ts";
import { type NewTokenModel, credentials, newTokenBody } from "./schemas/tokens.ts";
import { tokenModel } from "./token-model.ts";

export interface NewTokenParts {
  readonly tokens: Tokens;
  readonly accounts: Accounts;
  readonly permissions: Permissions;
  readonly login: Login;
  readonly store: StoreReader;
  readonly hubSignal: AbortSignal;
}

/** As the sign-in form. */
const PATIENCE_MS = 60_000;
const NO_DICT = { notDict: () => "Body must be a JSON dict or empty" };

export function newTokenApi(parts: NewTokenParts) {
  const { tokens, permissions, store } = parts;

  return async function create(ctx: HubContext): Promise<void> {
    const asked = await readBody(ctx, newTokenBody, NO_DICT);
    // Roles are Homeroom's own; a client that asks for JupyterHub's would get another token than it thinks.
    if ((asked.roles ?? []).length > 0) throw invalid("tokens have scopes here, and no roles");
    const { identity } = ctx.state;
    const requester = identity === undefined ? await signIn(ctx, asked.auth, parts) : undefined;
    const owner = ownerOf(ctx, requester, parts);
    const actor = actorIn(ctx);
    const scopes = grantScopes(
      { owner, requested: asked.scopes ?? undefined, caller: identity },
      { permissions, state: store },
    );
    const life = asked.expires_in ?? undefined;
    const made = await tokens.create(
      {
        owner,
        scopes,
        note: noteIn(asked.note) ?? usualNote(owner, requester, identity),
        ...(life === undefined ? {} : { expiresInSeconds: life }),
      },
      requester === undefined ? actor : { ...actor, id: requester.id, name: requester.name },
    );
    const model: NewTokenModel = { ...tokenModel(owner, made.record, parts), token: made.token };
    ctx.status = 201;
    ctx.body = model;
  };
}

/** Whose it is to be, if whoever asks may make tokens for them. */
function ownerOf(
  ctx: HubContext,
  requester: UserRecord | undefined,
  { accounts, permissions }: NewTokenParts,
): UserRecord {
  const { identity } = ctx.state;
  const name = ctx.params["name"] ?? "";
  const owner = accounts.byName(name);
  if (owner === undefined && identity?.kind === "console") throw nobodyCalled(name);
  const mayMake =
    owner !== undefined &&
    (requester === undefined
      ? permissions.may(identity, "tokens", owner)
      : permissions.mayAs(requester, "tokens", owner));
  if (!mayMake) {
    const kind = identity?.kind === "service" ? "Service" : "User";
    throw new HubError("no_token_for", { kind, name: name.slice(0, 80) });
  }
  return owner;
}

/** Whoever sends a user name and password in place of a token; with the limits of the sign-in form. */
async function signIn(ctx: HubContext, auth: unknown, parts: NewTokenParts): Promise<UserRecord> {
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

function noteIn(note: unknown): string | undefined {
  return typeof note === "string" && note.trim() !== "" ? note : undefined;
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
