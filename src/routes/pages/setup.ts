/** The first owner, with the code that the hub printed. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { SetupCode } from "#src/services/accounts/setup-code.ts";
import type { FormProblems, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Entry } from "../entry.ts";
import { type Field, formProblems } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { newPassword, passwordFields } from "../own-password.ts";
import type { Paths } from "../paths.ts";
import { refusalOf } from "../refusals.ts";

interface SetupParts {
  readonly accounts: Accounts;
  readonly setupCode: SetupCode;
  readonly entry: Entry;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly minLength: number;
}

const fields: readonly Field[] = ["code", "display_name", "username", ...passwordFields];

export function setupPages(parts: SetupParts) {
  const { accounts, setupCode, paths } = parts;

  function show(ctx: HubContext): void {
    if (accounts.hasOwner()) return ctx.redirect(paths.login());
    const code = String(ctx.query["code"] ?? "").slice(0, 40);
    render(ctx, { code, username: "", displayName: "" }, { fields: {} });
  }

  async function submit(ctx: HubContext): Promise<void> {
    if (accounts.hasOwner()) return ctx.redirect(`${paths.login()}?notice=setup_done`);
    const form = await readForm(ctx);
    const values = {
      code: field(form, "code"),
      username: field(form, "username"),
      displayName: field(form, "display_name"),
    };
    try {
      const actor = actorIn(ctx);
      await setupCode.check(values.code, actor);
      const password = newPassword(form);
      const user = await accounts.setUp(
        { name: values.username, displayName: values.displayName, password },
        actor,
      );
      await parts.entry.start(ctx, user);
    } catch (error) {
      const refused = refusalOf(ctx, error);
      if (refused.code === "setup_done") return ctx.redirect(`${paths.login()}?notice=setup_done`);
      render(ctx, shorten(values), formProblems(refused, fields));
    }
  }

  type Values = { code: string; username: string; displayName: string };
  function render(ctx: HubContext, values: Values, problems: FormProblems): void {
    ctx.type = "html";
    const model = { action: paths.setup, values, problems, minLength: parts.minLength };
    ctx.body = parts.views.page("setup", model, parts.frames.of(ctx));
  }

  return { show, submit };
}

function shorten<Values extends Record<string, string>>(values: Values): Values {
  const entries = Object.entries(values).map(([name, text]) => [name, text.slice(0, 200)]);
  return Object.fromEntries(entries) as Values; // The same keys, each a text again.
}
