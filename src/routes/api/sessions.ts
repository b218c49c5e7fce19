/** Where people are signed in, and ending that: for `./homeroom user show` and `user sign-out`. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { SessionRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { actorIn } from "../middleware/require.ts";
import { personOf } from "../person-of.ts";
import type { SessionModel } from "./schemas/accounts.ts";

interface SessionsParts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly permissions: Permissions;
}

export function sessionsApi(parts: SessionsParts) {
  const { sessions } = parts;

  function list(ctx: HubContext): void {
    const subject = personOf(ctx, "sessions", parts);
    ctx.body = { sessions: sessions.ofUser(subject.id).map(sessionModel) };
  }

  async function endAll(ctx: HubContext): Promise<void> {
    const subject = personOf(ctx, "sessions", parts);
    const actor = actorIn(ctx);
    await sessions.endAll(subject.id, { actor });
    ctx.status = 204;
  }

  async function end(ctx: HubContext): Promise<void> {
    const subject = personOf(ctx, "sessions", parts);
    const wanted = sessions.ofUser(subject.id).find(({ id }) => id === ctx.params["session"]);
    if (wanted === undefined) throw new HubError("not_found");
    await sessions.end(wanted.id, actorIn(ctx));
    ctx.status = 204;
  }

  return { list, endAll, end };
}

function sessionModel(session: SessionRecord): SessionModel {
  return {
    id: session.id,
    device: session.device,
    address: session.address,
    created: session.created,
    last_seen: session.lastSeen,
    kept: session.isKept === true,
  };
}
