/** Signing in. */
import { HubError } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { SignUp } from "#src/services/accounts/sign-up.ts";
import { BUSY_SECONDS } from "#src/services/sign-in/busy.ts";
import type { Login, SignedIn } from "#src/services/sign-in/login.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { MadeSession } from "#src/session/new-session.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Entry } from "../entry.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { nextOf } from "../next-url.ts";
import { noticeOf } from "../notices.ts";
import type { Paths } from "../paths.ts";
import { refusalOf } from "../refusals.ts";
import type { SessionCookies } from "../session-cookies.ts";

interface LoginParts {
  readonly accounts: Accounts;
  readonly login: Login;
  readonly signUp: Pick<SignUp, "takesPeople">;
  readonly sessions: Pick<Sessions, "plan">;
  readonly cookies: SessionCookies;
  readonly entry: Entry;
  readonly frames: Frames;
  readonly views: Views;
  readonly permissions: Permissions;
  readonly paths: Paths;
}

const MOST_PATIENCE_MS = 60_000;
const notices = ["signed_out", "session_ended", "setup_done"] as const;

type Typed = Pick<Pages["login"], "username" | "keeps">;
type Said = Pick<Pages["login"], "problem" | "notice">;

export function loginPages(parts: LoginParts) {
  const { accounts, entry, paths } = parts;

  function show(ctx: HubContext): void {
    // People can be added by command before there is an owner: they sign in here as ever.
    if (accounts.living().length === 0) return ctx.redirect(paths.setup);
    const { identity } = ctx.state;
    if (identity?.kind === "user") {
      if (parts.cookies.isWhole(ctx, identity.session)) {
        parts.frames.ensureXsrf(ctx);
        return entry.leadOn(ctx, identity.user, identity.session.mustChangePassword);
      }
      // Led on, it would be sent here again by every notebook, for ever.
      parts.cookies.clear(ctx);
      delete ctx.state.identity;
      return render(ctx, { username: identity.user.name }, {});
    }
    const username = String(ctx.query["username"] ?? ctx.state.parked?.user.name ?? "");
    render(ctx, { username }, noticeOf(ctx, notices));
  }

  async function submit(ctx: HubContext): Promise<void> {
    const form = await readForm(ctx);
    try {
      const { user, opened } = await signIn(ctx, form, parts);
      await entry.enter(ctx, user, opened);
    } catch (error) {
      render(ctx, typedIn(form), { problem: refusalOf(ctx, error).toData() });
    }
  }

  async function expired(ctx: HubContext): Promise<void> {
    const { identity } = ctx.state;
    const { username } = typedIn(await readForm(ctx));
    // Signed in by the first of two clicks, or in another tab.
    if (identity?.kind === "user" && accounts.byName(username)?.id === identity.user.id) {
      return entry.leadOn(ctx, identity.user, identity.session.mustChangePassword);
    }
    const reason = "Login form invalid or expired. Try again.";
    const problem = refusalOf(ctx, new HubError("form_expired", { reason })).toData();
    render(ctx, typedIn(await readForm(ctx)), { problem });
  }

  function render(ctx: HubContext, typed: Typed, said: Said): void {
    ctx.type = "html";
    const model = loginModel(ctx, typed, said, parts);
    ctx.body = parts.views.page("login", model, parts.frames.of(ctx));
  }

  return { show, submit, expired };
}

function loginModel(
  ctx: HubContext,
  { username, keeps = false }: Typed,
  said: Said,
  parts: LoginParts,
): Pages["login"] {
  const { paths, signUp } = parts;
  return {
    action: paths.login(nextOf(ctx)),
    username: username.slice(0, 100),
    keeps,
    ...said,
    ...visitingIn(ctx, parts),
    ...(signUp.takesPeople() ? { signUpUrl: paths.signUp() } : {}),
  };
}

/** Where this browser is meanwhile, with a way back as long as it is open to the visitor. */
function visitingIn(
  { state }: HubContext,
  { accounts, permissions, paths }: LoginParts,
): Pick<Pages["login"], "visiting"> {
  const { parked } = state;
  const visits = parked?.session.visits;
  const owner = visits && accounts.byId(visits.userId);
  if (parked === undefined || visits === undefined) return {};
  const identity = { kind: "user", ...parked } as const;
  const { serverName } = visits;
  if (owner === undefined || !permissions.may(identity, "access:servers", owner, serverName)) {
    return { visiting: { ownerName: owner?.displayName ?? "" } };
  }
  const backUrl = paths.server(owner.name, serverName);
  return { visiting: { ownerName: owner.displayName, backUrl } };
}

function typedIn(form: URLSearchParams): Typed & { readonly keeps: boolean } {
  return { username: field(form, "username"), keeps: field(form, "keep") === "1" };
}

/** Throws what the form or a page of its own says; a try in line that nobody waits for any more is `too_busy`. */
async function signIn(
  ctx: HubContext,
  form: URLSearchParams,
  { accounts, cookies, entry, login, sessions }: LoginParts,
): Promise<SignedIn & { readonly opened: MadeSession }> {
  const { username, keeps: isKept } = typedIn(form);
  const patience = patienceOf(ctx);
  try {
    return await login.signIn({
      credentials: { username, password: field(form, "password") },
      actor: actorIn(ctx),
      client: {
        device: cookies.deviceKnownTo(ctx, accounts.byName(username)),
        page: ctx.state.xsrfCookie,
      },
      signal: patience,
      open: (state, { user, mustChangePassword }) =>
        sessions.plan(state, entry.newSession(ctx, user, { mustChangePassword, isKept })),
    });
  } catch (error) {
    if (error !== patience.reason) throw error;
    throw new HubError("too_busy", {}, { retryAfter: BUSY_SECONDS, cause: error });
  }
}

/** Ends when the browser has gone away or has waited for too long: a try in line then makes room for others. */
function patienceOf(ctx: HubContext): AbortSignal {
  const gone = new AbortController();
  ctx.res.once("close", () => {
    if (!ctx.res.writableFinished) gone.abort();
  });
  return AbortSignal.any([gone.signal, AbortSignal.timeout(MOST_PATIENCE_MS)]);
}
