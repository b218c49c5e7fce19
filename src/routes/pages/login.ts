/** Signing in and out (ui.md S1). */
import type { Config } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import { BUSY_SECONDS } from "#src/services/sign-in/busy.ts";
import type { Login } from "#src/services/sign-in/login.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { SignUp } from "#src/services/accounts/sign-up.ts";
import type { Csrf } from "#src/session/csrf.ts";
import { actorOf } from "#src/session/identity.ts";
import { deviceOf } from "#src/session/device.ts";
import type { MadeSession, NewSession } from "#src/session/new-session.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import { safeNext } from "../next-url.ts";
import type { Paths } from "../paths.ts";
import type { SessionCookies } from "../session-cookies.ts";

interface LoginParts {
  readonly config: Pick<Config, "sessions">;
  readonly accounts: Accounts;
  readonly login: Login;
  readonly signUp: Pick<SignUp, "takesPeople">;
  readonly sessions: Sessions;
  readonly csrf: Csrf;
  readonly cookies: SessionCookies;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

const DAY_SECONDS = 86_400;
const MOST_PATIENCE_MS = 60_000;

export function loginPages(parts: LoginParts) {
  const { accounts, login, sessions, paths } = parts;

  function show(ctx: HubContext): void {
    // People can be added by command before there is an owner: they sign in here as ever.
    if (accounts.living().length === 0) return ctx.redirect(paths.setup);
    const { identity } = ctx.state;
    if (identity?.kind === "user") {
      return ctx.redirect(afterSignIn(ctx, identity.user, identity.session.mustChangePassword));
    }
    const notice = noticeOf(ctx.query["notice"]);
    render(ctx, { username: String(ctx.query["username"] ?? "").slice(0, 100), ...notice });
  }

  async function submit(ctx: HubContext): Promise<void> {
    const form = await readForm(ctx);
    const username = field(form, "username");
    const isKept = field(form, "keep") === "1";
    const patience = patienceOf(ctx);
    try {
      const actor = actorIn(ctx);
      const credentials = { username, password: field(form, "password") };
      const client = {
        device: parts.cookies.deviceKnownTo(ctx, accounts.byName(username)),
        page: ctx.state.xsrfCookie,
      };
      const { user, opened } = await login.signIn({
        credentials,
        actor,
        client,
        signal: patience,
        open: (state, signedIn) => {
          const { mustChangePassword } = signedIn;
          return sessions.plan(
            state,
            newSession(ctx, signedIn.user, { mustChangePassword, isKept }),
          );
        },
      });
      await enter(ctx, user, opened);
    } catch (error) {
      const problem = error === patience.reason ? tooLate(error) : error;
      if (!(problem instanceof HubError) || !isToldInForm(problem)) throw problem;
      refuse(ctx, problem, { username, isKept });
    }
  }

  /** For somebody who has just chosen the password of a new account. */
  async function startSession(ctx: HubContext, user: UserRecord): Promise<void> {
    const wanted = newSession(ctx, user, { mustChangePassword: false });
    await enter(ctx, user, await sessions.create(wanted));
  }

  function newSession(
    ctx: HubContext,
    user: UserRecord,
    how: Pick<NewSession, "mustChangePassword" | "isKept">,
  ): NewSession {
    const device = deviceOf(ctx.get("user-agent"));
    return { user, ...how, device, address: ctx.state.request.address };
  }

  /** This browser has a new session; one that it already had is ended. */
  async function enter(ctx: HubContext, user: UserRecord, made: MadeSession): Promise<void> {
    const { identity } = ctx.state;
    if (identity?.kind === "user") await sessions.end(identity.session.id);
    const { isKept = false, mustChangePassword } = made.session;
    parts.cookies.set(ctx, {
      ...made,
      xsrf: parts.csrf.tokenOf(made.session),
      ...(isKept ? { maxAgeSeconds: parts.config.sessions.maxDays * DAY_SECONDS } : {}),
    });
    parts.cookies.rememberDevice(ctx, user);
    ctx.redirect(afterSignIn(ctx, user, mustChangePassword));
  }

  function afterSignIn(ctx: HubContext, user: UserRecord, mustChangePassword: boolean): string {
    const next = nextOf(ctx);
    if (mustChangePassword) return paths.first(next);
    return next ?? (user.role === "student" ? paths.home : paths.admin);
  }

  function refuse(
    ctx: HubContext,
    error: HubError,
    { username, isKept }: { readonly username: string; readonly isKept: boolean },
  ): void {
    ctx.status = error.status;
    if (error.retryAfter !== undefined) ctx.set("retry-after", String(Math.ceil(error.retryAfter)));
    render(ctx, { username: username.slice(0, 100), keeps: isKept, problem: error.toData() });
  }

  async function expired(ctx: HubContext): Promise<void> {
    const form = await readForm(ctx);
    refuse(
      ctx,
      new HubError("form_expired", { reason: "Login form invalid or expired. Try again." }),
      { username: field(form, "username"), isKept: field(form, "keep") === "1" },
    );
  }

  function render(
    ctx: HubContext,
    model: Pick<Pages["login"], "username" | "keeps" | "problem" | "notice">,
  ): void {
    ctx.type = "html";
    const more = {
      action: paths.login(nextOf(ctx)),
      ...(parts.signUp.takesPeople() ? { signUpUrl: paths.signUp() } : {}),
    };
    ctx.body = parts.views.page("login", { ...model, ...more }, parts.frames.of(ctx));
  }

  function showLogout(ctx: HubContext): void {
    if (ctx.state.identity === undefined) return ctx.redirect(paths.login());
    ctx.type = "html";
    ctx.body = parts.views.page("logout", { action: paths.logout }, parts.frames.of(ctx));
  }

  async function logout(ctx: HubContext): Promise<void> {
    const { identity } = ctx.state;
    if (identity?.kind === "user") {
      await sessions.end(identity.session.id, actorOf(identity, ctx.state.request));
      delete ctx.state.identity;
    }
    parts.cookies.clear(ctx);
    ctx.redirect(`${paths.login()}?notice=signed_out`);
  }

  async function signOutEverywhere(ctx: HubContext): Promise<void> {
    const actor = actorIn(ctx);
    await sessions.endAll(visitorOf(ctx).user.id, { actor });
    parts.cookies.clear(ctx);
    ctx.redirect(`${paths.login()}?notice=signed_out`);
  }

  return { show, submit, expired, startSession, showLogout, logout, signOutEverywhere };
}

/** Ends when the browser has gone away or has waited for too long: a try in line then makes room for others. */
function patienceOf(ctx: HubContext): AbortSignal {
  const gone = new AbortController();
  ctx.res.once("close", () => {
    if (!ctx.res.writableFinished) gone.abort();
  });
  return AbortSignal.any([gone.signal, AbortSignal.timeout(MOST_PATIENCE_MS)]);
}

function tooLate(reason: unknown): HubError {
  return new HubError("too_busy", {}, { retryAfter: BUSY_SECONDS, cause: reason });
}

function isToldInForm({ code, status }: HubError): boolean {
  return status < 500 || code === "too_busy";
}

export function nextOf(ctx: HubContext): string | undefined {
  const next = ctx.query["next"];
  return typeof next === "string" ? safeNext(next, ctx.state.request.ownOrigins) : undefined;
}

function noticeOf(notice: unknown): Pick<Pages["login"], "notice"> {
  switch (notice) {
    case "signed_out":
    case "session_ended":
    case "setup_done":
      return { notice };
    default:
      return {};
  }
}
