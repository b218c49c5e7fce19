/** Own password and own sessions. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { FormProblems, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import { deviceRows } from "../models.ts";
import { newPassword, passwordFields, stayKnown } from "../own-password.ts";
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

const changeFields: readonly Field[] = ["current", ...passwordFields];

export function accountPages(parts: AccountParts) {
  const { accounts, sessions, paths, minLength } = parts;

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
      stayKnown(ctx, parts);
      ctx.redirect(`${paths.account}?saved=1`);
    } catch (error) {
      render(ctx, formProblems(refusalOf(ctx, error), changeFields));
    }
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

  return { show, change };
}
