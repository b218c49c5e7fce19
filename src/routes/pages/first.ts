/** The own password, in the place of a first one. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { FormProblems, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { ownPage } from "../entry.ts";
import { formProblems } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { readForm } from "../middleware/body.ts";
import { actorIn, visitorOf } from "../middleware/require.ts";
import { nextOf } from "../next-url.ts";
import { newPassword, passwordFields, stayKnown } from "../own-password.ts";
import type { Paths } from "../paths.ts";
import { refusalOf } from "../refusals.ts";
import type { SessionCookies } from "../session-cookies.ts";

interface FirstParts {
  readonly accounts: Accounts;
  readonly cookies: SessionCookies;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly minLength: number;
}

export function firstPages(parts: FirstParts) {
  const { accounts, paths, minLength } = parts;

  function show(ctx: HubContext): void {
    const { user, session } = visitorOf(ctx);
    if (!session.mustChangePassword) return ctx.redirect(nextOf(ctx) ?? paths.home);
    render(ctx, user.displayName, { fields: {} });
  }

  async function submit(ctx: HubContext): Promise<void> {
    const { user, session } = visitorOf(ctx);
    if (!session.mustChangePassword) return ctx.redirect(nextOf(ctx) ?? paths.home);
    const form = await readForm(ctx);
    try {
      const next = newPassword(form);
      const actor = actorIn(ctx);
      await accounts.chooseOwnPassword(user.id, { next, session: session.id }, actor);
      stayKnown(ctx, parts);
      ctx.redirect(nextOf(ctx) ?? ownPage(user, paths));
    } catch (error) {
      render(ctx, user.displayName, formProblems(refusalOf(ctx, error), passwordFields));
    }
  }

  function render(ctx: HubContext, displayName: string, problems: FormProblems): void {
    ctx.type = "html";
    const model = { action: paths.first(nextOf(ctx)), displayName, minLength, problems };
    ctx.body = parts.views.page("first", model, parts.frames.of(ctx));
  }

  return { show, submit };
}
