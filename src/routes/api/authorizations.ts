/** What JupyterHub 2.0 put aside: secrets do not belong into addresses. Clients of before still ask whose a token is. */
import { HubError } from "#src/errors.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { HubContext } from "../context.ts";
import { serviceModel } from "./services.ts";
import { type UserModelParts, ownModel, viewOf } from "./user-models.ts";

interface AuthorizationsParts extends UserModelParts {
  readonly tokens: Pick<Tokens, "authenticate">;
}

export function authorizationsApi(parts: AuthorizationsParts) {
  function make(): void {
    throw new HubError("deprecated", {
      reason:
        "Deprecated endpoint /hub/api/authorizations/token is removed in JupyterHub 2.0. Use /hub/api/users/:user/tokens instead.",
    });
  }

  /** No more than the token itself would learn from `{H}api/user`, and only for who asks by a token as well. */
  function resolve(ctx: HubContext): void {
    const visitor = ctx.state.identity;
    if (visitor?.kind !== "token" && visitor?.kind !== "service") throw new HubError("not_allowed");
    const found = parts.tokens.authenticate(ctx.params["secret"] ?? "");
    if (found?.kind === "service") {
      ctx.body = serviceModel(found.name, found, parts.permissions);
    } else if (found?.kind === "token") {
      ctx.body = ownModel(found.user, viewOf(ctx), parts);
    } else {
      throw new HubError("not_found");
    }
  }

  function cookie(_ctx: HubContext): void {
    throw new HubError("deprecated", {
      reason: "Deprecated endpoint /hub/api/authorizations/cookie. Use /hub/api/user instead.",
    });
  }

  return { make, resolve, cookie };
}
