/**
 * Whom a server may ask the hub about by its own door: itself, and whoever was let in. What opens something there
 * opens nothing at the hub's port.
 */
import { createHmac } from "node:crypto";
import { isoTime, type Clock } from "#src/clock.ts";
import { activeUser } from "#src/services/accounts/user-records.ts";
import { serverToken } from "#src/services/servers/container-secret.ts";
import type { Identity, Permissions } from "#src/session/identity.ts";
import type { AskingServer } from "#src/session/request-context.ts";
import { isSameSecret } from "#src/session/same-secret.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import { hashSecret, isId, makeId } from "#src/stores/ids.ts";
import type { ServerRecord, TokenId, UserId } from "#src/stores/records.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { keyOf, serverOf } from "./clients.ts";

interface Parts {
  readonly instanceKey: string;
  readonly state: StoreReader;
  readonly tokens: Pick<Tokens, "authenticate" | "identityOf">;
  readonly permissions: Pick<Permissions, "may">;
  readonly clock: Clock;
}

const PASS = /^pass-([a-z2-7]{16})-[\w-]{43}$/;

export class ServerTokens {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Who shows this token at the door of that server. */
  find(token: string, asking: AskingServer): Identity | undefined {
    const server = serverOf(this.#parts.state, asking.serverId);
    if (server?.generation !== asking.generation) return undefined;
    if (this.isOwn(token, asking)) return this.#itself(token, server);
    const [, id = ""] = PASS.exec(token) ?? [];
    if (isId<"token">(id)) {
      return isSameSecret(token, this.passOf(id, asking)) ? this.#passing(id, server) : undefined;
    }
    const identity = this.#parts.tokens.authenticate(token);
    const isGiven = identity?.kind === "token" && identity.token.client === keyOf(server.id);
    return isGiven ? identity : undefined;
  }

  /** Whether it is what this server itself was started with. */
  isOwn(token: string, { serverId, generation }: AskingServer): boolean {
    return isSameSecret(token, serverToken(this.#parts.instanceKey, serverId, generation));
  }

  /**
   * Stands for a visitor's API token in what the server gets to see: with the token itself, whoever runs code in
   * there could do all that its person may. It is worth something at this server's door alone, and no longer than
   * the token.
   */
  passOf(token: TokenId, { serverId, generation }: AskingServer): string {
    const signature = createHmac("sha256", Buffer.from(this.#parts.instanceKey, "base64url"))
      .update(`pass ${token} ${serverId} ${generation}`)
      .digest("base64url");
    return `pass-${token}-${signature}`;
  }

  #itself(token: string, server: ServerRecord): Identity | undefined {
    const { state, clock } = this.#parts;
    const user = activeUser(state, server.userId);
    if (user === undefined) return undefined;
    const record = {
      id: makeId<"token">(),
      number: 0,
      userId: user.id,
      server: server.id,
      secret: hashSecret(token),
      note: "",
      scopes: [...visitScopes(user.id, server), `users:activity!user=${user.id}`],
      created: isoTime(clock),
    };
    return { kind: "token", user, token: record };
  }

  #passing(id: TokenId, server: ServerRecord): Identity | undefined {
    const { state, tokens, permissions } = this.#parts;
    const identity = tokens.identityOf(id);
    const owner = activeUser(state, server.userId);
    if (identity?.kind !== "token" || owner === undefined) return undefined;
    if (!permissions.may(identity, "access:servers", owner, server.name)) return undefined;
    const scopes = visitScopes(identity.user.id, server);
    return { ...identity, token: { ...identity.token, scopes } };
  }
}

/** What a server learns of whoever visits it, and that they may. */
export function visitScopes(visitor: UserId, { userId, name }: ServerRecord): readonly string[] {
  return [
    `access:servers!server=${userId}/${name}`,
    `read:users:groups!user=${visitor}`,
    `read:users:name!user=${visitor}`,
  ];
}
