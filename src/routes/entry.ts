/** How a browser comes in: its session, the cookies of that, and the page that it leads to. */
import type { Config } from "#src/config/schema.ts";
import type { Csrf } from "#src/session/csrf.ts";
import { deviceOf } from "#src/session/device.ts";
import type { MadeSession, NewSession } from "#src/session/new-session.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "./context.ts";
import { nextOf } from "./next-url.ts";
import type { Paths } from "./paths.ts";
import type { SessionCookies } from "./session-cookies.ts";

const DAY_SECONDS = 86_400;

interface EntryParts {
  readonly config: Pick<Config, "sessions">;
  readonly sessions: Pick<Sessions, "create" | "end">;
  readonly csrf: Csrf;
  readonly cookies: SessionCookies;
  readonly paths: Paths;
}

export class Entry {
  readonly #parts: EntryParts;

  constructor(parts: EntryParts) {
    this.#parts = parts;
  }

  /** For somebody who has just chosen the password of a new account. */
  async start(ctx: HubContext, user: UserRecord): Promise<void> {
    const session = this.newSession(ctx, user, { mustChangePassword: false });
    await this.enter(ctx, user, await this.#parts.sessions.create(session));
  }

  newSession(
    ctx: HubContext,
    user: UserRecord,
    how: Pick<NewSession, "mustChangePassword" | "isKept">,
  ): NewSession {
    const device = deviceOf(ctx.get("user-agent"));
    const { parked, request } = ctx.state;
    const { address } = request;
    if (parked === undefined) return { user, ...how, device, address };
    const endsVisit = { session: parked.session.id, address, request: request.id };
    return { user, ...how, device, address, endsVisit };
  }

  /** This browser has a new session; one that it already had is ended. */
  async enter(ctx: HubContext, user: UserRecord, made: MadeSession): Promise<void> {
    const { sessions, cookies, csrf, config } = this.#parts;
    const { identity } = ctx.state;
    if (identity?.kind === "user") await sessions.end(identity.session.id);
    const { isKept = false, mustChangePassword } = made.session;
    cookies.set(ctx, {
      ...made,
      xsrf: csrf.tokenOf(made.session),
      ...(isKept ? { maxAgeSeconds: config.sessions.maxDays * DAY_SECONDS } : {}),
    });
    cookies.rememberDevice(ctx, user);
    this.leadOn(ctx, user, mustChangePassword);
  }

  /** To where the visitor was going, by way of an own password where that is still to be chosen. */
  leadOn(ctx: HubContext, user: UserRecord, mustChangePassword: boolean): void {
    const { paths } = this.#parts;
    const next = nextOf(ctx);
    ctx.redirect(mustChangePassword ? paths.first(next) : (next ?? ownPage(user, paths)));
  }
}

/** Where somebody begins who was going nowhere else. */
export function ownPage({ role }: Pick<UserRecord, "role">, paths: Paths): string {
  return role === "student" ? paths.home : paths.admin;
}
