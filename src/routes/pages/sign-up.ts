/** Making an own account, in two steps (ui.md section 1, "first use"): nothing is saved before the second. */
import { HubError } from "#src/errors.ts";
import type { Proposal, SignUp, Wish } from "#src/services/accounts/sign-up.ts";
import { actorOf } from "#src/session/identity.ts";
import type { FormProblems, Pages, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Entry } from "../entry.ts";
import { type Field, formProblems, repeatProblem } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { field, readForm } from "../middleware/body.ts";
import { wantsJson } from "../middleware/errors.ts";
import type { Paths } from "../paths.ts";

interface SignUpParts {
  readonly signUp: SignUp;
  readonly entry: Entry;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly minLength: number;
}

type Values = Pages["signUp"]["values"];

const MOST_TYPED = 300;
const nameFields: readonly Field[] = ["display_name", "username", "class"];
const passwordFields: readonly Field[] = ["password", "password_repeat"];

export function signUpPages(parts: SignUpParts) {
  const { signUp, paths } = parts;

  function show(ctx: HubContext): void {
    if (isSignedIn(ctx)) return ctx.redirect(paths.home);
    if (!signUp.takesPeople()) return refuse(ctx, new HubError("sign_up_closed"));
    const code = String(ctx.query["code"] ?? "").slice(0, 40);
    renderNames(ctx, { displayName: "", username: "", code, classId: "" }, { fields: {} });
  }

  async function submit(ctx: HubContext): Promise<void> {
    if (isSignedIn(ctx)) return ctx.redirect(paths.home);
    const form = await readForm(ctx);
    const values = valuesOf(form);
    try {
      if (field(form, "step") === "back") return showNames(ctx, values);
      if (field(form, "step") === "password") await makeAccount(ctx, form, values);
      else renderPassword(ctx, values, await look(ctx, values), { fields: {} });
    } catch (error) {
      refuse(ctx, error, values);
    }
  }

  /** The first step again, with what was typed. */
  function showNames(ctx: HubContext, values: Values): void {
    if (!signUp.takesPeople()) throw new HubError("sign_up_closed");
    renderNames(ctx, values, { fields: {} });
  }

  function look(ctx: HubContext, values: Values): Promise<Proposal> {
    return signUp.look(wishOf(values, values.username), actorOf(undefined, ctx.state.request));
  }

  async function makeAccount(
    ctx: HubContext,
    form: URLSearchParams,
    values: Values,
  ): Promise<void> {
    const wish = wishOf(values, field(form, "name").slice(0, MOST_TYPED));
    const password = field(form, "password");
    try {
      const repeat = repeatProblem(password, field(form, "password_repeat"));
      if (repeat !== undefined) throw repeat;
      const actor = actorOf(undefined, ctx.state.request);
      await parts.entry.start(ctx, await signUp.join(wish, password, actor));
    } catch (error) {
      if (!(error instanceof HubError) || !staysHere(error)) throw error;
      // Whether the rest still holds, the first step says.
      const proposal = await signUp.look(wish, actorOf(undefined, ctx.state.request));
      answerStatus(ctx, error);
      renderPassword(ctx, values, proposal, formProblems(error, passwordFields));
    }
  }

  /** The form again, or the page that says that there is none. */
  function refuse(ctx: HubContext, error: unknown, values?: Values): void {
    if (!(error instanceof HubError)) throw error;
    if (error.status >= 500 && error.code !== "too_busy") throw error;
    if (error.code === "sign_up_closed" || values === undefined) {
      if (wantsJson(ctx)) throw error;
      answerStatus(ctx, error);
      ctx.type = "html";
      const model = { signInUrl: paths.login() };
      ctx.body = parts.views.page("signUpClosed", model, parts.frames.of(ctx));
      return;
    }
    answerStatus(ctx, error);
    const asksForCode = signUp.asks().code !== "no";
    const fields = asksForCode ? [...nameFields, "code" as const] : nameFields;
    renderNames(ctx, values, formProblems(error, fields), takenName(error, values));
  }

  /** Who typed a name that somebody has may be that person, or wants the next free one. */
  function takenName(
    error: HubError,
    values: Values,
  ): Partial<Pick<Pages["signUp"], "proposal" | "signInUrl">> {
    if (error.code !== "name_taken") return {};
    const name = String(error.params["name"]);
    const proposal = signUp.freeName(values.displayName);
    return { proposal, signInUrl: signInUrl(name) };
  }

  async function expired(ctx: HubContext): Promise<void> {
    const reason = "Sign-up form invalid or expired. Try again.";
    const expired = new HubError("form_expired", { reason });
    // Who is signed in has no use for the form: the page that says so leads home.
    if (isSignedIn(ctx)) throw expired;
    refuse(ctx, expired, valuesOf(await readForm(ctx)));
  }

  function renderNames(
    ctx: HubContext,
    values: Values,
    problems: FormProblems,
    taken: Partial<Pick<Pages["signUp"], "proposal" | "signInUrl">> = {},
  ): void {
    const { code, classes } = signUp.asks();
    ctx.type = "html";
    const model = {
      action: paths.signUp(),
      values,
      asksForCode: code,
      classes: classes.map(({ id, name }) => ({ id, name })),
      problems,
      signInUrl: paths.login(),
      ...taken,
    };
    ctx.body = parts.views.page("signUp", model, parts.frames.of(ctx));
  }

  function renderPassword(
    ctx: HubContext,
    values: Values,
    proposal: Proposal,
    problems: FormProblems,
  ): void {
    const { name, displayName, isWaiting, group, near } = proposal;
    ctx.type = "html";
    const model = {
      action: paths.signUp(),
      values,
      displayName,
      name,
      ...(signUp.hasSeveralClasses() ? { group: { name: group.name } } : {}),
      isWaiting,
      near: near.map((user) => ({
        name: user.name,
        isWaiting: user.password === undefined,
        signInUrl: signInUrl(user.name),
      })),
      minLength: parts.minLength,
      problems,
    };
    ctx.body = parts.views.page("signUpPassword", model, parts.frames.of(ctx));
  }

  function signInUrl(name: string): string {
    return `${paths.login()}?username=${encodeURIComponent(name)}`;
  }

  return { show, submit, expired };
}

function isSignedIn(ctx: HubContext): boolean {
  return ctx.state.identity?.kind === "user";
}

function answerStatus(ctx: HubContext, error: HubError): void {
  ctx.status = error.status;
  if (error.retryAfter !== undefined) ctx.set("retry-after", String(Math.ceil(error.retryAfter)));
}

/** Another password, or the same once more in a moment. */
function staysHere({ code }: HubError): boolean {
  return code.startsWith("password_") || code === "too_busy";
}

function wishOf({ displayName, code, classId }: Values, name: string): Wish {
  return { displayName, name, code, classId };
}

function valuesOf(form: URLSearchParams): Values {
  const typed = (name: string): string => field(form, name).slice(0, MOST_TYPED);
  return {
    displayName: typed("display_name"),
    // The button that takes the free name.
    username: typed("take") || typed("username"),
    code: typed("code"),
    classId: typed("class"),
  };
}
