/** API tokens of people, in JupyterHub's shapes and words. */
import { HubError } from "#src/errors.ts";
import type { ServiceTokens } from "#src/session/tokens/service-tokens.ts";
import type { TokenRecord, UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { personOf } from "../person-of.ts";
import { type NewTokenParts, newTokenApi } from "./new-tokens.ts";
import { tokenModel } from "./token-model.ts";

interface TokensParts extends NewTokenParts {
  readonly serviceTokens: ServiceTokens;
}

export function tokensApi(parts: TokensParts) {
  const { tokens } = parts;

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

  return { list, show, create: newTokenApi(parts), revoke, showService };
}
