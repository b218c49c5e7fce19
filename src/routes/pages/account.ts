/** Own password and own sessions (ui.md S2, S7). */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { FormProblems, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { ownPage } from "../entry.ts";
import { type Field, formProblems, repeatProblem } from "../form-problems.ts";
import { type Frames, THEME_COOKIE } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import { deviceRows } from "../models.ts";
import { nextOf } from "../next-url.ts";
import type { Paths } from "../paths.ts";
import { refusalOf } from "../refusals.ts";
import type { SessionCookies } from "../session-cookies.ts";

interface AccountParts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly cookies: SessionCookies;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly minLength: number;
}

const firstFields: readonly Field[] = ["password", "password_repeat"];
const changeFields: readonly Field[] = ["current", ...firstFields];

export function accountPages(parts: AccountParts) {
  const { accounts, sessions, paths, minLength } = parts;

  function showFirst(ctx: HubContext): void {
    const { user, session } = visitorOf(ctx);
    if (!session.mustChangePassword) return ctx.redirect(nextOf(ctx) ?? paths.home);
    renderFirst(ctx, user.displayName, { fields: {} });
  }

  async function submitFirst(ctx: HubContext): Promise<void> {
    const { user, session } = visitorOf(ctx);
    if (!session.mustChangePassword) return ctx.redirect(nextOf(ctx) ?? paths.home);
    const form = await readForm(ctx);
    try {
      const next = newPassword(form);
      const actor = actorIn(ctx);
      await accounts.chooseOwnPassword(user.id, { next, session: session.id }, actor);
      stayKnown(ctx);
      ctx.redirect(nextOf(ctx) ?? ownPage(user, paths));
    } catch (error) {
      renderFirst(ctx, user.displayName, refused(ctx, error, firstFields));
    }
  }

  function renderFirst(ctx: HubContext, displayName: string, problems: FormProblems): void {
    ctx.type = "html";
    const model = { action: paths.first(nextOf(ctx)), displayName, minLength, problems };
    ctx.body = parts.views.page("first", model, parts.frames.of(ctx));
  }

  function show(ctx: HubContext): void {
    render(ctx, { fields: {} });
  }

  async function change(ctx: HubContext): Promise<void> {
    const { user, session } = visitorOf(ctx);
    const form = await readForm(ctx);
    try {
      const next = newPassword(form);
      const actor = actorIn(ctx);
      const current = field(form, "current");
      await accounts.changePassword(user.id, { current, next, keepSession: session.id }, actor);
      stayKnown(ctx);
      ctx.redirect(`${paths.account}?saved=1`);
    } catch (error) {
      render(ctx, refused(ctx, error, changeFields));
    }
  }

  /** This browser has the new password; all others were known by the old one. */
  function stayKnown(ctx: HubContext): void {
    const user = accounts.byId(visitorOf(ctx).user.id);
    if (user !== undefined) parts.cookies.rememberDevice(ctx, user);
  }

  /** One of the visitor's own sessions; that it is over already, or was never theirs, changes nothing. */
  async function endSession(ctx: HubContext): Promise<void> {
    const { user, session } = visitorOf(ctx);
    const wanted = sessions.ofUser(user.id).find(({ id }) => id === ctx.params["session"]);
    if (wanted === undefined) return ctx.redirect(paths.account);
    await sessions.end(wanted.id, actorIn(ctx));
    if (wanted.id !== session.id) return ctx.redirect(`${paths.account}?ended=1`);
    parts.cookies.clear(ctx);
    ctx.redirect(`${paths.login()}?notice=signed_out`);
  }

  async function knowOthers(ctx: HubContext): Promise<void> {
    await sessions.knowOthers(visitorOf(ctx).session.id);
    ctx.redirect(paths.home);
  }

  function render(ctx: HubContext, problems: FormProblems): void {
    const { user, session } = visitorOf(ctx);
    const own = { own: session.id, endUrl: paths.endSession };
    ctx.type = "html";
    const model = {
      changeUrl: paths.changePassword,
      signOutEverywhereUrl: paths.signOutEverywhere,
      minLength,
      problems,
      saved: ctx.query["saved"] === "1",
      ended: ctx.query["ended"] === "1",
      devices: deviceRows(sessions.ofUser(user.id), own),
      tokensUrl: paths.tokens,
    };
    ctx.body = parts.views.page("account", model, parts.frames.of(ctx, "account"));
  }

  /** Light, dark or the system's colours, kept by the browser so that no page flashes. */
  async function appearance(ctx: HubContext): Promise<void> {
    const theme = field(await readForm(ctx), "theme");
    const known = theme === "light" || theme === "dark" ? theme : null;
    ctx.cookies.set(THEME_COOKIE, known, {
      // Also for the page of a sleeping notebook, which is not below the hub's path.
      path: paths.base,
      sameSite: "lax",
      httpOnly: true,
      ...(known === null ? {} : { maxAge: 365 * 86_400_000 }),
    });
    ctx.redirect(paths.account);
  }

  return { showFirst, submitFirst, show, change, endSession, knowOthers, appearance };
}

function newPassword(form: URLSearchParams): string {
  const next = field(form, "password");
  const repeat = repeatProblem(next, field(form, "password_repeat"));
  if (repeat !== undefined) throw repeat;
  return next;
}

function refused(ctx: HubContext, error: unknown, fields: readonly Field[]): FormProblems {
  return formProblems(refusalOf(ctx, error), fields);
}
