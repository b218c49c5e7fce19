/** What JupyterHub gave up: secrets do not belong into addresses. Clients go on to what took its place. */
import { HubError } from "#src/errors.ts";
import type { HubContext } from "../context.ts";

export function authorizationsApi() {
  function make(): void {
    throw new HubError("deprecated", {
      reason:
        "Deprecated endpoint /hub/api/authorizations/token is removed in JupyterHub 2.0. Use /hub/api/users/:user/tokens instead.",
    });
  }

  function resolve(_ctx: HubContext): void {
    throw new HubError("deprecated", {
      reason: "Deprecated endpoint /hub/api/authorizations. Use /hub/api/user instead.",
    });
  }

  return { make, resolve };
}
