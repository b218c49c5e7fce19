/** The two steps of making an own account, as forms: names, then a password. */
import type { HubError } from "#src/errors.ts";
import type { Proposal, SignUp } from "#src/services/accounts/sign-up.ts";
import type { FormProblems, Pages, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import { type Field, formProblems } from "../form-problems.ts";
import type { Frames } from "../frames.ts";
import { typed } from "../middleware/body.ts";
import type { Paths } from "../paths.ts";

export interface SignUpFormParts {
  readonly signUp: SignUp;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly minLength: number;
}

/** What was typed into the first step; the second carries it on. */
export type SignUpValues = Pages["signUp"]["values"];

const nameFields: readonly Field[] = ["display_name", "username", "class"];

export function signUpForms({ signUp, frames, views, paths, minLength }: SignUpFormParts) {
  const signInUrl = (name: string): string =>
    `${paths.login()}?username=${encodeURIComponent(name)}`;

  function names(ctx: HubContext, values: SignUpValues, problem?: HubError): void {
    const { code, classes } = signUp.asks();
    ctx.type = "html";
    const model = {
      action: paths.signUp(),
      values,
      asksForCode: code,
      classes: classes.map(({ id, name }) => ({ id, name })),
      problems: namesProblems(problem, code !== "no"),
      signInUrl: paths.login(),
      ...(problem?.code === "name_taken" ? takenName(problem, values) : {}),
    };
    ctx.body = views.page("signUp", model, frames.of(ctx));
  }

  /** Who typed a name that somebody has may be that person, or wants the next free one. */
  function takenName({ params }: HubError, { displayName }: SignUpValues) {
    const proposal = signUp.freeName(displayName);
    return { proposal, signInUrl: signInUrl(String(params["name"])) };
  }

  function password(
    ctx: HubContext,
    values: SignUpValues,
    proposal: Proposal,
    problems: FormProblems = { fields: {} },
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
      minLength,
      problems,
    };
    ctx.body = views.page("signUpPassword", model, frames.of(ctx));
  }

  /** There is no form now. */
  function closed(ctx: HubContext): void {
    ctx.type = "html";
    ctx.body = views.page("signUpClosed", { signInUrl: paths.login() }, frames.of(ctx));
  }

  return { names, password, closed };
}

function namesProblems(problem: HubError | undefined, asksForCode: boolean): FormProblems {
  if (problem === undefined) return { fields: {} };
  return formProblems(problem, asksForCode ? [...nameFields, "code"] : nameFields);
}

export function signUpValues(form: URLSearchParams): SignUpValues {
  return {
    displayName: typed(form, "display_name"),
    // The button that takes the free name.
    username: typed(form, "take") || typed(form, "username"),
    code: typed(form, "code"),
    classId: typed(form, "class"),
  };
}
