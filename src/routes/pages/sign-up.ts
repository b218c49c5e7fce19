/** Making an own account, in two steps: nothing is saved before the second. */
import { HubError } from "#src/errors.ts";
import type { Proposal, SignUp, Wish } from "#src/services/accounts/sign-up.ts";
import { actorOf } from "#src/session/identity.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import type { Entry } from "../entry.ts";
import { formProblems } from "../form-problems.ts";
import { field, readForm, typed } from "../middleware/body.ts";
import { wantsJson } from "../middleware/errors.ts";
import { newPassword, passwordFields } from "../own-password.ts";
import { answerStatus, refusalOf } from "../refusals.ts";
import {
  type SignUpFormParts,
  type SignUpValues,
  signUpForms,
  signUpValues,
} from "./sign-up-forms.ts";

interface SignUpParts extends SignUpFormParts {
  readonly entry: Pick<Entry, "start">;
}

export function signUpPages(parts: SignUpParts) {
  const { signUp, paths } = parts;
  const forms = signUpForms(parts);

  function show(ctx: HubContext): void {
    if (isSignedIn(ctx)) return ctx.redirect(paths.home);
    const code = String(ctx.query["code"] ?? "").slice(0, 40);
    if (signUp.takesPeople())
      forms.names(ctx, { displayName: "", username: "", code, classId: "" });
    else refuse(ctx, new HubError("sign_up_closed"));
  }

  async function submit(ctx: HubContext): Promise<void> {
    if (isSignedIn(ctx)) return ctx.redirect(paths.home);
    const form = await readForm(ctx);
    const values = signUpValues(form);
    const step = field(form, "step");
    try {
      if (step === "back") showAgain(ctx, values);
      else if (step === "password") await choosePassword(ctx, form, values, { ...parts, forms });
      else forms.password(ctx, values, await look(ctx, wishOf(values, values.username), signUp));
    } catch (error) {
      refuse(ctx, error, values);
    }
  }

  /** The first step, with what was typed. */
  function showAgain(ctx: HubContext, values: SignUpValues): void {
    if (!signUp.takesPeople()) throw new HubError("sign_up_closed");
    forms.names(ctx, values);
  }

  /** The form again, or the page that says that there is none. */
  function refuse(ctx: HubContext, error: unknown, values?: SignUpValues): void {
    const problem = refusalOf(ctx, error);
    const isClosed = problem.code === "sign_up_closed" || values === undefined;
    if (isClosed && wantsJson(ctx)) throw problem;
    if (isClosed) forms.closed(ctx);
    else forms.names(ctx, values, problem);
  }

  async function expired(ctx: HubContext): Promise<void> {
    const reason = "Sign-up form invalid or expired. Try again.";
    const expired = new HubError("form_expired", { reason });
    const form = await readForm(ctx);
    const { identity } = ctx.state;
    if (identity?.kind !== "user") return refuse(ctx, expired, signUpValues(form));
    // Who is signed in has no use for the form: the page that says so leads home. The first of two clicks leads there.
    if (field(form, "name") !== identity.user.name) throw expired;
    ctx.redirect(paths.home);
  }

  return { show, submit, expired };
}

function isSignedIn(ctx: HubContext): boolean {
  return ctx.state.identity?.kind === "user";
}

function look(ctx: HubContext, wish: Wish, signUp: SignUp): Promise<Proposal> {
  return signUp.look(wish, actorOf(undefined, ctx.state.request));
}

/** The account is made with it; the second step again, when the password is none that can be taken. */
async function choosePassword(
  ctx: HubContext,
  form: URLSearchParams,
  values: SignUpValues,
  { signUp, entry, forms }: SignUpParts & { readonly forms: ReturnType<typeof signUpForms> },
): Promise<void> {
  const wish = wishOf(values, typed(form, "name"));
  try {
    const user = await join(ctx, form, wish, signUp);
    await entry.start(ctx, user);
  } catch (error) {
    if (!(error instanceof HubError) || !staysHere(error)) throw error;
    // Whether the rest still holds, the first step says.
    const proposal = await look(ctx, wish, signUp);
    answerStatus(ctx, error);
    forms.password(ctx, values, proposal, formProblems(error, passwordFields));
  }
}

async function join(
  ctx: HubContext,
  form: URLSearchParams,
  wish: Wish,
  signUp: SignUp,
): Promise<UserRecord> {
  return signUp.join(wish, newPassword(form), actorOf(undefined, ctx.state.request));
}

/** Another password, or the same once more in a moment. */
function staysHere({ code }: HubError): boolean {
  return code.startsWith("password_") || code === "too_busy";
}

function wishOf({ displayName, code, classId }: SignUpValues, name: string): Wish {
  return { displayName, name, code, classId };
}
