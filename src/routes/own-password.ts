/** A password that somebody chooses for their own account, wherever they are asked for it. */
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { HubContext } from "./context.ts";
import { type Field, repeatProblem } from "./form-problems.ts";
import { field } from "./middleware/body.ts";
import { visitorOf } from "./middleware/require.ts";
import type { SessionCookies } from "./session-cookies.ts";

export const passwordFields: readonly Field[] = ["password", "password_repeat"];

/** Throws `password_repeat`. */
export function newPassword(form: URLSearchParams): string {
  const next = field(form, "password");
  const repeat = repeatProblem(next, field(form, "password_repeat"));
  if (repeat !== undefined) throw repeat;
  return next;
}

/** This browser has the new password; all others were known by the old one. */
export function stayKnown(
  ctx: HubContext,
  { accounts, cookies }: { readonly accounts: Accounts; readonly cookies: SessionCookies },
): void {
  const user = accounts.byId(visitorOf(ctx).user.id);
  if (user !== undefined) cookies.rememberDevice(ctx, user);
}
