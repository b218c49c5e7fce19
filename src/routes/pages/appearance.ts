import type { HubContext } from "../context.ts";
import { THEME_COOKIE } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import type { Paths } from "../paths.ts";

export function appearancePages({ paths }: { readonly paths: Paths }) {
  /** Light, dark or the system's colours, kept by the browser so that no page flashes. */
  async function choose(ctx: HubContext): Promise<void> {
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

  return { choose };
}
