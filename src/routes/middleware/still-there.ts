/**
 * A body may come in slowly, and whoever began to send it may be signed out before it is there: what is asked then is
 * not done any more. Else a thief with a few requests half sent would keep the account over a reset.
 */
import { HubError } from "#src/errors.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { HubContext, HubMiddleware } from "../context.ts";

interface StillThereParts {
  readonly sessions: Pick<Sessions, "ofUser">;
  readonly tokens: Pick<Tokens, "ofUser">;
}

export function askAgainWhoAsks(parts: StillThereParts): HubMiddleware {
  return async function askAgainWhoAsks(ctx, next) {
    ctx.state.assertStillThere = () => {
      if (!isStillThere(ctx, parts)) throw new HubError("sign_in_required");
    };
    await next();
  };
}

/** The console has no session; what a service or a server was started with ends with it. */
function isStillThere(ctx: HubContext, { sessions, tokens }: StillThereParts): boolean {
  const { identity, request } = ctx.state;
  if (request.via === "server") return true;
  switch (identity?.kind) {
    case "user":
      return sessions
        .ofUser(identity.user.id)
        .some(({ id, visits }) => id === identity.session.id && visits === undefined);
    case "token":
      return tokens.ofUser(identity.user.id).some(({ id }) => id === identity.token.id);
    case "service":
    case "console":
    case undefined:
      return true;
  }
}
